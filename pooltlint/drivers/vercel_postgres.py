"""@vercel/postgres: Neon's driver with Vercel's variables.

Facts: @vercel/postgres 0.10.0 (``dist/chunk-*.js``): ``sql`` and ``db`` are one pool for the process over
POSTGRES_URL; a query tagged on a pool is a request over HTTP, ``connect()`` gives a client over WebSockets.
"""

from pooltlint.drivers import Construct, Driver, Effect, Method, Type
from pooltlint.drivers.node_postgres import POOL_OPTIONS, QUERY, limit, prepared
from pooltlint.model.topology import Kind

_RIGHT = "WebSocket connections cannot outlive a request in edge functions"
_POOL = {
    "query": QUERY,
    "sql": QUERY,
    "connect": Method(
        Effect.ACQUIRE,
        returns="vercel_postgres.PoolClient",
        callback=0,
        gives=("", "vercel_postgres.PoolClient", "pg.done"),
        optional_callback=True,
        what="checkout",
        release="{it}.release()",
    ),
    "end": Method(Effect.CLOSE),
}
_FREE = frozenset({"on", "once"})

DRIVER = Driver(
    name="@vercel/postgres",
    language="javascript",
    packages=("@vercel/postgres",),
    words=(b"@vercel/postgres",),
    symbols={
        "@vercel/postgres.createPool": Construct(
            "vercel_postgres.Pool",
            Kind.POOL,
            url=("connectionString",),
            record=0,
            options=POOL_OPTIONS,
            environment=("POSTGRES_URL",),
            close="await {it}.end()",
            prepared=prepared,
            limit=limit,
            per_request_is_right=_RIGHT,
        ),
        "@vercel/postgres.createClient": Construct(
            "vercel_postgres.Client",
            Kind.CONNECTION,
            url=("connectionString",),
            record=0,
            options=POOL_OPTIONS,
            environment=("POSTGRES_URL_NON_POOLING",),
            close="await {it}.end()",
            prepared=prepared,
            dials="connect",
            per_request_is_right=_RIGHT,
        ),
    },
    types=(
        Type("vercel_postgres.Pool", through="pool", methods=_POOL, tag=QUERY, free=_FREE),
        Type(
            "vercel_postgres.PoolClient",
            through="checkout",
            methods={
                "query": QUERY,
                "sql": QUERY,
                "release": Method(
                    Effect.RELEASE,
                    twice="throws `Release called on client which has already been released to the pool.`",
                ),
            },
            free=_FREE,
        ),
        Type(
            "vercel_postgres.Client",
            through="connection",
            methods={"query": QUERY, "sql": QUERY, "connect": Method(), "end": Method(Effect.CLOSE)},
            free=_FREE,
        ),
    ),
    annotations={
        "@vercel/postgres.VercelPool": "vercel_postgres.Pool",
        "@vercel/postgres.VercelPoolClient": "vercel_postgres.PoolClient",
        "@vercel/postgres.VercelClient": "vercel_postgres.Client",
    },
    values={"@vercel/postgres.sql": "vercel_postgres.Pool", "@vercel/postgres.db": "vercel_postgres.Pool"},
)
