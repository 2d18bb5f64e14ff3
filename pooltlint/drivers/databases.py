"""encode/databases: ``Database``, its task-bound connections and its transactions.

Facts: databases 0.9.0 (``core.py``: each task has one connection, which is only taken from the pool while a query, a
``connection()`` block or a transaction runs; ``backends/postgres.py``: asyncpg's ``create_pool`` is given all other
keywords, and ``min_size``, ``max_size`` and ``ssl`` out of the URL; ``backends/aiopg.py``).
"""

from collections.abc import Mapping

from msgspec.structs import replace

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Function, Leaving, Method, Type, asyncpg
from pooltlint.drivers.sqlalchemy import is_postgres, schemes
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Literal, Value

OPTIONS = {
    "max_size": "limit",
    "min_size": "minimum",
    "statement_cache_size": "statement_cache_size",
    "server_settings": "startup",
    "force_rollback": "force_rollback",
}


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """asyncpg's, unless the scheme names aiopg, which prepares nothing."""
    url = arguments.positional[0] if arguments.positional else arguments.keywords.get("url")
    found = [*schemes(url), *arguments.schemes]
    if any("+aiopg" in each for each in found):
        return Prepared(Truth.NO if all("+aiopg" in each for each in found) else Truth.UNKNOWN)
    made = asyncpg.prepared(arguments, options, {})
    return replace(made, remedy="Pass `statement_cache_size=0` to `Database`.") if made.names is Truth.YES else made


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``max_size`` as a keyword, else in the URL; asyncpg's 10 by default."""
    inner = dict(options)
    if "limit" not in inner and parameters.get("max_size", "").isdigit():
        inner["limit"] = Literal(int(parameters["max_size"]))
    return replace(asyncpg.limit(arguments, inner, parameters), source="databases 0.9 backends/postgres.py")


_QUERIES = {
    name: Method(Effect.QUERY, sql=0)
    for name in ("execute", "execute_many", "fetch_all", "fetch_one", "fetch_val", "iterate")
}
_TRANSACTION = Method(
    Effect.TRANSACTION,
    returns="databases.Transaction",
    managed=True,
    awaited=Method(
        Effect.ACQUIRE,
        returns="databases.Transaction",
        what="transaction",
        release="await {it}.commit() or await {it}.rollback()",
    ),
)

DRIVER = Driver(
    name="databases",
    language="python",
    packages=("databases", "asyncpg"),
    several=True,
    dialects=("asyncpg", "aiopg"),
    rivals=("aiomysql", "asyncmy", "aiosqlite"),
    words=(b"from databases import", b"import databases", b"databases.Database(", b"from databases.core"),
    symbols={
        **{
            symbol: Construct(
                "databases.Database",
                Kind.POOL,
                url=(0, "url"),
                options=OPTIONS,
                close="await {it}.disconnect()",
                when=is_postgres,
                prepared=prepared,
                limit=limit,
                dials="connect",
            )
            for symbol in ("databases.Database", "databases.core.Database")
        },
        "databases.DatabaseURL": Function(passes=0),
        "databases.core.DatabaseURL": Function(passes=0),
    },
    types=(
        Type(
            "databases.Database",
            through="pool",
            ambient=True,
            leaving=Leaving.RELEASE,
            methods={
                **_QUERIES,
                "connection": Method(Effect.BORROW, returns="databases.Connection", managed=True),
                "transaction": _TRANSACTION,
                "connect": Method(),
                "disconnect": Method(Effect.CLOSE),
            },
        ),
        Type(
            "databases.Connection",
            through="checkout",
            ambient=True,
            leaving=Leaving.RELEASE,
            methods={**_QUERIES, "transaction": _TRANSACTION},
            attributes={"raw_connection": "asyncpg.pooled"},
        ),
        Type(
            "databases.Transaction",
            leaving=Leaving.RELEASE,
            methods={"commit": Method(Effect.RELEASE), "rollback": Method(Effect.RELEASE)},
        ),
    ),
    annotations={"databases.core.Connection": "databases.Connection"},
)
