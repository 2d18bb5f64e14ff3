"""@neondatabase/serverless: HTTP queries, and node-postgres' Pool and Client over WebSockets.

Facts: @neondatabase/serverless 1.2.0 (README and bundled pg-pool): ``neon()`` is stateless HTTP; a pool or
client must not outlive a request in edge functions, where making one for each request is right.
"""

from pooltlint.drivers import Construct, Driver, Effect, Method, Type
from pooltlint.drivers.node_postgres import POOL_OPTIONS, limit, prepared
from pooltlint.model.topology import Kind

DRIVER = Driver(
    name="Neon serverless driver",
    language="javascript",
    packages=("@neondatabase/serverless",),
    words=(b"@neondatabase/serverless",),
    symbols={
        "@neondatabase/serverless.neon": Construct(
            "neon.Http",
            Kind.HTTP,
            url=(0,),
            per_request_is_right="it speaks HTTP and holds no connection",
            prepared=prepared,
        ),
        "@neondatabase/serverless.Pool": Construct(
            "neon.Pool",
            Kind.POOL,
            url=(0, "connectionString"),
            record=0,
            options=POOL_OPTIONS,
            close="await {it}.end()",
            prepared=prepared,
            limit=limit,
            emits=True,
            waits="acquire_timeout_ms",
            per_request_is_right="WebSocket connections cannot outlive a request in edge functions",
        ),
        "@neondatabase/serverless.Client": Construct(
            "neon.Client",
            Kind.CONNECTION,
            url=(0, "connectionString"),
            record=0,
            options=POOL_OPTIONS,
            close="await {it}.end()",
            prepared=prepared,
            dials="connect",
            emits=True,
            per_request_is_right="WebSocket connections cannot outlive a request in edge functions",
        ),
    },
    types=(
        Type("neon.Http", methods={"transaction": Method(), "query": Method(Effect.NONE)}),
        Type(
            "neon.Pool",
            through="pool",
            methods={
                "query": Method(Effect.QUERY, sql=0),
                "connect": Method(Effect.ACQUIRE, returns="pg.PoolClient", what="checkout", release="{it}.release()"),
                "end": Method(Effect.CLOSE),
            },
            free=frozenset({"on", "once"}),
        ),
        Type(
            "neon.Client",
            through="connection",
            methods={"query": Method(Effect.QUERY, sql=0), "connect": Method(), "end": Method(Effect.CLOSE)},
            free=frozenset({"on", "once"}),
        ),
    ),
    annotations={
        "@neondatabase/serverless.Pool": "neon.Pool",
        "@neondatabase/serverless.PoolClient": "pg.PoolClient",
        "@neondatabase/serverless.Client": "neon.Client",
    },
)
