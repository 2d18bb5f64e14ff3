"""No limit on connections where the default is multiplied by instances that nobody counts."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import LOCAL, appended, deciding
from pooltlint.model.topology import Client, Deployable, Kind, Prisma, Runs, Topology, Url
from pooltlint.model.truth import Truth

_ADAPTER = "prisma.PrismaPg"


def check(topology: Topology) -> Iterator[Finding]:
    """Prisma's engine by its connection string; every other pool by its options."""
    for prisma in topology.prisma:
        if prisma.engine is Truth.YES and prisma.provider in ("postgresql", "postgres"):
            yield from _engine(prisma)
    adapted = {inner.at for client in topology.clients if client.type == _ADAPTER for inner in client.wraps}
    for client in topology.clients:
        yield from _pool(client, client.type == _ADAPTER or client.at in adapted)


def _engine(prisma: Prisma) -> Iterator[Finding]:
    urls = deciding(prisma.url)
    if not urls or any(_bounded(url) or not url.dsn.scheme.startswith("postgres") for url in urls):
        return
    several = _several(prisma.deployable)
    if not several:
        return
    for url in urls:
        if url.dsn.host in LOCAL or url.at is None:
            continue
        yield Finding(
            url.at,
            f"{url.name or 'The connection string'} sets no `connection_limit`: every instance opens up to "
            f"cores × 2 + 1 connections, and {_who(prisma.deployable)}.",
            f"{appended(url, 'connection_limit=1')} Go up as long as instances × connections fit the server.",
            (*several, *prisma.version_because),
            Certainty.MEDIUM if url.route.multiplexes or not _serverless(prisma.deployable) else Certainty.HIGH,
        )
        return


def _bounded(url: Url) -> bool:
    return any(name == "connection_limit" for name, _ in url.dsn.parameters)


def _pool(client: Client, adapted: bool) -> Iterator[Finding]:
    limit = client.limit
    if limit is None or limit.explicit is not Truth.NO or client.open_options or client.kind is not Kind.POOL:
        return
    if client.wraps or not (client.opens or adapted) or client.right_per_request or client.lifetime.repeats:
        return
    if client.lifetime.runs in (Runs.SCRIPT, Runs.TEST) or any(url.route.multiplexes for url in deciding(client.urls)):
        return
    several = _several(client.deployable)
    count = f"{limit.formula} = {limit.count}" if limit.formula else str(limit.count or "its default")
    if several and not limit.formula.startswith("cores"):
        yield Finding(
            client.at,
            f"`{client.call}` sets no limit: every instance opens up to {count} connections, and "
            f"{_who(client.deployable)}.",
            f"Set `{limit.option}` to a small number, so that instances × connections fit the server.",
            several,
            Certainty.MEDIUM,
        )
    elif adapted:
        yield Finding(
            client.at,
            f"`{client.call}` sets no limit for Prisma's adapter: each process opens up to {count} connections, and "
            "a query waits for a free one without any time limit. `connection_limit` and `pool_timeout` in the URL "
            "have no effect on an adapter.",
            "Set `max` (instances × `max` has to fit the server) and `connectionTimeoutMillis`.",
            client.version_because,
            Certainty.MEDIUM,
        )


def _serverless(deployable: Deployable | None) -> bool:
    return deployable is not None and bool(deployable.serverless)


def _several(deployable: Deployable | None) -> tuple[Note, ...]:
    """The first piece of evidence that there are many instances, or several processes."""
    return (deployable.serverless or deployable.processes)[:1] if deployable is not None else ()


def _who(deployable: Deployable | None) -> str:
    if _serverless(deployable):
        return "functions have as many instances as there are requests at a time"
    return "it runs in several processes"
