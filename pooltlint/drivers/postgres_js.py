"""postgres.js: the ``postgres`` package.

Facts: postgres 3.4.9 (``src/index.js`` parseOptions, ``src/connection.js`` build and retry), and runs
of it behind PgBouncer 1.18 and 1.24 in transaction mode.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Method, Type, imports, misnamed
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import FromEnv, OneOf, Value, constants

OPTIONS = {
    "max": "limit",
    "idle_timeout": "idle_timeout_seconds",
    "connect_timeout": "connect_timeout_seconds",
    "max_lifetime": "lifetime_seconds",
    "prepare": "prepare",
    "no_prepare": "no_prepare",
    "fetch_types": "fetch_types",
    "connection": "startup",
    "host": "host",
    "port": "port",
    "database": "database",
}


MISNAMED = {
    **dict.fromkeys(
        (
            "connectionLimit", "connection_limit", "maxConnections", "max_connections", "maxPoolSize", "pool_size",
            "poolSize", "poolMax",
        ),
        "max: …",
    ),
    **dict.fromkeys(("connectionTimeoutMillis", "connectTimeout", "connectionTimeout"), "connect_timeout: … (seconds)"),
    **dict.fromkeys(("idleTimeoutMillis", "idleTimeout"), "idle_timeout: … (seconds)"),
    **dict.fromkeys(("maxLifetime", "maxLifetimeSeconds"), "max_lifetime: … (seconds)"),
    **{
        name: f"connection: {{ {name}: … }}"
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    },
}  # fmt: skip
"""What postgres 3.4.9 (``src/index.js`` parseOptions) does not read, with what it does."""


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Every tagged query is a named statement unless ``prepare: false``, in the options or the URL."""
    given = options.get("prepare")
    legacy = constants(options.get("no_prepare"))
    if legacy == [True] or parameters.get("prepare") in ("false", "disable"):
        return Prepared(
            Truth.NO, at_option="no_prepare", claim="no_prepare: true" if legacy == [True] else "?prepare=false"
        )
    if given is not None:
        known = constants(given)
        if known and not any(known):
            return Prepared(Truth.NO, at_option="prepare", claim="prepare: false")
        if not known or isinstance(given, (OneOf, FromEnv)):
            return Prepared(Truth.UNKNOWN)
    elif arguments.open:
        return Prepared(Truth.UNKNOWN)
    return Prepared(
        Truth.YES,
        why="postgres.js makes a named prepared statement of every tagged query",
        remedy="Add `prepare: false` to the options of postgres().",
        raised='queries inside sql.begin() fail with `prepared statement "…" does not exist`, and outside of it the '
        "driver silently sends every failing query twice",
        at_option="prepare",
    )


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``max``, default 10 (``src/index.js``)."""
    given = options.get("limit")
    known = constants(given)
    explicit = Truth.of(None if given is None and arguments.open else given is not None or "max" in parameters)
    if known and all(isinstance(each, (int, float)) for each in known):
        return Limit(max(int(each) for each in known if each is not None), explicit, "max", source="postgres 3.4.9")
    return Limit(10 if given is None else None, explicit, "max", source="postgres 3.4.9")


TAGGED = Method(Effect.QUERY, sql=0)
_METHODS = {
    "unsafe": Method(Effect.QUERY, sql=0),
    "listen": Method(Effect.LISTEN, subject=0),
    "notify": Method(Effect.NOTIFY, subject=0),
    "begin": Method(Effect.TRANSACTION, callback=-1, gives=("postgres.TransactionSql",)),
    "end": Method(Effect.CLOSE),
    "close": Method(Effect.CLOSE),
    "reserve": Method(Effect.ACQUIRE, returns="postgres.ReservedSql", what="checkout", release="{it}.release()"),
    "subscribe": Method(),
}

DRIVER = Driver(
    name="postgres.js",
    language="javascript",
    packages=("postgres",),
    words=(*imports("postgres"), b"deno.land/x/postgresjs"),
    symbols={
        symbol: Construct(
            "postgres.Sql",
            Kind.POOL,
            url=(0,),
            record=0,
            options=OPTIONS,
            environment=("PGHOST",),
            close="await {it}.end()",
            prepared=prepared,
            limit=limit,
            ignored=misnamed(MISNAMED, "postgres.js"),
        )
        for symbol in ("postgres", "deno.land/x/postgresjs")
    },
    types=(
        Type("postgres.Sql", through="pool", methods=_METHODS, tag=TAGGED),
        Type(
            "postgres.ReservedSql",
            through="checkout",
            inherits=True,  # postgres 3.4.9 src/index.js, reserve: release() only queues it as open
            tag=TAGGED,
            methods={
                "unsafe": Method(Effect.QUERY, sql=0),
                "release": Method(Effect.RELEASE, twice="puts a connection up for use that others may have by then"),
            },
        ),
        Type(
            "postgres.TransactionSql",
            through="transaction",
            tag=TAGGED,
            methods={
                "unsafe": Method(Effect.QUERY, sql=0),
                "savepoint": Method(Effect.TRANSACTION, callback=-1, gives=("postgres.TransactionSql",)),
            },
        ),
    ),
    annotations={
        "postgres.Sql": "postgres.Sql",
        "postgres.ReservedSql": "postgres.ReservedSql",
        "postgres.TransactionSql": "postgres.TransactionSql",
    },
)
