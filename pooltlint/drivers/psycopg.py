"""psycopg 3 and psycopg_pool.

Facts: psycopg 3.3.9 (``_preparing.py``, ``connection.py``), psycopg_pool 3.3.3: a statement is prepared
after ``prepare_threshold`` = 5 executions on one connection; ``None`` switches it off, 0 prepares at once;
the pool's default is 4 to 4. Behind a tracking PgBouncer it works from 1.22 with libpq 17.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Leaving, Method, Type
from pooltlint.drivers.psycopg2 import held
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Mapping as Table
from pooltlint.model.value import Value, constants

CONNECTION_OPTIONS = {
    "prepare_threshold": "prepare_threshold",
    "options": "startup:options",
    "host": "host",
    "port": "port",
    "dbname": "database",
    "autocommit": "autocommit",
}


POOL_OPTIONS = {
    "min_size": "minimum",
    "max_size": "limit",
    "timeout": "acquire_timeout_seconds",
    "kwargs.prepare_threshold": "prepare_threshold",
}


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """By ``prepare_threshold``; a URL cannot carry it (libpq refuses unknown parameters)."""
    given = options.get("prepare_threshold")
    if (given is None and arguments.open) or "cursor_factory" in arguments.keywords:
        return Prepared(Truth.UNKNOWN)  # a ClientCursor prepares nothing (psycopg 3.3 client_cursor.py)
    return from_threshold(given, "pass `prepare_threshold=None`")


def from_threshold(given: Value | None, remedy: str) -> Prepared:
    """What ``prepare_threshold`` means, given as a value or not at all."""
    after = 5
    if given is None:
        why = "psycopg prepares a statement after its fifth execution on a connection"
    else:
        known = constants(given)
        if not known or (len(known) > 1 and None in known):
            return Prepared(Truth.UNKNOWN)
        if known[0] is None:
            return Prepared(Truth.NO, at_option="prepare_threshold", claim="prepare_threshold=None")
        after = known[0] if isinstance(known[0], int) else after
        why = (
            "`prepare_threshold=0` makes psycopg prepare every statement at its first execution, only `None` switches it off"
            if known[0] == 0
            else f"psycopg prepares a statement after {known[0]} executions on a connection"
        )
    return Prepared(
        Truth.YES,
        why=why,
        remedy=f"To switch it off, {remedy} (`None`, not 0).",
        raised='queries fail with `prepared statement "_pg3_0" already exists` or `does not exist`, and some run another '
        "client's statement of the same name",
        at_option="prepare_threshold",
        claim="prepare_threshold=0" if after == 0 else "",
        after=after,
    )


def pool_prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Pools hand ``kwargs`` on to their connections."""
    inner = arguments.keywords.get("kwargs")
    if inner is None:
        return (
            Prepared(Truth.UNKNOWN)
            if arguments.open or "configure" in arguments.keywords
            else from_threshold(None, 'pass `kwargs={"prepare_threshold": None}` to the pool')
        )
    if (
        not isinstance(inner, Table)
        or (inner.open and "prepare_threshold" not in inner.entries)
        or "cursor_factory" in inner.entries
    ):
        return Prepared(Truth.UNKNOWN)
    return from_threshold(
        inner.entries.get("prepare_threshold"), 'add `"prepare_threshold": None` to the pool\'s `kwargs`'
    )


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``max_size``; without it the pool has ``min_size``, 4 by default."""
    given = options.get("limit")
    known = constants(given)
    if known and isinstance(known[0], int):
        return Limit(known[0], Truth.YES, "max_size", source="psycopg_pool 3.3")
    if given is None and not arguments.open:
        low = constants(options.get("minimum"))
        count = low[0] if low and isinstance(low[0], int) else 4
        return Limit(count, Truth.NO, "max_size", source="psycopg_pool 3.3")
    return Limit(None, Truth.UNKNOWN if given is None else Truth.YES, "max_size", source="psycopg_pool 3.3")


def _connection(name: str, through: str, leaving: Leaving, cursor: str) -> Type:
    return Type(
        name,
        through=through,
        leaving=leaving,
        transactional=True,
        free=frozenset({"cursor"}),
        methods={
            "execute": Method(Effect.QUERY, sql=0, returns=cursor),
            "cursor": Method(returns=cursor, sends=held, subject=0),
            "commit": Method(Effect.COMMIT),
            "rollback": Method(Effect.ROLLBACK),
            "close": Method(Effect.CLOSE),
            "transaction": Method(Effect.TRANSACTION, managed=True),
        },
    )


POOL_METHODS = {
    "connection": Method(Effect.BORROW, returns="psycopg.pooled", managed=True),
    "getconn": Method(Effect.ACQUIRE, returns="psycopg.taken", what="checkout", release="{pool}.putconn({it})"),
    "putconn": Method(Effect.RELEASE, frees=0, twice="raises `ValueError: can't return connection to pool`"),
    "close": Method(Effect.CLOSE),
    "open": Method(),
    "wait": Method(),
}
_POOLS = ("ConnectionPool", "AsyncConnectionPool", "NullConnectionPool", "AsyncNullConnectionPool")

DRIVER = Driver(
    name="psycopg 3",
    language="python",
    packages=("psycopg", "psycopg-pool"),
    words=(
        b"psycopg_pool",
        b"import psycopg\n",
        b"import psycopg\r",
        b"import psycopg ",
        b"import psycopg,",
        b"from psycopg ",
        b"psycopg.",
    ),
    symbols={
        **{
            symbol: Construct(
                "psycopg.connection",
                Kind.CONNECTION,
                url=(0, "conninfo"),
                options=CONNECTION_OPTIONS,
                environment=("PGHOST",),
                close="{it}.close()",
                prepared=prepared,
            )
            for symbol in (
                "psycopg.connect",
                "psycopg.Connection.connect",
                "psycopg.AsyncConnection.connect",
                "psycopg.connection.Connection.connect",
                "psycopg.connection_async.AsyncConnection.connect",
            )
        },
        **{
            f"psycopg_pool.{name}": Construct(
                "psycopg.pool",
                Kind.POOL,
                url=(0, "conninfo"),
                options=POOL_OPTIONS,
                close="{it}.close()",
                prepared=pool_prepared,
                limit=limit,
            )
            for name in _POOLS
        },
    },
    types=(
        Type("psycopg.pool", through="pool", methods=POOL_METHODS, leaving=Leaving.RELEASE),
        _connection("psycopg.connection", "connection", Leaving.RELEASE, "psycopg.cursor"),
        _connection("psycopg.pooled", "checkout", Leaving.RELEASE, "psycopg.cursor"),
        # getconn(): "with conn" ends the transaction and, for a pooled connection, does not close it
        _connection("psycopg.taken", "checkout", Leaving.COMMIT, "psycopg.cursor"),
        Type(
            "psycopg.cursor",
            through="connection",
            transactional=True,
            methods={
                "execute": Method(Effect.QUERY, sql=0, returns="same"),
                "executemany": Method(Effect.QUERY, sql=0),
            },
        ),
    ),
    annotations={
        "psycopg.Connection": "psycopg.connection",
        "psycopg.AsyncConnection": "psycopg.connection",
        "psycopg.Cursor": "psycopg.cursor",
        "psycopg.AsyncCursor": "psycopg.cursor",
        **{f"psycopg_pool.{name}": "psycopg.pool" for name in _POOLS},
    },
)
