"""pg-promise: databases over pools of node-postgres.

Facts: pg-promise 12.7.1 (``lib/main.js``: calling the initialised library makes a database with a pool of its own;
``lib/database.js``: ``connect()`` is given back by ``done()``, a second call of which throws; tasks and transactions
end by themselves). Statements have no name unless a query object gives one.
"""

from pooltlint.drivers import Construct, Driver, Effect, Function, Method, Type, imports
from pooltlint.drivers.node_postgres import ENVIRONMENT, POOL_OPTIONS, limit, prepared
from pooltlint.model.topology import Kind

_QUERIES = dict.fromkeys(
    (
        "query",
        "none",
        "one",
        "oneOrNone",
        "many",
        "manyOrNone",
        "any",
        "result",
        "multi",
        "multiResult",
        "map",
        "each",
    ),
    Method(Effect.QUERY, sql=0),
)


def _callbacks(task: str, transaction: str) -> dict[str, Method]:
    return {
        **dict.fromkeys(("task", "taskIf"), Method(Effect.BORROW, callback=-1, gives=(task,))),
        **dict.fromkeys(("tx", "txIf"), Method(Effect.TRANSACTION, callback=-1, gives=(transaction,))),
    }


_WITHIN = _callbacks("pg_promise.Task", "pg_promise.Transaction")

DRIVER = Driver(
    name="pg-promise",
    language="javascript",
    packages=("pg-promise",),
    words=imports("pg-promise"),
    symbols={"pg-promise": Function(returns="pg_promise.Main")},
    types=(
        Type(
            "pg_promise.Main",
            constructs=Construct(
                "pg_promise.Database",
                Kind.POOL,
                url=(0, "connectionString"),
                record=0,
                options=POOL_OPTIONS,
                environment=ENVIRONMENT,
                close="await {it}.$pool.end()",
                prepared=prepared,
                limit=limit,
            ),
            methods={"end": Method(Effect.CLOSE)},
        ),
        Type(
            "pg_promise.Database",
            through="pool",
            attributes={"$pool": "pg.Pool"},
            methods={
                **_QUERIES,
                **_WITHIN,
                "connect": Method(
                    Effect.ACQUIRE, returns="pg_promise.Connected", what="checkout", release="{it}.done()"
                ),
            },
        ),
        Type(
            "pg_promise.Connected",
            through="checkout",
            methods={
                **_QUERIES,
                **_WITHIN,
                "done": Method(Effect.RELEASE, twice="throws `Querying against a released or lost connection.`"),
            },
        ),
        Type("pg_promise.Task", through="checkout", methods={**_QUERIES, **_WITHIN}),
        Type("pg_promise.Transaction", through="transaction", methods={**_QUERIES, **_WITHIN}),
    ),
    annotations={
        "pg-promise.IMain": "pg_promise.Main",
        "pg-promise.IDatabase": "pg_promise.Database",
        "pg-promise.IConnected": "pg_promise.Connected",
    },
)
