"""asyncpg.

Facts: asyncpg 0.30 to 0.32 (``connection.py``, ``pool.py``): statements are prepared and cached
(``statement_cache_size`` = 100) under names of their own; 0 switches it off, completely from 0.31 on. The
option is no URL parameter (it would become a server setting). Pools are 10 to 10 by default.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Leaving, Method, Type
from pooltlint.model.topology import Kind, Limit, Prepared, Sql
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value, constants

CONNECTION_OPTIONS = {
    "statement_cache_size": "statement_cache_size",
    "server_settings": "startup",
    "host": "host",
    "port": "port",
    "database": "database",
}


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """By ``statement_cache_size``."""
    given = options.get("statement_cache_size")
    if given is None and arguments.open:
        return Prepared(Truth.UNKNOWN)
    if given is not None:
        known = constants(given)
        if not known or 0 in known:
            if known == [0]:
                return Prepared(Truth.NO, at_option="statement_cache_size", claim="statement_cache_size=0")
            return Prepared(Truth.UNKNOWN)
    return Prepared(
        Truth.YES,
        why="asyncpg prepares every statement under a name and keeps it for the connection",
        remedy="Pass `statement_cache_size=0`.",
        raised='queries fail with `prepared statement "__asyncpg_stmt_1__" does not exist` or `already exists`, and with '
        "several processes some run another client's statement",
        at_option="statement_cache_size",
    )


def named(arguments: Arguments) -> Sql:
    """``Connection.cursor()`` names its statement whatever the cache's size (asyncpg 0.30 to 0.32 ``cursor.py``)."""
    return Sql.NAMED


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``max_size``, default 10; ``min_size`` connections, default 10, are opened at once."""
    given = options.get("limit")
    known = constants(given)
    explicit = Truth.of(None if given is None and arguments.open else given is not None)
    if known and isinstance(known[0], int):
        return Limit(known[0], explicit, "max_size", source="asyncpg 0.32")
    return Limit(10 if given is None else None, explicit, "max_size", source="asyncpg 0.32")


_QUERIES = {
    name: Method(Effect.QUERY, sql=0)
    for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany")
}
_CONNECTION = {
    **_QUERIES,
    "transaction": Method(Effect.TRANSACTION, managed=True),
    "add_listener": Method(Effect.LISTEN, subject=0),
    "remove_listener": Method(),
    "cursor": Method(sends=named),
    "prepare": Method(),
}

DRIVER = Driver(
    name="asyncpg",
    language="python",
    packages=("asyncpg",),
    words=(b"asyncpg",),
    symbols={
        **{
            symbol: Construct(
                "asyncpg.connection",
                Kind.CONNECTION,
                url=(0, "dsn"),
                options=CONNECTION_OPTIONS,
                environment=("PGHOST",),
                close="await {it}.close()",
                prepared=prepared,
            )
            for symbol in ("asyncpg.connect", "asyncpg.connection.connect")
        },
        **{
            symbol: Construct(
                "asyncpg.pool",
                Kind.POOL,
                url=(0, "dsn"),
                options={**CONNECTION_OPTIONS, "max_size": "limit", "min_size": "minimum"},
                environment=("PGHOST",),
                close="await {it}.close()",
                prepared=prepared,
                limit=limit,
            )
            for symbol in ("asyncpg.create_pool", "asyncpg.pool.create_pool")
        },
    },
    types=(
        Type(
            "asyncpg.pool",
            through="pool",
            leaving=Leaving.RELEASE,
            methods={
                **_QUERIES,
                "acquire": Method(
                    Effect.ACQUIRE,
                    returns="asyncpg.pooled",
                    what="checkout",
                    release="await {pool}.release({it})",
                    waits="timeout",
                ),
                "release": Method(Effect.RELEASE, frees=0),
                "close": Method(Effect.CLOSE),
                "terminate": Method(Effect.CLOSE),
            },
        ),
        Type("asyncpg.pooled", through="checkout", methods={**_CONNECTION, "close": Method()}, leaving=Leaving.RELEASE),
        Type(
            "asyncpg.connection",
            through="connection",
            methods={**_CONNECTION, "close": Method(Effect.CLOSE), "terminate": Method(Effect.CLOSE)},
        ),
    ),
    annotations={
        "asyncpg.Pool": "asyncpg.pool",
        "asyncpg.pool.Pool": "asyncpg.pool",
        "asyncpg.Connection": "asyncpg.connection",
        "asyncpg.connection.Connection": "asyncpg.connection",
        "asyncpg.pool.PoolConnectionProxy": "asyncpg.pooled",
    },
)
