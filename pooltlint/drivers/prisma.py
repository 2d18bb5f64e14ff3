"""Prisma Client: Rust engine (up to 6), driver adapters, and 7, which has adapters only.

Facts: @prisma/client 5.22, 6.19.3 and 7.10.0, @prisma/adapter-pg 6.19.3 and 7.10.1 (published sources),
prisma-engines ``quaint/src/connector/postgres/url.rs`` for the URL parameters.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Method, Type
from pooltlint.drivers.node_postgres import POOL_OPTIONS
from pooltlint.drivers.node_postgres import ignored as pg_ignored
from pooltlint.drivers.node_postgres import limit as pg_limit
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value

MANAGED = Method(Effect.TRANSACTION, callback=0, gives=("prisma.Transaction",))
RAW = {
    "$queryRaw": Method(Effect.QUERY, sql=0),
    "$executeRaw": Method(Effect.QUERY, sql=0),
    "$queryRawUnsafe": Method(Effect.QUERY, sql=0),
    "$executeRawUnsafe": Method(Effect.QUERY, sql=0),
}
_QUERIES = frozenset(
    {
        *RAW,
        *(name + suffix for name in ("findUnique", "findFirst") for suffix in ("", "OrThrow")),
        "findMany",
        "create",
        "createMany",
        "createManyAndReturn",
        "update",
        "updateMany",
        "updateManyAndReturn",
        "upsert",
        "delete",
        "deleteMany",
        "count",
        "aggregate",
        "groupBy",
    }
)


def adapter_prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """PrismaPg sends unnamed statements unless ``statementNameGenerator`` is given (7.x)."""
    return Prepared(Truth.UNKNOWN if "statementNameGenerator" in arguments.keywords else Truth.NO)


def engine_limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``connection_limit`` in the URL; ``num_physical_cpus * 2 + 1`` without (quaint ``pooled.rs``)."""
    given = parameters.get("connection_limit", "")
    return Limit(
        int(given) if given.isdigit() else None,
        Truth.of(bool(given)),
        "connection_limit",
        "cores × 2 + 1",
        "prisma-engines quaint",
    )


DRIVER = Driver(
    name="Prisma",
    language="javascript",
    packages=("@prisma/client", "prisma", "@prisma/adapter-pg", "@prisma/adapter-neon"),
    several=True,
    dialects=("@prisma/adapter-pg", "@prisma/adapter-neon"),
    words=(
        b"new PrismaClient",
        b"extends PrismaClient",
        b": PrismaClient",
        b"PrismaClient as",
        b"new PrismaPg",
        b"new PrismaNeon",
        b"PrismaPg as",
    ),
    symbols={
        **{
            symbol: Construct(
                "prisma.PrismaClient",
                Kind.POOL,
                url=("datasourceUrl", "datasources.db.url"),
                record=0,
                options={"adapter": "adapter", "accelerateUrl": "accelerate", "datasourceUrl": "url"},
                wraps=("adapter",),
                environment=(),
                close="await {it}.$disconnect()",
                limit=engine_limit,
            )
            for symbol in (
                "@prisma/client.PrismaClient",
                "@prisma/client/edge.PrismaClient",
                ".prisma/client.PrismaClient",
                "@prisma/client/extension.PrismaClient",
                "@prisma/client/wasm.PrismaClient",
            )
        },
        "@prisma/adapter-pg.PrismaPg": Construct(
            "prisma.PrismaPg",
            Kind.POOL,
            url=(0, "connectionString"),
            record=0,
            options=POOL_OPTIONS,
            wraps=(0,),
            unless_wrapping=True,
            prepared=adapter_prepared,
            limit=pg_limit,
            ignored=pg_ignored,
            opens=False,
        ),
        "@prisma/adapter-neon.PrismaNeon": Construct(
            "prisma.PrismaNeon",
            Kind.POOL,
            url=(0, "connectionString"),
            record=0,
            options=POOL_OPTIONS,
            prepared=adapter_prepared,
            limit=pg_limit,
            ignored=pg_ignored,
            opens=False,
            per_request_is_right="WebSocket connections cannot outlive a request in edge functions",
        ),
        "@prisma/adapter-neon.PrismaNeonHttp": Construct(
            "prisma.PrismaNeonHttp",
            Kind.HTTP,
            url=(0,),
            opens=False,
            prepared=adapter_prepared,
        ),
        "@prisma/adapter-neon.PrismaNeonHTTP": Construct(
            "prisma.PrismaNeonHttp",
            Kind.HTTP,
            url=(0,),
            opens=False,
            prepared=adapter_prepared,
        ),
    },
    types=(
        Type(
            "prisma.PrismaClient",
            through="pool",
            methods={
                **RAW,
                "$transaction": MANAGED,
                "$disconnect": Method(Effect.CLOSE),
                "$connect": Method(),
                "$extends": Method(returns="same"),
            },
            free=frozenset({"$on", "$use"}),
            queries=_QUERIES,
        ),
        Type("prisma.Transaction", through="transaction", methods=RAW),
        Type("prisma.PrismaPg"),
        Type("prisma.PrismaNeon"),
        Type("prisma.PrismaNeonHttp"),
    ),
    annotations={
        "@prisma/client.PrismaClient": "prisma.PrismaClient",
        "@prisma/client.Prisma.TransactionClient": "prisma.Transaction",
    },
    by_name={"PrismaClient": "@prisma/client.PrismaClient"},
)
