"""SQLAlchemy 1.4, 2.0 and 2.1, sync and async, and SQLModel.

Facts: SQLAlchemy 1.4.54, 2.0.58, 2.1.9 (``pool/impl.py``: 5 + 10 overflow; ``dialects/postgresql``:
``postgresql://`` means psycopg2 up to 2.0 and psycopg 3 from 2.1; the asyncpg dialect prepares every
statement), and runs behind PgBouncer without statement tracking: with asyncpg ≥ 0.31
``statement_cache_size=0`` in ``connect_args`` alone suffices, before it needs both caches at 0 and
``prepared_statement_name_func``.
"""

from collections.abc import Iterator, Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Function, Leaving, Method, Type
from pooltlint.drivers.psycopg import from_threshold
from pooltlint.drivers.psycopg2 import held
from pooltlint.model.topology import Ignored, Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import FromEnv, Joined, Literal, OneOf, Value, constants
from pooltlint.model.value import Mapping as Table

OPTIONS = {
    "pool_size": "limit",
    "max_overflow": "overflow",
    "pool_timeout": "acquire_timeout_seconds",
    "pool_recycle": "recycle_seconds",
    "pool_pre_ping": "pre_ping",
    "poolclass": "pool_class",
    "connect_args": "connect_args",
    "connect_args.prepare_threshold": "prepare_threshold",
    "connect_args.statement_cache_size": "statement_cache_size",
    "isolation_level": "isolation_level",
}
_NOT_POSTGRES = (
    "sqlite",
    "mysql",
    "mariadb",
    "mssql",
    "oracle",
    "snowflake",
    "bigquery",
    "duckdb",
    "clickhouse",
    "redshift",
    "trino",
    "hive",
)


def schemes(value: Value | None) -> list[str]:
    """The schemes that a connection string may have, as far as they are written; empty when none is."""
    match value:
        case Literal(value=str() as text):
            return [text.partition(":")[0].lower()] if ":" in text else []
        case Joined(parts=parts) if parts:
            return schemes(parts[0])
        case OneOf(values=several):
            return [each for one in several for each in schemes(one)]
        case FromEnv(default=default):
            return schemes(default)
        case _:
            return []


def is_postgres(arguments: Arguments) -> bool | None:
    """By the scheme of the URL, where it is written."""
    url = arguments.positional[0] if arguments.positional else arguments.keywords.get("url")
    found = [*schemes(url), *arguments.schemes]
    if not found:
        return None
    if all(each.startswith(_NOT_POSTGRES) for each in found):
        return False
    return True if all(each.startswith(("postgres", "cockroach")) for each in found) else None


def dialect(arguments: Arguments, scheme: str) -> str:
    """The DBAPI behind a URL scheme, ``""`` when unknown: depends on the version where none is named."""
    name, plus, driver = scheme.partition("+")
    if not name.startswith("postgres"):
        return ""
    if plus:
        return "psycopg" if driver in ("psycopg", "psycopg_async") else driver
    return {Truth.YES: "psycopg", Truth.NO: "psycopg2", Truth.UNKNOWN: ""}[arguments.at_least("sqlalchemy", "2.1")]


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """By the DBAPI of the URL's scheme and ``connect_args``."""
    url = arguments.positional[0] if arguments.positional else arguments.keywords.get("url")
    names = {dialect(arguments, scheme) for scheme in (*schemes(url), *arguments.schemes)}
    if len(names) != 1:
        return Prepared(Truth.UNKNOWN)
    (name,) = names
    connect = options.get("connect_args")
    if (
        isinstance(connect, OneOf)
        or (connect is not None and not isinstance(connect, Table))
        or (arguments.open and connect is None)
    ):
        return Prepared(Truth.UNKNOWN)
    entries = connect.entries if isinstance(connect, Table) else {}
    is_open = isinstance(connect, Table) and connect.open
    if name == "psycopg":
        if is_open and "prepare_threshold" not in entries:
            return Prepared(Truth.UNKNOWN)
        return from_threshold(
            entries.get("prepare_threshold"), 'pass `connect_args={"prepare_threshold": None}` to the engine'
        )
    if name == "asyncpg":
        return _asyncpg(arguments, entries, is_open, parameters)
    return Prepared(Truth.NO if name in ("psycopg2", "pg8000", "psycopg2cffi") else Truth.UNKNOWN)


def _asyncpg(
    arguments: Arguments, entries: Mapping[str, Value], is_open: bool, parameters: Mapping[str, str]
) -> Prepared:
    cache = constants(entries.get("statement_cache_size"))
    named = "prepared_statement_name_func" in entries
    modern = arguments.at_least("asyncpg", "0.31")
    if "statement_cache_size" in entries and not cache:
        return Prepared(Truth.UNKNOWN)
    if cache == [0] and (named or modern is not Truth.NO):
        return Prepared(
            Truth.NO if named or modern is Truth.YES else Truth.UNKNOWN,
            at_option="statement_cache_size",
            claim="statement_cache_size=0",
        )
    if is_open and not cache:
        return Prepared(Truth.UNKNOWN)
    remedy = (
        'Pass `connect_args={"statement_cache_size": 0}` to the engine.'
        if modern is not Truth.NO
        else (
            'Pass `connect_args={"statement_cache_size": 0, "prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: '
            'f"__asyncpg_{uuid4()}__"}` to the engine, or move to asyncpg 0.31, where `statement_cache_size` alone suffices.'
        )
    )
    halfway = "prepared_statement_cache_size" in entries or parameters.get("prepared_statement_cache_size") == "0"
    return Prepared(
        Truth.YES,
        remedy=remedy,
        why="`prepared_statement_cache_size` alone does not help: the dialect still prepares every statement under a name"
        if halfway
        else "SQLAlchemy's asyncpg dialect prepares every statement under a name",
        raised='queries fail with `prepared statement "__asyncpg_stmt_1__" already exists` or `does not exist`, and with '
        "several processes some run another client's statement",
        at_option="connect_args",
    )


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``pool_size`` + ``max_overflow``: 5 + 10 by default; ``pool_size=0`` and ``max_overflow=-1`` are unlimited."""
    size, overflow = options.get("limit"), options.get("overflow")
    explicit = Truth.of(
        None if size is None and arguments.open else size is not None or overflow is not None or "pool_class" in options
    )
    numbers = [constants(size) if size is not None else [5], constants(overflow) if overflow is not None else [10]]
    if all(len(each) == 1 and isinstance(each[0], int) for each in numbers):
        low, high = int(str(numbers[0][0])), int(str(numbers[1][0]))
        if low == 0 or high < 0:
            return Limit(None, explicit, "pool_size and max_overflow", "unlimited", "SQLAlchemy 2.0 pool/impl.py")
        return Limit(
            low + high, explicit, "pool_size and max_overflow", f"{low} + {high}", "SQLAlchemy 2.0 pool/impl.py"
        )
    return Limit(None, explicit, "pool_size and max_overflow", source="SQLAlchemy 2.0 pool/impl.py")


_NO_POOL = ("NullPool", "StaticPool")
_SIZES = ("pool_size", "max_overflow", "pool_timeout")


def ignored(arguments: Arguments) -> Iterator[Ignored]:
    """A size for a pool that has none: refused by ``create_engine`` (SQLAlchemy 2.0 ``engine/create.py``)."""
    pool = arguments.symbols.get("poolclass", "").rpartition(".")[2]
    if pool in _NO_POOL and "poolclass" in arguments.named:
        for name in _SIZES:
            if name in arguments.named:
                yield Ignored(
                    name,
                    f"has no place beside `poolclass={pool}`: create_engine() raises `TypeError: Invalid argument(s) "
                    f"'{name}' sent to create_engine()`",
                    f"Take `{name}` out, or take `poolclass={pool}` out to have a pool.",
                )


def _engine(makes: str) -> Construct:
    return Construct(
        makes,
        Kind.POOL,
        url=(0, "url"),
        options=OPTIONS,
        close="{it}.dispose()",
        when=is_postgres,
        prepared=prepared,
        limit=limit,
        ignored=ignored,
    )


_SQL = {
    "execute": Method(Effect.QUERY, sql=0),
    "exec_driver_sql": Method(Effect.QUERY, sql=0),
    "scalar": Method(Effect.QUERY, sql=0),
    "scalars": Method(Effect.QUERY, sql=0),
    "exec": Method(Effect.QUERY, sql=0),
}
_ENDS = {
    "commit": Method(Effect.COMMIT),
    "rollback": Method(Effect.ROLLBACK),
    "begin": Method(Effect.TRANSACTION, managed=True),
    "begin_nested": Method(Effect.TRANSACTION, managed=True),
}
_TAKES = frozenset(
    {
        *_SQL,
        "get",
        "get_one",
        "query",
        "refresh",
        "flush",
        "merge",
        "stream",
        "stream_scalars",
        "connection",
        "bulk_save_objects",
        "bulk_insert_mappings",
        "bulk_update_mappings",
    }
)
"""A session takes its connection with the first of these and keeps it to the next commit, rollback or close
(``orm/session.py``: ``SessionTransaction._connection_for_bind``)."""
_SESSION = Method(Effect.ACQUIRE, returns="sqlalchemy.Session", what="session", release="{it}.close()")

DRIVER = Driver(
    name="SQLAlchemy",
    language="python",
    packages=("sqlalchemy", "sqlmodel", "asyncpg"),
    several=True,
    dialects=("psycopg2", "psycopg2-binary", "psycopg", "asyncpg", "pg8000"),
    rivals=(
        "pymysql",
        "mysqlclient",
        "aiomysql",
        "aiosqlite",
        "asyncmy",
        "pyodbc",
        "oracledb",
        "cx-oracle",
        "mysql-connector-python",
    ),
    words=(
        b"create_engine",
        b"create_async_engine",
        b"engine_from_config",
        b"sessionmaker",
        b"scoped_session",
        b"create_pool_from_url",
        b"sqlalchemy.orm import Session",
        b"AsyncSession",
        b"sqlmodel",
    ),
    symbols={
        **{
            symbol: _engine("sqlalchemy.Engine")
            for symbol in (
                "sqlalchemy.create_engine",
                "sqlmodel.create_engine",
                "sqlalchemy.engine.create_engine",
                "sqlalchemy.engine.create.create_engine",
                "sqlalchemy.future.create_engine",
                "sqlalchemy.engine_from_config",
                "sqlalchemy.engine.engine_from_config",
            )
        },
        **{
            symbol: _engine("sqlalchemy.AsyncEngine")
            for symbol in (
                "sqlalchemy.ext.asyncio.create_async_engine",
                "sqlalchemy.ext.asyncio.async_engine_from_config",
                "sqlalchemy.ext.asyncio.engine.create_async_engine",
            )
        },
        **{
            symbol: Function(returns="sqlalchemy.sessionmaker")
            for symbol in (
                "sqlalchemy.orm.sessionmaker",
                "sqlalchemy.ext.asyncio.async_sessionmaker",
                "sqlalchemy.ext.asyncio.session.async_sessionmaker",
                "sqlalchemy.orm.session.sessionmaker",
            )
        },
        "sqlalchemy.event.listens_for": Function(
            decorates=dict.fromkeys(("connect", "first_connect", "checkout", "checkin"), "sqlalchemy.Raw")
        ),
        **{
            symbol: Function(returns="sqlalchemy.scoped_session")
            for symbol in (
                "sqlalchemy.orm.scoped_session",
                "sqlalchemy.orm.scoping.scoped_session",
                "sqlalchemy.ext.asyncio.async_scoped_session",
                "sqlalchemy.ext.asyncio.scoping.async_scoped_session",
            )
        },
        **{
            symbol: Function(passes=0)
            for symbol in ("sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "sqlmodel.text")
        },
        **{
            symbol: Function(method=_SESSION, returns="sqlalchemy.Session")
            for symbol in (
                "sqlalchemy.orm.Session",
                "sqlalchemy.orm.session.Session",
                "sqlmodel.Session",
                "sqlalchemy.ext.asyncio.AsyncSession",
                "sqlalchemy.ext.asyncio.session.AsyncSession",
                "sqlmodel.ext.asyncio.session.AsyncSession",
            )
        },
    },
    types=(
        Type(
            "sqlalchemy.Engine",
            through="pool",
            methods={
                "connect": Method(
                    Effect.ACQUIRE, returns="sqlalchemy.Connection", what="connection", release="{it}.close()"
                ),
                "begin": Method(Effect.TRANSACTION, returns="sqlalchemy.Connection", managed=True),
                "raw_connection": Method(
                    Effect.ACQUIRE, returns="sqlalchemy.Raw", what="connection", release="{it}.close()"
                ),
                "dispose": Method(Effect.CLOSE),
                "execute": Method(Effect.QUERY, sql=0),
                "execution_options": Method(returns="same"),
            },
        ),
        Type(
            "sqlalchemy.AsyncEngine",
            through="pool",
            attributes={"sync_engine": "same"},
            methods={
                "connect": Method(
                    Effect.ACQUIRE, returns="sqlalchemy.Connection", what="connection", release="await {it}.close()"
                ),
                "begin": Method(Effect.TRANSACTION, returns="sqlalchemy.Connection", managed=True),
                "raw_connection": Method(
                    Effect.ACQUIRE, returns="sqlalchemy.Raw", what="connection", release="{it}.close()"
                ),
                "dispose": Method(Effect.CLOSE),
                "execution_options": Method(returns="same"),
            },
        ),
        Type(
            "sqlalchemy.Connection",
            through="checkout",
            transactional=True,
            leaving=Leaving.RELEASE,
            methods={
                **_SQL,
                **_ENDS,
                "close": Method(Effect.RELEASE),
                "aclose": Method(Effect.RELEASE),
                "execution_options": Method(returns="same"),
            },
            free=frozenset(
                {"begin", "begin_nested", "in_transaction"}
            ),  # SQLAlchemy 2.0 default.py: do_begin sends nothing
        ),
        Type(
            "sqlalchemy.Raw",
            through="checkout",
            transactional=True,
            methods={
                "cursor": Method(returns="psycopg2.cursor", sends=held, subject=0),
                "commit": Method(Effect.COMMIT),
                "rollback": Method(Effect.ROLLBACK),
                "close": Method(Effect.RELEASE),
                "invalidate": Method(Effect.RELEASE),
                "detach": Method(Effect.RELEASE),
            },
            free=frozenset({"cursor"}),
        ),
        Type(
            "sqlalchemy.Session",
            through="checkout",
            transactional=True,
            leaving=Leaving.RELEASE,
            takes=_TAKES,
            methods={
                **_SQL,
                **_ENDS,
                "close": Method(Effect.RELEASE),
                "remove": Method(Effect.RELEASE),
                "aclose": Method(Effect.RELEASE),
                "invalidate": Method(Effect.RELEASE),
                "reset": Method(Effect.RELEASE),
                "connection": Method(returns="sqlalchemy.Borrowed"),
            },
        ),
        Type("sqlalchemy.Borrowed", through="checkout", transactional=True, methods=_SQL),
        Type(
            "sqlalchemy.sessionmaker",
            calls=_SESSION,
            methods={"begin": Method(Effect.TRANSACTION, returns="sqlalchemy.Session", managed=True)},
            free=frozenset({"configure"}),
        ),
        Type(
            "sqlalchemy.scoped_session",
            through="checkout",
            transactional=True,
            calls=Method(returns="sqlalchemy.Scoped"),
            methods={**_SQL, **_ENDS, "remove": Method(Effect.CLOSE), "close": Method()},
        ),
        Type("sqlalchemy.Scoped", through="checkout", transactional=True, methods={**_SQL, **_ENDS, "close": Method()}),
    ),
    annotations={
        "sqlalchemy.Engine": "sqlalchemy.Engine",
        "sqlalchemy.engine.Engine": "sqlalchemy.Engine",
        "sqlalchemy.engine.base.Engine": "sqlalchemy.Engine",
        "sqlalchemy.ext.asyncio.AsyncEngine": "sqlalchemy.AsyncEngine",
        "sqlalchemy.Connection": "sqlalchemy.Connection",
        "sqlalchemy.engine.Connection": "sqlalchemy.Connection",
        "sqlalchemy.ext.asyncio.AsyncConnection": "sqlalchemy.Connection",
        "sqlalchemy.engine.base.Connection": "sqlalchemy.Connection",
        "sqlalchemy.ext.asyncio.engine.AsyncConnection": "sqlalchemy.Connection",
        "sqlalchemy.ext.asyncio.engine.AsyncEngine": "sqlalchemy.AsyncEngine",
        "sqlalchemy.orm.scoped_session": "sqlalchemy.scoped_session",
        "sqlalchemy.ext.asyncio.async_scoped_session": "sqlalchemy.scoped_session",
        "sqlalchemy.ext.asyncio.session.AsyncSession": "sqlalchemy.Session",
        "sqlalchemy.ext.asyncio.session.async_sessionmaker": "sqlalchemy.sessionmaker",
        "sqlalchemy.orm.Session": "sqlalchemy.Session",
        "sqlalchemy.orm.session.Session": "sqlalchemy.Session",
        "sqlmodel.Session": "sqlalchemy.Session",
        "sqlalchemy.ext.asyncio.AsyncSession": "sqlalchemy.Session",
        "sqlmodel.ext.asyncio.session.AsyncSession": "sqlalchemy.Session",
        "sqlalchemy.orm.sessionmaker": "sqlalchemy.sessionmaker",
        "sqlalchemy.ext.asyncio.async_sessionmaker": "sqlalchemy.sessionmaker",
    },
)
