"""Kysely on the pool that its dialect is given.

Facts: kysely 0.28.18 (``dialect/postgres/postgres-driver.js``: unnamed statements on a client of the pool, which may be
a function that makes it, called once; ``kysely.js``: ``startTransaction()`` holds its connection until ``commit()``
or ``rollback()``), kysely-postgres-js 3.
"""

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Function, Method, Type
from pooltlint.drivers.node_postgres import prepared
from pooltlint.model.topology import Kind


def is_postgres(arguments: Arguments) -> bool | None:
    """By the dialect it is given."""
    given = arguments.wrapped.get("dialect")
    return True if given == "kysely.Dialect" else None


def _dialect(option: str) -> Construct:
    return Construct(
        "kysely.Dialect", Kind.POOL, record=0, wraps=(option,), unless_wrapping=True, opens=False, prepared=prepared
    )


_QUERY = Method(Effect.QUERY, sql=0)
_DATABASE = {
    "executeQuery": _QUERY,
    "transaction": Method(returns="kysely.TransactionBuilder"),
    "startTransaction": Method(returns="kysely.ControlledTransactionBuilder"),
    "connection": Method(returns="kysely.ConnectionBuilder"),
    "destroy": Method(Effect.CLOSE),
    "withPlugin": Method(returns="same"),
    "withSchema": Method(returns="same"),
    "withoutPlugins": Method(returns="same"),
    "withTables": Method(returns="same"),
}
_SETTINGS = {"setIsolationLevel": Method(returns="same"), "setAccessMode": Method(returns="same")}
_INSIDE = {
    name: _DATABASE[name] for name in ("executeQuery", "withPlugin", "withSchema", "withoutPlugins", "withTables")
}

DRIVER = Driver(
    name="Kysely",
    language="javascript",
    packages=("kysely",),
    several=True,
    dialects=("pg", "postgres", "kysely-postgres-js", "@neondatabase/serverless", "@vercel/postgres"),
    rivals=("mysql2", "better-sqlite3", "tedious", "kysely-d1", "kysely-planetscale", "@libsql/kysely-libsql"),
    words=(b"new Kysely", b"extends Kysely", b".startTransaction(", b"CompiledQuery.raw("),
    symbols={
        "kysely.Kysely": Construct(
            "kysely.Kysely",
            Kind.POOL,
            record=0,
            wraps=("dialect",),
            unless_wrapping=True,
            close="await {it}.destroy()",
            when=is_postgres,
            prepared=prepared,
        ),
        "kysely.PostgresDialect": _dialect("pool"),
        "kysely-postgres-js.PostgresJSDialect": _dialect("postgres"),
        "kysely.CompiledQuery.raw": Function(passes=0),
        "kysely.sql": Function(returns="kysely.RawBuilder"),
        "kysely.sql.raw": Function(passes=0),
    },
    types=(
        Type("kysely.Dialect"),
        Type("kysely.Kysely", through="pool", methods=_DATABASE),
        Type("kysely.RawBuilder", methods={"execute": Method(Effect.QUERY, on=0)}),
        Type(
            "kysely.TransactionBuilder",
            methods={**_SETTINGS, "execute": Method(Effect.TRANSACTION, callback=0, gives=("kysely.Transaction",))},
        ),
        Type(
            "kysely.ControlledTransactionBuilder",
            methods={
                **_SETTINGS,
                "execute": Method(
                    Effect.ACQUIRE,
                    returns="kysely.ControlledTransaction",
                    what="transaction",
                    release="await {it}.commit().execute() or await {it}.rollback().execute()",
                ),
            },
        ),
        Type(
            "kysely.ConnectionBuilder",
            methods={"execute": Method(Effect.BORROW, callback=0, gives=("kysely.Connection",))},
        ),
        Type("kysely.Connection", through="checkout", methods={**_INSIDE, "transaction": _DATABASE["transaction"]}),
        Type("kysely.Transaction", through="transaction", methods=_INSIDE),
        Type(
            "kysely.ControlledTransaction",
            through="transaction",
            methods={**_INSIDE, "commit": Method(Effect.RELEASE), "rollback": Method(Effect.RELEASE)},
            free=frozenset({"savepoint", "withPlugin", "withSchema"}),
            lent=frozenset({"execute", "stream"}),
        ),
    ),
    annotations={"kysely.Kysely": "kysely.Kysely", "kysely.Transaction": "kysely.Transaction"},
)
