"""Prisma's query engine on a transaction-pooled connection string that does not tell it so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Edit, Finding, Fix, Note
from pooltlint.model.pooling import appended, deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Prisma, Url
from pooltlint.model.truth import Truth

_WRITTEN = re.compile(r"(?:.*/)?(?:[^/]*\.?env(?:[.-][^/]*)?|[^/]*compose[^/]*\.ya?ml)")
"""Files in which a value ends where its place ends: dotenv and compose files."""


def check(prisma: Prisma) -> Iterator[Finding]:
    """The engine (up to Prisma 6, without driver adapter) names every statement unless ``pgbouncer=true``.

    ``statement_cache_size=0`` does not change that (prisma-engines ``quaint/src/connector/postgres``).
    """
    if prisma.provider not in ("postgresql", "postgres") or prisma.engine is Truth.NO:
        return
    if prisma.engine is Truth.UNKNOWN and (prisma.version or any("adapter" in each.options for each in prisma.clients)):
        return
    for client in _clients(prisma):
        for url in deciding(prisma.url if client is None or client.url is None else client.urls):
            unseen = url.declared and not url.text
            if url.route.multiplexes and url.route.prepared is not Truth.YES and _flag(url) is None and not unseen:
                yield _finding(prisma, client, url)


def _clients(prisma: Prisma) -> list[Client | None]:
    """Clients with a connection string of their own, and one ``None`` for all that use the schema's."""
    made = [each for each in prisma.clients if each.type == "prisma.PrismaClient"]
    own: list[Client | None] = [each for each in made if each.url is not None]
    return own if made and len(own) == len(made) else [*own, None]


def _flag(url: Url) -> str | None:
    """The value of the flag; what Prisma cannot read is another rule's."""
    given = url.dsn.parameter("pgbouncer")
    return None if given == "false" else given


def _finding(prisma: Prisma, client: Client | None, url: Url) -> Finding:
    pooler = url.route.pooler or "a pooler"
    name = url.name or "a connection string"
    harm = 'queries fail with `prepared statement "s0" already exists`'
    if url.route.prepared is Truth.UNKNOWN:
        harm = f"unless {pooler} tracks prepared statements, {harm}"
    certainty = Certainty.HIGH
    if url.route.prepared is Truth.UNKNOWN or prisma.engine is Truth.UNKNOWN or url.profile is Profile.EXAMPLE:
        certainty = Certainty.MEDIUM
    user = client.at if client is not None else prisma.url_at or prisma.at
    at = url.at if url.at is not None and not url.declared else user
    return Finding(
        at,
        f"Prisma names its prepared statements on {name}, which leads through {pooler} in {url.route.mode.value} mode "
        f"without `pgbouncer=true`: {harm}.",
        _remedy(url),
        tuple(_chain(prisma, url, user, at)),
        min(certainty, url.route.certainty),
        _fix(url),
    )


def _chain(prisma: Prisma, url: Url, user: Place, at: Place) -> Iterator[Note]:
    first, *others = url.route.because
    yield Note(f"{url.name or 'this'} leads through {url.route.pooler or 'a pooler'}: {first.text}", first.at)
    yield from others
    if user != at:
        yield Note(f"Prisma connects with {url.name or 'it'}", user)
    if prisma.version:
        yield from prisma.version_because
    else:
        yield Note("a connection string in the schema means Prisma 6 or older")


def _remedy(url: Url) -> str:
    if url.dsn.parameter("pgbouncer") is not None:
        return f"Write `pgbouncer=true` in {url.name or 'it'}."
    return appended(url, "pgbouncer=true")


def _appended(url: Url) -> str:
    return "&pgbouncer=true" if "?" in url.text or url.dsn.parameters else "?pgbouncer=true"


def _fix(url: Url) -> Fix | None:
    """The flag behind the value, where the value is written out and its end is known."""
    at = url.at
    if at is None or not url.name or url.declared or at.line != at.end_line or not _WRITTEN.fullmatch(at.path):
        return None
    if not url.text or url.text.startswith("$") or url.text[-1] in "}?&" or "#" in url.text:
        return None
    if url.dsn.parameter("pgbouncer") is not None:
        return None
    edit = Edit(Place(at.path, at.end, at.end, at.end_line, at.end_line), _appended(url))
    return Fix(f"Append {_appended(url)} to {url.name}", (edit,))
