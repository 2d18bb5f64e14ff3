"""node-postgres: ``pg``, ``pg-pool`` and ``pg-native``.

Facts: pg 8.23.1 and pg-pool 3.14.0, read in their published sources (``lib/query.js``,
``pg-pool/index.js``, ``connection-parameters.js``).
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Method, Type, imports, misnamed
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value, constant

POOL_OPTIONS = {
    "max": "limit",
    "poolSize": "limit",
    "min": "minimum",
    "idleTimeoutMillis": "idle_timeout_ms",
    "connectionTimeoutMillis": "acquire_timeout_ms",
    "maxUses": "maximum_uses",
    "maxLifetimeSeconds": "lifetime_seconds",
    "statement_timeout": "startup:statement_timeout",
    "lock_timeout": "startup:lock_timeout",
    "idle_in_transaction_session_timeout": "startup:idle_in_transaction_session_timeout",
    "options": "startup:options",
    "host": "host",
    "port": "port",
    "database": "database",
}
ENVIRONMENT = ("PGHOST",)
MISNAMED = {
    **dict.fromkeys(
        (
            "connectionLimit", "connection_limit", "maxConnections", "max_connections", "maxPoolSize", "maxSize",
            "max_size", "pool_size", "poolMax",
        ),
        "max: …",
    ),
    **dict.fromkeys(("minConnections", "minPoolSize", "min_size"), "min: …"),
    **dict.fromkeys(
        (
            "connectTimeout", "connect_timeout", "connectionTimeout", "connection_timeout", "connectionTimeoutMs",
            "connectTimeoutMs", "connectTimeoutMS", "connectTimeoutMillis", "acquireTimeout", "acquireTimeoutMillis", "acquire_timeout",
            "pool_timeout",
        ),
        "connectionTimeoutMillis: … (milliseconds)",
    ),
    **dict.fromkeys(
        ("idleTimeout", "idle_timeout", "idleTimeoutMs", "idleTimeoutSeconds"), "idleTimeoutMillis: … (milliseconds)"
    ),
    **dict.fromkeys(("maxLifetime", "max_lifetime", "maxLifetimeMillis"), "maxLifetimeSeconds: …"),
    "statementTimeout": "statement_timeout: …",
    "queryTimeout": "query_timeout: …",
    "idleInTransactionSessionTimeout": "idle_in_transaction_session_timeout: …",
    **dict.fromkeys(("waitForConnections", "queueLimit"), ""),
}  # fmt: skip
"""Options of mysql2, postgres.js, Prisma and others by which people call those of pg-pool 3.14 and pg 8.23, which read
none of these, with what they are called."""

ignored = misnamed(MISNAMED, "node-postgres")


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """pg-pool: ``max`` or ``poolSize``; 10 without one, and ``max: 0`` is 10 too. URL parameters never reach the pool."""
    given = options.get("limit")
    count = constant(given)
    explicit = Truth.of(None if given is None and arguments.open else given is not None)
    if isinstance(count, (int, float)) and not isinstance(count, bool):
        return Limit(int(count) or 10, explicit, "max", source="pg-pool 3.14")
    return Limit(10 if given is None else None, explicit, "max", source="pg-pool 3.14")


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Unnamed statements, unless a query object carries ``name`` (pg 8.23 ``lib/query.js``)."""
    return Prepared(Truth.NO)


QUERY = Method(Effect.QUERY, sql=0)
RELEASE = Method(
    Effect.RELEASE,
    twice="throws `Release called on client which has already been released to the pool.`",
)

DRIVER = Driver(
    name="node-postgres",
    language="javascript",
    packages=("pg", "pg-pool"),
    words=(*imports("pg", "pg-pool", "pg-native"), b"'pg/", b'"pg/'),
    symbols={
        **{
            symbol: Construct(
                "pg.Pool",
                Kind.POOL,
                url=(0, "connectionString"),
                record=0,
                options=POOL_OPTIONS,
                environment=ENVIRONMENT,
                close="await {it}.end()",
                prepared=prepared,
                limit=limit,
                ignored=ignored,
                emits=True,
                waits="acquire_timeout_ms",
            )
            for symbol in ("pg.Pool", "pg.native.Pool", "pg-pool", "pg-pool.Pool", "pg/esm.Pool")
        },
        **{
            symbol: Construct(
                "pg.Client",
                Kind.CONNECTION,
                url=(0, "connectionString"),
                record=0,
                options=POOL_OPTIONS,
                environment=ENVIRONMENT,
                close="await {it}.end()",
                prepared=prepared,
                ignored=ignored,
                dials="connect",
                emits=True,
            )
            for symbol in ("pg.Client", "pg.native.Client", "pg-native", "pg/esm.Client")
        },
    },
    types=(
        Type(
            "pg.Pool",
            through="pool",
            methods={
                "query": QUERY,
                "connect": Method(
                    Effect.ACQUIRE,
                    returns="pg.PoolClient",
                    callback=0,
                    gives=("", "pg.PoolClient", "pg.done"),
                    optional_callback=True,
                    what="checkout",
                    release="{it}.release()",
                ),
                "end": Method(Effect.CLOSE),
            },
            free=frozenset({"on", "once", "off", "removeListener"}),
        ),
        Type(
            "pg.PoolClient",
            through="checkout",
            inherits=True,  # pg-pool 3.14 index.js, _release: nothing is sent
            methods={"query": QUERY, "release": RELEASE, "end": Method(Effect.RELEASE)},
            free=frozenset({"on", "once", "off", "removeListener", "removeAllListeners", "listenerCount"}),
        ),
        Type("pg.done", calls=RELEASE),
        Type(
            "pg.Client",
            through="connection",
            methods={"query": QUERY, "connect": Method(), "end": Method(Effect.CLOSE)},
            free=frozenset({"on", "once", "off", "removeListener", "removeAllListeners"}),
        ),
    ),
    annotations={
        "pg.Pool": "pg.Pool",
        "pg.PoolClient": "pg.PoolClient",
        "pg.Client": "pg.Client",
        "pg.ClientBase": "pg.Client",
    },
)
