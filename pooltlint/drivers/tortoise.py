"""Tortoise ORM: its set-up, its connections and its transactions.

Facts: Tortoise ORM 1.1.9 (``backends/base/config_generator.py``: ``postgres``, ``postgresql`` and ``asyncpg`` URLs mean
asyncpg, ``psycopg`` means psycopg 3, and ``statement_cache_size`` may stand in the URL; ``backends/base_postgres/client.py``:
pools of ``minsize`` = 1 to ``maxsize`` = 5, made at the first query; ``transactions.py``, ``contrib/*``: set-up at start-up
and clean-up at shutdown; inside of ``in_transaction()`` every query of the task runs on its connection).
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Function, Leaving, Method, Type, asyncpg, psycopg
from pooltlint.drivers.sqlalchemy import schemes
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Literal, Value, constants
from pooltlint.model.value import Mapping as Table

_CREDENTIALS = {
    "host": "host",
    "port": "port",
    "database": "database",
    "maxsize": "limit",
    "minsize": "minimum",
    "statement_cache_size": "statement_cache_size",
    "server_settings": "startup",
}
_ENTRIES = ("connections.*", "config.connections.*")
OPTIONS = {
    **{f"{entry}.credentials.{name}": canonical for entry in _ENTRIES for name, canonical in _CREDENTIALS.items()},
    **{f"{entry}.engine": "engine" for entry in _ENTRIES},
}
_ENGINES = {"tortoise.backends.asyncpg": "asyncpg", "tortoise.backends.psycopg": "psycopg"}
_SCHEMES = {"postgres": "asyncpg", "postgresql": "asyncpg", "asyncpg": "asyncpg", "psycopg": "psycopg"}


def _connections(arguments: Arguments) -> Iterator[Value]:
    config = arguments.keywords.get("config")
    table = config.entries if isinstance(config, Table) else arguments.keywords
    found = table.get("connections")
    yield from found.entries.values() if isinstance(found, Table) else ()


def backends(arguments: Arguments) -> set[str]:
    """The DBAPIs that the connections are made with, as far as URLs and engines are written; ``""`` for another database."""
    found = {_SCHEMES.get(each.partition("+")[0], "") for each in arguments.schemes}
    for each in (arguments.keywords.get("db_url"), *_connections(arguments)):
        if isinstance(each, Table):
            found |= {_ENGINES.get(str(engine), "") for engine in constants(each.entries.get("engine"))}
        else:
            found |= {_SCHEMES.get(scheme, "") for scheme in schemes(each)}
    return found


def is_postgres(arguments: Arguments) -> bool | None:
    """By the scheme of the URL, or the engine of the configuration."""
    found = backends(arguments)
    return None if not found or ("" in found and len(found) > 1) else "" not in found


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """asyncpg's or psycopg's, by the backend."""
    found = backends(arguments) - {""}
    if found == {"psycopg"}:
        made = psycopg.from_threshold(None, "use the asyncpg backend with `statement_cache_size=0`")
        return replace(made, remedy="Use the asyncpg backend with `?statement_cache_size=0` in the URL.")
    if len(found) != 1:
        return Prepared(Truth.UNKNOWN)
    inner = dict(options)
    if parameters.get("statement_cache_size", "").isdigit():
        inner["statement_cache_size"] = Literal(int(parameters["statement_cache_size"]))
    made = asyncpg.prepared(arguments, inner, parameters)
    remedy = 'Append `?statement_cache_size=0` to the URL, or put `"statement_cache_size": 0` into the `credentials`.'
    return replace(made, remedy=remedy) if made.names is Truth.YES else made


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``maxsize`` in the credentials or the URL, 5 by default."""
    given = options.get("limit")
    known = constants(given) or ([int(parameters["maxsize"])] if parameters.get("maxsize", "").isdigit() else [])
    source = "Tortoise ORM 1.1 backends/base_postgres/client.py"
    if known and isinstance(known[0], int):
        return Limit(known[0], Truth.YES, "maxsize", source=source)
    readable = any(True for _ in _connections(arguments)) or "db_url" in arguments.keywords
    explicit = Truth.YES if given is not None else Truth.NO if readable and not arguments.open else Truth.UNKNOWN
    return Limit(None if given is not None else 5, explicit, "maxsize", source=source)


def _set_up(record: int) -> Construct:
    return Construct(
        "tortoise.Tortoise",
        Kind.POOL,
        url=("db_url", *_ENTRIES),
        record=record,
        options=OPTIONS,
        close="await Tortoise.close_connections()",
        when=is_postgres,
        prepared=prepared,
        limit=limit,
        undone=frozenset({"close_connections", "close_all"}),
    )


_QUERIES = {
    name: Method(Effect.QUERY, sql=0)
    for name in (
        "execute_query",
        "execute_query_dict",
        "execute_query_dict_with_affected",
        "execute_script",
        "execute_many",
        "execute_insert",
    )
}
_TRANSACTION = Method(Effect.TRANSACTION, returns="tortoise.Transaction", managed=True)
_FRAMEWORKS = ("aiohttp", "blacksheep", "fastapi", "quart", "sanic", "starlette")

DRIVER = Driver(
    name="Tortoise ORM",
    language="python",
    packages=("tortoise-orm", "asyncpg"),
    several=True,
    keeps=True,
    dialects=("asyncpg", "psycopg"),
    rivals=("asyncmy", "aiomysql", "asyncodbc"),  # aiosqlite comes with it
    words=(
        b"Tortoise.init(",
        b"register_tortoise",
        b"RegisterTortoise",
        b"TortoiseContext",
        b"tortoise.transactions import",
        b"Tortoise.get_connection(",
        b"tortoise import connections",
        b"tortoise.connection import",
        b"Tortoise, connections",
    ),
    symbols={
        "tortoise.Tortoise.init": _set_up(0),
        "tortoise.contrib.fastapi.RegisterTortoise": _set_up(1),
        **{f"tortoise.contrib.{each}.register_tortoise": _set_up(1) for each in _FRAMEWORKS},
        **{
            symbol: Function(returns="tortoise.Client")
            for symbol in ("tortoise.Tortoise.get_connection", "tortoise.connection.get_connection")
        },
        **{
            f"tortoise.transactions.{each}": Function(returns="tortoise.Transaction", method=_TRANSACTION)
            for each in ("in_transaction", "atomic")
        },
        "tortoise.context.TortoiseContext": Function(returns="tortoise.Context"),
        "tortoise.TortoiseContext": Function(returns="tortoise.Context"),
    },
    types=(
        Type("tortoise.Tortoise", leaving=Leaving.RELEASE),
        Type(
            "tortoise.Context",
            leaving=Leaving.RELEASE,
            attributes={"connections": "tortoise.Connections"},
            methods={
                "db": Method(returns="tortoise.Client"),
                "close_connections": Method(Effect.CLOSE),
            },
        ),
        Type(
            "tortoise.Connections",
            methods={"get": Method(returns="tortoise.Client"), "close_all": Method(Effect.CLOSE)},
        ),
        Type(
            "tortoise.Client",
            through="pool",
            ambient=True,
            methods={**_QUERIES, "_in_transaction": _TRANSACTION, "close": Method(Effect.CLOSE)},
        ),
        Type("tortoise.Transaction", through="transaction", methods=_QUERIES),
    ),
    values={
        "tortoise.connections": "tortoise.Connections",
        "tortoise.connection.connections": "tortoise.Connections",
    },
)
