"""Peewee: ``PostgresqlDatabase`` with one connection for each thread, and its pooled form.

Facts: peewee 4.5.3 (``peewee.py``: every connection is in autocommit, ``connect()`` keeps it for the thread until
``close()``, and so do ``with database:`` and ``connection_context()``; ``playhouse/pool.py``: 20 connections, beyond them
``connect()`` raises ``MaxConnectionsExceeded`` at once unless ``timeout`` is set; ``playhouse/db_url.py``: ``+pool`` in the
scheme, options in the URL). psycopg2 unless ``prefer_psycopg3``.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Function, Leaving, Method, Type
from pooltlint.drivers.psycopg import from_threshold
from pooltlint.drivers.sqlalchemy import is_postgres
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value, constants

OPTIONS = {
    "host": "host",
    "port": "port",
    "database": "database",
    "options": "startup:options",
    "max_connections": "limit",
    "timeout": "acquire_timeout_seconds",
    "stale_timeout": "recycle_seconds",
    "prefer_psycopg3": "prefer_psycopg3",
    "prepare_threshold": "prepare_threshold",
}
_PLAIN = ("PostgresqlDatabase", "PostgresqlExtDatabase")
_NEWER = ("Psycopg3Database",)


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Nothing with psycopg2; psycopg 3's threshold where that is asked for."""
    if "prefer_psycopg3" not in options and parameters.get("prefer_psycopg3", "") != "true":
        return Prepared(Truth.UNKNOWN if arguments.open else Truth.NO)
    return (
        by_threshold(arguments, options, parameters)
        if constants(options.get("prefer_psycopg3")) == [True]
        else (Prepared(Truth.UNKNOWN))
    )


def by_threshold(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """psycopg 3's threshold, which the database hands on."""
    if arguments.open and "prepare_threshold" not in options:
        return Prepared(Truth.UNKNOWN)
    return from_threshold(options.get("prepare_threshold"), "pass `prepare_threshold=None` to the database")


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``max_connections``, 20 by default; 0 and ``None`` are unlimited."""
    given = options.get("limit")
    known = constants(given)
    explicit = Truth.of(None if given is None and arguments.open else given is not None)
    count = 20 if given is None else known[0] if known and isinstance(known[0], int) and known[0] else None
    return Limit(count, explicit, "max_connections", source="peewee 4.5 playhouse/pool.py")


def _single(newer: bool) -> Construct:
    return Construct(
        "peewee.Database",
        Kind.CONNECTION,
        options=OPTIONS,
        close="{it}.close()",
        prepared=by_threshold if newer else prepared,
        dials="connect",
    )


def _pooled(newer: bool) -> Construct:
    return Construct(
        "peewee.Pool",
        Kind.POOL,
        options=OPTIONS,
        close="{it}.close_all()",
        prepared=by_threshold if newer else prepared,
        limit=limit,
    )


_TRANSACTION = Method(Effect.TRANSACTION, managed=True)
_METHODS = {
    "execute_sql": Method(Effect.QUERY, sql=0),
    "cursor": Method(returns="peewee.cursor"),
    "connection": Method(returns="peewee.Raw"),
    "connection_context": Method(Effect.BORROW, managed=True),
    "atomic": _TRANSACTION,
    "transaction": _TRANSACTION,
    "manual_commit": Method(),
    "begin": Method(Effect.BEGIN),
    "commit": Method(Effect.COMMIT),
    "rollback": Method(Effect.ROLLBACK),
    "connect": Method(),
}

DRIVER = Driver(
    name="Peewee",
    language="python",
    packages=("peewee",),
    several=True,
    dialects=("psycopg2", "psycopg2-binary", "psycopg"),
    rivals=("pymysql", "mysqlclient", "mysql-connector-python"),
    words=(
        b"PostgresqlDatabase",
        b"PostgresqlExtDatabase",
        b"Psycopg3Database",
        b"playhouse.db_url",
        b"import db_url",
        b"playhouse.flask_utils",
    ),
    symbols={
        **{
            f"{module}.{name}": _single(name in _NEWER)
            for module, names in (("peewee", _PLAIN[:1]), ("playhouse.postgres_ext", (*_PLAIN, *_NEWER)))
            for name in names
        },
        **{
            f"{module}.Pooled{name}": _pooled(name in _NEWER)
            for module in ("playhouse.pool", "playhouse.postgres_ext")
            for name in (*_PLAIN, *_NEWER)
        },
        "playhouse.db_url.connect": Construct(
            "peewee.Database",
            Kind.CONNECTION,
            url=(0, "url"),
            options=OPTIONS,
            close="{it}.close()",
            when=is_postgres,
            prepared=prepared,
            dials="connect",
        ),
        "playhouse.flask_utils.FlaskDB": Function(returns="peewee.FlaskDB"),
    },
    types=(
        Type(
            "peewee.Database",
            through="connection",
            ambient=True,
            leaving=Leaving.RELEASE,
            methods={**_METHODS, "close": Method(Effect.CLOSE)},
        ),
        Type(
            "peewee.Pool",
            through="connection",  # of the thread, until close()
            ambient=True,
            methods={**_METHODS, "close": Method(), "close_all": Method(Effect.CLOSE)},
        ),
        Type("peewee.FlaskDB", attributes={"database": "peewee.Pool"}),
        Type("peewee.cursor", through="connection", ambient=True, methods={"execute": Method(Effect.QUERY, sql=0)}),
        Type("peewee.Raw", through="connection", ambient=True, methods={"cursor": Method(returns="peewee.cursor")}),
    ),
)
