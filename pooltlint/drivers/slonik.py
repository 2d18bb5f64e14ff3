"""slonik: every connection is given to a callback.

Facts: slonik 47.3 and 48.19 (``factories/createClientConfiguration.js``: 10 connections, five seconds to wait for one;
``statementTimeout`` and ``idleInTransactionSessionTimeout`` are sent at connect). Statements have no name unless made
with ``sql.prepared()``.
"""

from pooltlint.drivers import Construct, Driver, Effect, Function, Method, Type, bounded, imports
from pooltlint.drivers.node_postgres import prepared
from pooltlint.model.topology import Kind

_QUERIES = dict.fromkeys(
    (
        "query",
        "any",
        "anyFirst",
        "exists",
        "many",
        "manyFirst",
        "maybeOne",
        "maybeOneFirst",
        "one",
        "oneFirst",
    ),
    Method(Effect.QUERY, sql=0),
)
_TRANSACTION = Method(Effect.TRANSACTION, callback=0, gives=("slonik.Transaction",))

DRIVER = Driver(
    name="slonik",
    language="javascript",
    packages=("slonik",),
    words=imports("slonik"),
    symbols={
        "slonik.createPool": Construct(
            "slonik.Pool",
            Kind.POOL,
            url=(0,),
            record=1,
            options={
                "maximumPoolSize": "limit",
                "minimumPoolSize": "minimum",
                "connectionTimeout": "acquire_timeout_ms",
                "idleTimeout": "idle_timeout_ms",
                "statementTimeout": "startup:statement_timeout",
                "idleInTransactionSessionTimeout": "startup:idle_in_transaction_session_timeout",
            },
            close="await {it}.end()",
            prepared=prepared,
            limit=bounded(10, "maximumPoolSize", "slonik 48"),
        ),
        **{symbol: Function(passes=0) for symbol in ("slonik.sql", "slonik.sql.unsafe", "slonik.sql.fragment")},
    },
    types=(
        Type(
            "slonik.Pool",
            through="pool",
            methods={
                **_QUERIES,
                "connect": Method(Effect.BORROW, callback=0, gives=("slonik.Connection",)),
                "transaction": _TRANSACTION,
                "end": Method(Effect.CLOSE),
            },
        ),
        Type("slonik.Connection", through="checkout", methods={**_QUERIES, "transaction": _TRANSACTION}),
        Type("slonik.Transaction", through="transaction", methods={**_QUERIES, "transaction": _TRANSACTION}),
    ),
    annotations={
        "slonik.DatabasePool": "slonik.Pool",
        "slonik.DatabasePoolConnection": "slonik.Connection",
        "slonik.DatabaseTransactionConnection": "slonik.Transaction",
    },
)
