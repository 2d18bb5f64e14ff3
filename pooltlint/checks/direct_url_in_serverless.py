"""Functions that connect straight to a server whose provider has a pooler for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Deployable, Kind, Mode, Runs, Topology, Url
from pooltlint.model.value import constants

_FEW = 3
"""Connections of one instance that do not fill a server at once."""


def check(topology: Topology) -> Iterator[Finding]:
    """Once for each connection string. Migrations may connect directly; what speaks HTTP opens no connection."""
    seen: set[tuple[Place | None, str]] = set()
    for url, user, deployable, few in _users(topology):
        key = (url.at, url.name)
        if key in seen:
            continue
        seen.add(key)
        yield _finding(url, user, deployable.serverless[:1], few)


def _users(topology: Topology) -> Iterator[tuple[Url, Note, Deployable, bool]]:
    """Direct connection strings of functions, with who uses them and whether that opens few connections."""
    for client in topology.clients:
        deployable = client.deployable
        if deployable is None or not deployable.serverless or not _connects(client):
            continue
        few = client.kind is Kind.CONNECTION or (
            client.limit is not None and client.limit.count is not None and client.limit.count <= _FEW
        )
        for url in _direct(client.urls):
            yield url, Note(f"`{client.call}` connects with {url.name or 'it'}", client.at), deployable, few
    for prisma in topology.prisma:
        deployable = prisma.deployable
        if deployable is None or not deployable.serverless or any("adapter" in each.options for each in prisma.clients):
            continue
        if prisma.provider in ("postgresql", "postgres"):
            for url in _direct(prisma.url):
                limit = url.dsn.parameter("connection_limit") or ""
                few = limit.isdigit() and int(limit) <= _FEW
                user = Note(f"Prisma connects with {url.name or 'it'}", prisma.url_at or prisma.at)
                yield url, user, deployable, few


def _connects(client: Client) -> bool:
    """Does it open connections itself, as part of the functions."""
    if client.lifetime.runs in (Runs.SCRIPT, Runs.TEST) or client.kind is Kind.HTTP or client.right_per_request:
        return False
    if client.wraps or client.type == "prisma.PrismaClient":
        return False  # the wrapped one, the schema, decide
    if client.opens or client.type == "prisma.PrismaPg":
        return True
    return client.library == "Django" and constants(client.options.get("max_age")) in ([], [0])


def _direct(urls: Iterable[Url]) -> tuple[Url, ...]:
    """The ones that decide, where all of them are direct and the provider has a pooler."""
    found = deciding(urls)
    if any(each.route.mode is not Mode.DIRECT or not each.route.pooled for each in found):
        return ()
    return tuple(each for each in found if each.at is not None and each.profile is not Profile.DEVELOPMENT)


def _finding(url: Url, user: Note, serverless: tuple[Note, ...], few: bool) -> Finding:
    certainty = Certainty.HIGH if url.profile is Profile.PRODUCTION and not few else Certainty.MEDIUM
    if few and url.profile is not Profile.PRODUCTION:
        certainty = Certainty.LOW
    at = url.at if url.at is not None and not url.declared else user.at
    assert at is not None
    why = next((f" ({each.text})" for each in url.route.because if each.at == url.at), "")
    others = tuple(each for each in (user, *serverless) if each.at != at)
    return Finding(
        at,
        f"{url.name or 'This connection string'} leads straight to the server{why}, and functions connect with it: every "
        "instance holds connections of its own, and a burst of requests starts more of them than the server allows.",
        f"Give the functions the pooled address: {url.route.pooled}. Keep the direct one in a variable of its own for migrations.",
        others,
        min(certainty, url.route.certainty),
    )
