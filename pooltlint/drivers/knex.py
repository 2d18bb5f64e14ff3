"""Knex.

Facts: knex 3.3.0 (``lib/client.js``: pool of 2 to 10 by default, URL parameters never reach the pool;
queries go through node-postgres without a name).
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Method, Type, imports, misnamed
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Literal, Value, constants

POSTGRES = {"pg", "postgres", "postgresql", "pg-native", "pgnative", "cockroachdb", "redshift"}


MISNAMED = {
    **dict.fromkeys(
        ("max", "pool", "poolSize", "pool_size", "connectionLimit", "connection_limit", "maxConnections"),
        "pool: { max: … } beside `connection`",
    ),
    **dict.fromkeys(("min", "minConnections"), "pool: { min: … } beside `connection`"),
}
"""Options of the pool inside of ``connection``, which node-postgres' client is given and does not read (knex 3.3)."""


def is_postgres(arguments: Arguments) -> bool | None:
    """``client`` names the dialect; a bare URL says it by its scheme."""
    client = arguments.keywords.get("client") or arguments.keywords.get("dialect")
    known = constants(client)
    if known:
        return any(each in POSTGRES for each in known)
    first = arguments.positional[0] if arguments.positional else None
    if isinstance(first, Literal) and isinstance(first.value, str):
        return first.value.startswith(("postgres", "pg:"))
    if arguments.schemes:
        return any(each.startswith("postgres") for each in arguments.schemes)
    return None


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Unnamed, by way of node-postgres."""
    return Prepared(Truth.NO)


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``pool.max``, default 10, with 2 kept open."""
    given = options.get("limit")
    known = constants(given)
    explicit = Truth.of(None if given is None and arguments.open else given is not None)
    if known and isinstance(known[0], int):
        return Limit(known[0], explicit, "pool: { max: … }", source="knex 3.3.0")
    return Limit(10 if given is None else None, explicit, "pool: { max: … }", source="knex 3.3.0")


_RAW = Method(Effect.QUERY, sql=0)
_TRANSACTION = Method(
    Effect.ACQUIRE,
    returns="knex.Transaction",
    callback=0,
    gives=("knex.ManagedTransaction",),
    optional_callback=True,
    what="transaction",
    release="{it}.commit() or {it}.rollback()",
)

DRIVER = Driver(
    name="Knex",
    language="javascript",
    packages=("knex",),
    several=True,
    dialects=("pg",),
    rivals=("mysql", "mysql2", "sqlite3", "better-sqlite3", "tedious", "oracledb"),
    words=imports("knex"),
    symbols={
        symbol: Construct(
            "knex.Knex",
            Kind.POOL,
            url=(0, "connection.connectionString", "connection"),
            record=0,
            options={
                "pool.max": "limit",
                "pool.min": "minimum",
                "acquireConnectionTimeout": "acquire_timeout_ms",
                **{
                    f"connection.{name}": f"startup:{name}"
                    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "options")
                },
                "connection.host": "host",
                "connection.port": "port",
                "connection.database": "database",
                "client": "client",
            },
            close="await {it}.destroy()",
            when=is_postgres,
            prepared=prepared,
            limit=limit,
            ignored=misnamed(MISNAMED, "a single connection", "connection"),
        )
        for symbol in ("knex", "knex.knex", "knex.Knex")
    },
    types=(
        Type(
            "knex.Knex",
            through="pool",
            queries=frozenset(
                ("", "raw", "select", "insert", "from", "table", "into", "with", "count", "max", "first")
            ),
            methods={
                "raw": _RAW,
                "destroy": Method(Effect.CLOSE),
                "transaction": _TRANSACTION,
                "transactionProvider": Method(),
            },
        ),
        Type(
            "knex.Transaction",
            through="transaction",
            methods={"raw": _RAW, "commit": Method(Effect.RELEASE), "rollback": Method(Effect.RELEASE)},
            lent=frozenset({"transacting", "query", "$query", "relatedQuery", "$relatedQuery", "bindTransaction"}),
        ),
        Type("knex.ManagedTransaction", through="transaction", methods={"raw": _RAW}),
    ),
    annotations={"knex.Knex": "knex.Knex", "knex.Knex.Transaction": "knex.ManagedTransaction"},
)
