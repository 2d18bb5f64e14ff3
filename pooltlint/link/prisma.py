"""Prisma set-ups: schema folders, their version, their URLs by role, and the clients made from them."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable

from pooltlint.link.packages import Packages
from pooltlint.link.urls import Urls
from pooltlint.model.facts import Facts, PrismaBlock, PrismaSchema
from pooltlint.model.topology import Client, Prisma, Url
from pooltlint.model.truth import Truth
from pooltlint.model.versions import version as parsed


def set_ups(facts: Iterable[Facts], urls: Urls, packages: Packages, clients: tuple[Client, ...]) -> tuple[Prisma, ...]:
    """One per datasource; a multi-file schema (a folder of ``*.prisma``) has its datasource in one of its files."""
    facts = tuple(facts)
    found = []
    for schema in facts:
        if not isinstance(schema, PrismaSchema):
            continue
        generators = tuple(
            each
            for other in facts
            if isinstance(other, PrismaSchema) and _one_schema(other.path, schema.path)
            for each in other.generators
        )
        for datasource in schema.datasources[:1]:  # Prisma refuses a second one
            provider = datasource.get("provider")
            name = str(getattr(provider.value, "value", "")) if provider is not None else ""
            found.append(_set_up(schema, datasource, name, urls, packages, clients, generators))
    return tuple(found)


def schema_urls(facts: Iterable[Facts], urls: Urls, packages: Packages) -> Callable[[str], tuple[Url, ...]]:
    """For a file: the connection strings of its package's schema, which a client uses that is given none itself.

    Nothing where a package has several datasources: the clients generated from them are not told apart.
    """
    sources = [
        (schema.path, datasource.get("url"))
        for schema in facts
        if isinstance(schema, PrismaSchema)
        for datasource in schema.datasources
    ]

    def found(path: str) -> tuple[Url, ...]:
        near = [(schema, url) for schema, url in sources if _same_package(path, schema, packages)]
        if len(near) != 1 or near[0][1] is None:
            return ()
        return urls.of_value(near[0][1].value, near[0][0])

    return found


def _set_up(
    schema: PrismaSchema,
    datasource: PrismaBlock,
    provider: str,
    urls: Urls,
    packages: Packages,
    clients: tuple[Client, ...],
    generators: tuple[PrismaBlock, ...],
) -> Prisma:
    version, because = packages.version(schema.path, "prisma")
    if not version:
        version, because = packages.version(schema.path, "@prisma/client")
    url, direct = datasource.get("url"), datasource.get("directUrl")
    mine = tuple(
        each for each in clients if each.library == "Prisma" and _same_package(each.at.path, schema.path, packages)
    )
    return Prisma(
        at=datasource.at,
        schema=schema,
        version=version,
        version_because=because,
        url=urls.of_value(url.value, schema.path) if url is not None else (),
        direct_url=urls.of_value(direct.value, schema.path) if direct is not None else (),
        has_direct_url=direct is not None,
        url_at=url.at if url is not None else None,
        engine=_engine(version, schema, generators, mine, packages),
        provider=provider,
        deployable=packages.deployable(schema.path),
        clients=mine,
    )


def _engine(
    version: str,
    schema: PrismaSchema,
    generators: tuple[PrismaBlock, ...],
    clients: tuple[Client, ...],
    packages: Packages,
) -> Truth:
    """Does the Rust query engine run: not in 7, not with ``engineType = "client"``, not where every client has an adapter.

    Prisma 7 has no engine; before, a client with ``adapter`` or ``accelerateUrl`` does not use it
    (``@prisma/client`` 6.19.3 and 7.10.0).
    """
    release = parsed(version) if version else None
    if release is not None and release.major >= 7:
        return Truth.NO
    for generator in generators:
        kind = generator.get("engineType")
        if kind is not None and getattr(kind.value, "value", "") == "client":
            return Truth.NO
    if any("adapter" in each.options for each in clients):
        return Truth.NO if all("adapter" in each.options for each in clients) else Truth.UNKNOWN
    if release is None:
        return Truth.UNKNOWN
    if any(packages.has(schema.path, name) for name in ("@prisma/adapter-pg", "@prisma/adapter-neon")) and not clients:
        return Truth.UNKNOWN
    return Truth.YES


def _one_schema(path: str, other: str) -> bool:
    """Files of one folder, or below it, are one schema (multi-file schemas, Prisma 6.7)."""
    mine, theirs = posixpath.dirname(path), posixpath.dirname(other)
    return mine == theirs or mine.startswith(theirs + "/") or theirs.startswith(mine + "/")


def _same_package(path: str, schema: str, packages: Packages) -> bool:
    mine, other = packages.deployable(path), packages.deployable(schema)
    if mine is not None and other is not None and mine.path == other.path:
        return True
    folder = posixpath.dirname(schema).removesuffix("/prisma").removesuffix("prisma")
    return path.startswith(folder) if folder else True


def of_postgres(client: Client, prisma: tuple[Prisma, ...]) -> bool:
    """Does a Prisma client speak to Postgres: by its adapter, else by the schemas of its package, else by all of them."""
    if any(
        each.type in ("prisma.PrismaPg", "prisma.PrismaNeon", "prisma.PrismaNeonHttp")
        for each in (client, *client.wraps)
    ):
        return True
    near = [
        each
        for each in prisma
        if each.deployable is not None
        and client.deployable is not None
        and each.deployable.path == client.deployable.path
    ]
    schemas = near or list(prisma)
    return bool(schemas) and all(each.provider in POSTGRES for each in schemas)


POSTGRES = ("postgresql", "postgres", "cockroachdb")
"""Providers of a Prisma datasource that speak Postgres' protocol."""
