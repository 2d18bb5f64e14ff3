"""``pgbouncer=true`` where it only costs, or where nobody reads it."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Finding, Note
from pooltlint.model.pooling import deciding
from pooltlint.model.topology import Client, Mode, Prisma, Runs, Topology, Url
from pooltlint.model.truth import Truth

_DEAF = frozenset({"node-postgres", "Knex", "TypeORM", "Kysely", "Sequelize", "slonik", "MikroORM", "pg-promise"})
"""Libraries that pass over unknown parameters of a connection string; others refuse them."""

_ADAPTERS = ("prisma.PrismaPg", "prisma.PrismaNeon")
_NEON = (".neon.tech", ".neon.build")


def check(topology: Topology) -> Iterator[Finding]:
    """What Prisma's engine reads is judged by the pooler; a connection string that it may read is nobody else's matter."""
    engines = [each for each in topology.prisma if each.engine is not Truth.NO]
    read = {url.at for each in engines for url in (*each.url, *each.direct_url)}
    for prisma in engines:
        if prisma.engine is Truth.YES and prisma.provider in ("postgresql", "postgres"):
            for url in deciding(prisma.url):
                if url.at is not None and _flagged(url):
                    yield from _by_engine(prisma, url)
    for client in topology.clients:
        if client.lifetime.runs is not Runs.TEST and (client.library in _DEAF or client.type in _ADAPTERS):
            for url in deciding(client.urls):
                if url.at is not None and url.at not in read and _flagged(url):
                    yield _unread(client, url)


def _flagged(url: Url) -> bool:
    return url.dsn.parameter("pgbouncer") == "true"


def _by_engine(prisma: Prisma, url: Url) -> Iterator[Finding]:
    name, route = url.name or "the connection string", url.route
    because = (
        *(each for each in route.because if each.at != url.at),
        *((Note(f"Prisma connects with {name}", prisma.url_at),) if prisma.url_at is not None else ()),
        *prisma.version_because,
    )
    assert url.at is not None
    if route.multiplexes and route.prepared is Truth.YES:
        pooler = f"{route.pooler} {route.version}".strip()
        older = route.version == "1.21" or route.version.startswith("1.21.")
        harm = (
            "; in 1.21 that `DEALLOCATE ALL` also takes the prepared statements of other clients away, whose queries fail "
            'with `prepared statement "s0" does not exist`'
            if older
            else ""
        )
        yield Finding(
            url.at,
            f"`pgbouncer=true` in {name} makes Prisma prepare each query anew and send `DEALLOCATE ALL` before "
            f"transactions, though {pooler} keeps the prepared statements of its clients apart{harm}.",
            f"Take `pgbouncer=true` out of {name}{', and move PgBouncer to 1.22 or newer' if older else ''}.",
            because,
            route.certainty,
        )
    elif route.mode is Mode.DIRECT and url.dsn.host.endswith(_NEON):
        yield Finding(
            url.at,
            f"`pgbouncer=true` in {name} does not lead through Neon's pooler: the host is the server itself, and the flag "
            "only makes Prisma prepare each query anew.",
            f"Append `-pooler` to the first label of the host, or take the flag out of {name}.",
            because,
            route.certainty,
        )


def _unread(client: Client, url: Url) -> Finding:
    name = url.name or "the connection string"
    adapter = client.type in _ADAPTERS
    who = f"`{client.call}` hands {name} to its driver, which" if adapter else f"{client.library}"
    assert url.at is not None
    return Finding(
        url.at,
        f"`pgbouncer=true` in {name} has no effect: {who} does not read it"
        f"{', and names no prepared statement without it' if adapter or client.library == 'node-postgres' else ''}.",
        f"Take `pgbouncer=true` out of {name}.",
        (Note(f"{client.library} connects with {name} here", client.at), *client.version_because),
    )
