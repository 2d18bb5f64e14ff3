"""Drizzle ORM on its Postgres drivers.

Facts: drizzle-orm 0.45.4 (``node-postgres/driver.js``, ``postgres-js/session.js``): given a client it sends
through it, given a URL it opens a pool of the driver's own defaults. On postgres.js it sends every
query with ``client.unsafe``, so unnamed; on node-postgres only ``.prepare(name)`` names one.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Method, Type, misnamed
from pooltlint.drivers.node_postgres import MISNAMED, POOL_OPTIONS
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value, constants


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """None of its drivers names statements by default."""
    return Prepared(Truth.NO)


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """Its pool is made with the driver's defaults: 10 for both node-postgres and postgres.js."""
    given = constants(options.get("limit"))
    count = given[0] if given and isinstance(given[0], int) else None
    return Limit(
        count if count is not None else 10,
        Truth.of("limit" in options),
        "connection: { max: … }",
        source="drizzle-orm 0.45",
    )


def _drizzle(http: bool = False, right: str = "", pg: bool = False) -> Construct:
    """``pg``: the pool it makes of a URL is node-postgres' own, with no listener (``node-postgres/driver.js``)."""
    return Construct(
        "drizzle.Http" if http else "drizzle.Database",
        Kind.HTTP if http else Kind.POOL,
        url=(0, "connection.connectionString", "connection.url", "connection"),
        record=0,
        options={f"connection.{name}": canonical for name, canonical in POOL_OPTIONS.items()},
        wraps=(0, "client"),
        unless_wrapping=True,
        prepared=prepared,
        limit=limit,
        ignored=misnamed(MISNAMED, "node-postgres", "connection") if pg else None,
        per_request_is_right=right,
        emits=pg,
        waits="acquire_timeout_ms" if pg else "",
    )


_DATABASE = {
    "execute": Method(Effect.QUERY, sql=0),
    "transaction": Method(Effect.TRANSACTION, callback=0, gives=("drizzle.Transaction",)),
}
_QUERIES = frozenset(
    {"execute", "select", "selectDistinct", "selectDistinctOn", "insert", "update", "delete", "findMany", "findFirst"}
    | {"$count", "refreshMaterializedView"}
)

DRIVER = Driver(
    name="Drizzle",
    language="javascript",
    packages=("drizzle-orm",),
    words=(b"drizzle-orm",),
    symbols={
        **{
            f"drizzle-orm/{module}.drizzle": _drizzle(pg=module == "node-postgres")
            for module in ("node-postgres", "postgres-js", "vercel-postgres", "bun-sql", "netlify-db")
        },
        "drizzle-orm/neon-serverless.drizzle": _drizzle(
            right="WebSocket connections cannot outlive a request in edge functions", pg=True
        ),
        "drizzle-orm/neon-http.drizzle": _drizzle(http=True, right="it speaks HTTP and holds no connection"),
    },
    types=(
        Type("drizzle.Database", through="pool", methods=_DATABASE, attributes={"$client": ""}, queries=_QUERIES),
        Type("drizzle.Http", methods={"execute": Method(Effect.NONE)}),
        Type(
            "drizzle.Transaction",
            through="transaction",
            methods={
                "execute": Method(Effect.QUERY, sql=0),
                "transaction": Method(Effect.TRANSACTION, callback=0, gives=("drizzle.Transaction",)),
            },
        ),
    ),
    annotations={
        "drizzle-orm/node-postgres.NodePgDatabase": "drizzle.Database",
        "drizzle-orm/postgres-js.PostgresJsDatabase": "drizzle.Database",
        "drizzle-orm/neon-serverless.NeonDatabase": "drizzle.Database",
        "drizzle-orm/neon-http.NeonHttpDatabase": "drizzle.Http",
    },
)
