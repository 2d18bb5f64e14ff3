"""Connection strings that the driver they are given to rejects or misreads: who is given which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pooltlint.drivers.connection_strings import Reader, Refused, reader, refused
from pooltlint.link.urls import placeholder
from pooltlint.link.values import Values, terminal
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Note
from pooltlint.model.pooling import deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import Refusal, Runs, Topology, Url
from pooltlint.model.truth import Truth
from pooltlint.model.url import MASK
from pooltlint.model.value import Edited, FromEnv, Joined, OneOf, Unknown, Value
from pooltlint.outline import nodes

_TWICE = re.compile(r"\?[^?#\s'\"`]*(\?)(?=[A-Za-z_]+=)")
_TOLERANT = ("the Neon pooler", "Supavisor", "Hyperdrive", "RDS Proxy")
"""Poolers of which nobody has shown that what they do not know at connect reaches the server: unknown, and silent."""
_BY_DOTENV = (Reader.PG, Reader.POSTGRES_JS, Reader.PRISMA)


def refusals(topology: Topology, values: Values, at_least: Callable[[str, str, str], Truth]) -> Iterator[Refusal]:
    """What is wrong with the connection strings that decide, once for each string and reason.

    ``at_least`` as of :class:`~pooltlint.link.packages.Packages`.
    """
    seen: set[tuple[Place | None, tuple[str, ...], str]] = set()
    for url, who, user in _users(topology, values):
        modern = at_least(user.at.path, "sqlalchemy", "1.4") if user.at is not None else Truth.UNKNOWN
        for each in (*_misread(url, who), *refused(who, url.dsn, modern)):
            key = (url.at, each.parts, "" if each.parts else who.value)
            if key not in seen:
                seen.add(key)
                yield from _refusal(url, each, user, who)
    for url in topology.urls:
        for each in _twice(url):
            if (url.at, each.parts, "") not in seen and not placeholder(url.dsn):
                yield Refusal(url, each.parts, each.why, each.remedy, _sure(url), None, each.instead)


def _users(topology: Topology, values: Values) -> Iterator[tuple[Url, Reader, Note]]:
    """Connection strings that decide, with who reads them; what the code changes before is nobody's."""
    for client in topology.clients:
        if client.wraps or client.lifetime.runs is Runs.TEST or not client.certain:
            continue
        if client.url is None and client.type == "prisma.PrismaClient":
            continue  # given the schema's, which follow
        if client.url is not None and (
            not _whole(client.url) or any(_mended(values, each) for each in _read(client.url))
        ):
            continue
        for url in deciding(client.urls):
            who = reader(client.library, client.type, url.dsn.scheme)
            if who is not None and "://" in url.text:
                yield url, who, Note(f"{url.name or 'it'} is given to {client.library}", client.at)
    for prisma in topology.prisma:
        if prisma.engine is Truth.YES and prisma.provider in ("postgresql", "postgres"):
            for url in deciding(prisma.url):
                yield url, Reader.PRISMA, Note(f"{url.name or 'it'} is given to Prisma", prisma.url_at or prisma.at)


def _whole(value: Value) -> bool:
    """Is a connection string handed over as it is: not put together by code whose other half nobody sees."""
    match value:
        case OneOf(values=several):
            return all(map(_whole, several))
        case Joined(parts=parts):
            return bool(parts) and isinstance(parts[0], FromEnv)
        case Unknown() | Edited():
            return False
        case _:
            return True


def _read(value: Value) -> Iterator[Place]:
    match value:
        case FromEnv(at=at):
            if at is not None:
                yield at
        case OneOf(values=parts) | Joined(parts=parts):
            for each in parts:
                yield from _read(each)


def _misread(url: Url, who: Reader) -> Iterator[Refused]:
    yield from _twice(url)
    if url.cut and not url.dsn.hosts and who in _BY_DOTENV:
        yield Refused(
            (),
            "holds a `#` without quotes around the value: dotenv takes it for the start of a comment, and the driver is given "
            "no more than what stands before it",
            'Write `%23` for the `#`, and quotes around the value: `"postgresql://…"`.',
        )


def _twice(url: Url) -> Iterator[Refused]:
    found = _TWICE.search(url.text) if "://" in url.text else None
    if found is None:
        return
    second = url.text[found.start(1) :].partition("&")[0].rstrip("}\"'")
    yield Refused(
        (second,),
        "is no parameter: after the first `?` of a connection string another one belongs to the value before it, which is "
        "spoiled, too",
        f"Write `&{second[1:]}`.",
        instead=((second, f"&{second[1:]}"),) if MASK not in second else (),
    )


def _refusal(url: Url, found: Refused, user: Note, who: Reader) -> Iterator[Refusal]:
    certainty = _sure(url)
    if found.sent:
        listed = {each.lower() for each in url.route.startup}
        names = [each.partition("=")[0] for each in found.parts]
        if url.route.pooler in _TOLERANT or ".neon." in url.dsn.host or all(each.lower() in listed for each in names):
            return
        if not url.route.because:
            certainty = min(certainty, Certainty.MEDIUM)
    if found.version:
        certainty = min(certainty, Certainty.MEDIUM)
    yield Refusal(url, found.parts, found.why, found.remedy, certainty, user, found.instead)


def _sure(url: Url) -> Certainty:
    """An example is filled in by somebody else; a developer's own file says nothing of production."""
    return {Profile.EXAMPLE: Certainty.MEDIUM, Profile.DEVELOPMENT: Certainty.MEDIUM}.get(url.profile, Certainty.HIGH)


def _mended(values: Values, at: Place) -> bool:
    """Does a settings class that reads a variable there change what it has read (pydantic's validators)."""
    view = values.program.modules.get(at.path)
    return view is not None and any(
        terminal(each.callee if isinstance(each, nodes.Call) else each).endswith("validator")
        for function in view.module.functions
        for each in function.decorators
    )
