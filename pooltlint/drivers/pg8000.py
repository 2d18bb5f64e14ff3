"""pg8000: connections in pure Python, DB-API and native.

Facts: pg8000 1.31.6 (``core.py``: leaving ``with connection`` closes it; ``dbapi.py`` begins a transaction before
the first statement, ``native.py`` does not; both send unnamed statements, names come with ``prepare()`` alone).
It has no pool and reads no connection string.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Leaving, Method, Type
from pooltlint.model.topology import Kind, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value

OPTIONS = {"host": "host", "port": "port", "database": "database", "startup_params": "startup"}


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Not unless ``prepare()`` is called."""
    return Prepared(Truth.NO)


def _connect(makes: str) -> Construct:
    return Construct(makes, Kind.CONNECTION, options=OPTIONS, close="{it}.close()", prepared=prepared)


_RUN = Method(Effect.QUERY, sql=0)
_ENDS = {"commit": Method(Effect.COMMIT), "rollback": Method(Effect.ROLLBACK), "close": Method(Effect.CLOSE)}

DRIVER = Driver(
    name="pg8000",
    language="python",
    packages=("pg8000",),
    words=(b"import pg8000", b"from pg8000", b"pg8000."),
    symbols={
        **{
            symbol: _connect("pg8000.connection")
            for symbol in ("pg8000.connect", "pg8000.dbapi.connect", "pg8000.legacy.connect", "pg8000.dbapi.Connection")
        },
        "pg8000.native.Connection": _connect("pg8000.native"),
    },
    types=(
        Type(
            "pg8000.connection",
            through="connection",
            transactional=True,
            leaving=Leaving.RELEASE,
            free=frozenset({"cursor"}),
            methods={"cursor": Method(returns="pg8000.cursor"), "run": _RUN, **_ENDS},
        ),
        Type(
            "pg8000.native",
            through="connection",
            leaving=Leaving.RELEASE,
            methods={"run": _RUN, "prepare": Method(), "close": Method(Effect.CLOSE)},
        ),
        Type(
            "pg8000.cursor",
            through="connection",
            transactional=True,
            methods={"execute": Method(Effect.QUERY, sql=0), "executemany": Method(Effect.QUERY, sql=0)},
        ),
    ),
    annotations={
        "pg8000.Connection": "pg8000.connection",
        "pg8000.legacy.Connection": "pg8000.connection",
        "pg8000.Cursor": "pg8000.cursor",
        "pg8000.dbapi.Cursor": "pg8000.cursor",
        "pg8000.legacy.Cursor": "pg8000.cursor",
    },
)
