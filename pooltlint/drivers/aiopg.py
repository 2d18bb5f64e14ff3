"""aiopg: connections and pools over psycopg2's asynchronous mode, and the engine of ``aiopg.sa``.

Facts: aiopg 1.4.0 (``pool.py``: 1 to 10 connections, ``acquire`` gives up after ``timeout`` = 60 seconds;
``connection.py``: always autocommit, ``commit()`` and ``rollback()`` raise; ``sa/engine.py``). Statements go
through psycopg2, which prepares nothing.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Leaving, Method, Type
from pooltlint.drivers.psycopg2 import CONNECTION_OPTIONS, CURSOR_QUERIES, prepared
from pooltlint.model.topology import Kind, Limit
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value, constants

POOL_OPTIONS = {
    **CONNECTION_OPTIONS,
    "maxsize": "limit",
    "minsize": "minimum",
    "timeout": "acquire_timeout_seconds",
    "pool_recycle": "recycle_seconds",
}


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``maxsize``, 10 by default; 0 is unlimited."""
    given = options.get("limit")
    known = constants(given)
    explicit = Truth.of(None if given is None and arguments.open else given is not None)
    if known and isinstance(known[0], int):
        return Limit(known[0] or None, explicit, "maxsize", "" if known[0] else "unlimited", "aiopg 1.4 pool.py")
    return Limit(10 if given is None else None, explicit, "maxsize", source="aiopg 1.4 pool.py")


_CURSOR = Method(returns="aiopg.cursor")
_TWICE = "raises `AssertionError`, for the connection is no longer in use"


def _pool(makes: str) -> Construct:
    return Construct(
        makes,
        Kind.POOL,
        url=(0, "dsn"),
        options=POOL_OPTIONS,
        environment=("PGHOST",),
        close="{it}.close()",
        prepared=prepared,
        limit=limit,
    )


_SA = {"execute": Method(Effect.QUERY, sql=0), "scalar": Method(Effect.QUERY, sql=0)}

DRIVER = Driver(
    name="aiopg",
    language="python",
    packages=("aiopg",),
    words=(b"aiopg",),
    symbols={
        **{
            symbol: Construct(
                "aiopg.connection",
                Kind.CONNECTION,
                url=(0, "dsn"),
                options=CONNECTION_OPTIONS,
                environment=("PGHOST",),
                close="{it}.close()",
                prepared=prepared,
            )
            for symbol in ("aiopg.connect", "aiopg.connection.connect")
        },
        **{symbol: _pool("aiopg.pool") for symbol in ("aiopg.create_pool", "aiopg.pool.create_pool")},
        **{symbol: _pool("aiopg.engine") for symbol in ("aiopg.sa.create_engine", "aiopg.sa.engine.create_engine")},
    },
    types=(
        Type(
            "aiopg.pool",
            through="pool",
            leaving=Leaving.RELEASE,
            methods={
                # a plain call that hands the waking of others to a task
                "acquire": Method(
                    Effect.ACQUIRE, returns="aiopg.pooled", what="checkout", release="{pool}.release({it})"
                ),
                "release": Method(Effect.RELEASE, frees=0, twice=_TWICE),
                # ``with (await pool) as connection`` binds a connection, whose ``cursor`` owns nothing
                "cursor": Method(Effect.BORROW, returns="aiopg.cursor", managed=True),
                "close": Method(Effect.CLOSE),
                "terminate": Method(Effect.CLOSE),
            },
        ),
        Type(
            "aiopg.pooled",
            through="checkout",
            leaving=Leaving.RELEASE,
            methods={"cursor": _CURSOR, "close": Method(Effect.CLOSE)},
        ),
        Type(
            "aiopg.connection",
            through="connection",
            at_once=True,
            leaving=Leaving.RELEASE,
            methods={"cursor": _CURSOR, "close": Method(Effect.CLOSE)},
        ),
        Type(
            "aiopg.cursor",
            through="connection",
            methods={**CURSOR_QUERIES, "begin": Method(Effect.TRANSACTION, managed=True)},
        ),
        Type(
            "aiopg.engine",
            through="pool",
            leaving=Leaving.RELEASE,
            methods={
                "acquire": Method(
                    Effect.ACQUIRE, returns="aiopg.sa", what="connection", release="{pool}.release({it})"
                ),
                "release": Method(Effect.RELEASE, frees=0, twice=_TWICE),
                "close": Method(Effect.CLOSE),
                "terminate": Method(Effect.CLOSE),
            },
        ),
        Type(
            "aiopg.sa",
            through="checkout",
            leaving=Leaving.RELEASE,
            methods={
                **_SA,
                "begin": Method(Effect.TRANSACTION, managed=True),
                "begin_nested": Method(Effect.TRANSACTION, managed=True),
                "close": Method(Effect.RELEASE),
            },
        ),
    ),
    annotations={
        "aiopg.Pool": "aiopg.pool",
        "aiopg.pool.Pool": "aiopg.pool",
        "aiopg.Connection": "aiopg.connection",
        "aiopg.connection.Connection": "aiopg.connection",
        "aiopg.Cursor": "aiopg.cursor",
        "aiopg.sa.Engine": "aiopg.engine",
        "aiopg.sa.engine.Engine": "aiopg.engine",
        "aiopg.sa.SAConnection": "aiopg.sa",
        "aiopg.sa.connection.SAConnection": "aiopg.sa",
    },
)
