"""Objection: models over a knex instance.

Facts: objection 3.1.5 (``lib/transaction.js``, ``lib/model/modelTransaction.js``): it opens nothing itself;
``transaction.start()`` and ``Model.startTransaction()`` are transactions of knex begun by hand.
"""

from pooltlint.drivers import Driver, Effect, Function, Method, Type, imports

_MANAGED = Method(Effect.TRANSACTION, callback=-1, gives=("knex.ManagedTransaction",))
_STARTED = Method(
    Effect.ACQUIRE,
    returns="knex.Transaction",
    what="transaction",
    release="await {it}.commit() or await {it}.rollback()",
)

DRIVER = Driver(
    name="Objection",
    language="javascript",
    packages=("objection",),
    several=True,
    dialects=("pg",),
    rivals=("mysql", "mysql2", "sqlite3", "better-sqlite3", "tedious", "oracledb"),
    words=imports("objection"),
    symbols={
        "objection.transaction": Function(method=_MANAGED),
        "objection.transaction.start": Function(method=_STARTED, returns="knex.Transaction"),
    },
    types=(
        Type(
            "objection.Model",
            methods={
                "startTransaction": _STARTED,
                "transaction": _MANAGED,
                "knex": Method(returns="knex.Knex"),
            },
        ),
    ),
    annotations={"objection.Model": "objection.Model"},
)
