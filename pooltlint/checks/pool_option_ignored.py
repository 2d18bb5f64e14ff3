"""Options of pools that do nothing, or nothing of what their names say."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Prisma, Rails, Runs, Topology, Url
from pooltlint.model.truth import Truth
from pooltlint.model.versions import version

_SIZES = frozenset(
    {
        "connection_limit", "connectionLimit", "pool_size", "poolSize", "max", "max_connections", "maxPoolSize",
        "pool_max_conns", "max_size",
    }
)  # fmt: skip
_WAITS = frozenset({"pool_timeout", "connectionTimeoutMillis"})
_SIZED = {
    "node-postgres": ("max: …", " in the options of the pool"),
    "Kysely": ("max: …", " in the options of its pool"),
    "Prisma": ("max: …", " in `new PrismaPg({ … })`"),
    "Knex": ("pool: { max: … }", ""),
    "Sequelize": ("pool: { max: … }", ""),
    "MikroORM": ("pool: { max: … }", ""),
    "TypeORM": ("poolSize: …", ""),
    "slonik": ("maximumPoolSize: …", ""),
}
"""Libraries whose pool no connection string reaches, with the option that does and where (runs of 2026-11)."""

_ADAPTERS = ("prisma.PrismaPg", "prisma.PrismaNeon")


def check(topology: Topology) -> Iterator[Finding]:
    """What drivers say of each client's options, parameters of connection strings, and Rails' ``max_connections``."""
    for client in topology.clients:
        if client.lifetime.runs not in (Runs.TEST, Runs.SCRIPT):
            yield from _options(client)
    heard = _heard(topology)
    for client in topology.clients:
        if client.lifetime.runs is not Runs.TEST and _deaf(client):
            for url in deciding(client.urls):
                if url.at not in heard:
                    yield from _parameters(client, url)
    for prisma in topology.prisma:
        if prisma.engine is Truth.YES:
            for url in deciding(prisma.url):
                yield from _engine(prisma, url)
    for rails in topology.rails:
        yield from _rails(rails)


def _options(client: Client) -> Iterator[Finding]:
    for each in client.ignored:
        if client.library == "psycopg2" and not client.serves:
            continue  # what serves no requests is hardly ever asked for several at once
        yield Finding(
            each.at or client.at,
            f"`{each.option}` {each.effect}.",
            each.remedy,
            client.version_because,
            Certainty.HIGH if each.certain and client.certain else Certainty.MEDIUM,
        )


def _deaf(client: Client) -> bool:
    if client.library == "Prisma":
        return client.type in _ADAPTERS
    return client.library in _SIZED and not client.wraps


def _heard(topology: Topology) -> set[Place | None]:
    """The connection strings that somebody else reads parameters of."""
    others = [
        url
        for each in topology.clients
        if not _deaf(each) and each.library not in ("Prisma", "Drizzle")
        for url in each.urls
    ]
    others += [url for each in topology.prisma if each.engine is not Truth.NO for url in (*each.url, *each.direct_url)]
    others += [url for each in topology.rails for url in each.urls]
    return {url.at for url in others}


def _parameters(client: Client, url: Url) -> Iterator[Finding]:
    if url.at is None:
        return
    names = _SIZES | _WAITS if client.library in ("node-postgres", "Prisma") else _SIZES
    given = [(key, text) for key, text in url.dsn.parameters if key in names]
    if not given:
        return
    said = " and ".join(f"`{key}={text}`" for key, text in given)
    size = any(key in _SIZES for key, _ in given)
    who = "the adapter's pool" if client.library == "Prisma" else f"{client.library}'s pool"
    option, where = _SIZED[client.library] if size else ("connectionTimeoutMillis: …", " in the options of the pool")
    default = f", which opens up to {client.limit.count}" if size and client.limit and client.limit.count else ""
    yield Finding(
        url.at,
        f"{said} in {url.name or 'the connection string'} {'has' if len(given) == 1 else 'have'} no effect: no parameter of "
        f"a connection string reaches {who}{default}.",
        f"Write `{option}`{where}, and take {'it' if len(given) == 1 else 'them'} out of {url.name or 'the connection string'}.",
        (Note(f"{client.library} connects with {url.name or 'it'} here", client.at), *client.version_because),
        Certainty.HIGH if client.certain else Certainty.MEDIUM,
    )


_FOREIGN = _SIZES - {"connection_limit"}


def _engine(prisma: Prisma, url: Url) -> Iterator[Finding]:
    """Prisma's engine passes over what it does not know (prisma-engines ``quaint`` ``url.rs``)."""
    name = next((key for key, _ in url.dsn.parameters if key in _FOREIGN), None)
    if name is not None and url.at is not None and prisma.provider in ("postgresql", "postgres"):
        yield Finding(
            url.at,
            f"`{name}` in {url.name or 'the connection string'} has no effect: Prisma knows no parameter of that name and "
            "passes over it.",
            "Write `connection_limit=…`." if url.dsn.parameter("connection_limit") is None else f"Take `{name}` out.",
            prisma.version_because,
        )


def _rails(rails: Rails) -> Iterator[Finding]:
    """``max_connections`` is the pool's size from Rails 8.1 on; before, only ``pool`` is read."""
    given = rails.database.settings.get("max_connections")
    release = version(rails.version) if rails.version else None
    if given is None or release is None or (release.major, release.minor) >= (8, 1) or not rails.postgres:
        return
    yield Finding(
        given.at,
        f"`max_connections` has no effect: Rails {rails.version} reads `pool`, which is "
        f"{'set beside it' if 'pool' in rails.database.settings else '5 by default'}.",
        "Write `pool: …` instead, or move to Rails 8.1.",
    )
