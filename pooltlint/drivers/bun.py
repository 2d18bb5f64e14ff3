"""Bun's own client: ``SQL`` and the ready-made ``sql``.

Facts: bun-types 1.4.5 (``sql.d.ts``, ``docs/runtime/sql.mdx``): 10 connections, every query a named prepared
statement unless ``prepare: false`` in the options or ``?prepare=false``; it speaks to MySQL and SQLite, too.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Leaving, Method, Type, bounded, dialect
from pooltlint.drivers.postgres_js import TAGGED
from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import FromEnv, OneOf, Value, constants

OPTIONS = {
    "max": "limit",
    "idleTimeout": "idle_timeout_seconds",
    "idle_timeout": "idle_timeout_seconds",
    "connectionTimeout": "connect_timeout_seconds",
    "maxLifetime": "lifetime_seconds",
    "max_lifetime": "lifetime_seconds",
    "prepare": "prepare",
    "connection": "startup",
    "hostname": "host",
    "host": "host",
    "port": "port",
    "database": "database",
}
_of_pool = bounded(10, "max", "bun-types 1.4.5")


def is_postgres(arguments: Arguments) -> bool | None:
    """``adapter``, the scheme of the connection string, or a host without an adapter, which is Postgres."""
    found = dialect(arguments, "adapter")
    if found is None and not arguments.open and arguments.keywords.keys() & {"host", "hostname"}:
        return "adapter" not in arguments.keywords and "url" not in arguments.keywords
    return found


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Named unless ``prepare: false``."""
    given = options.get("prepare")
    known = constants(given)
    if parameters.get("prepare") == "false" and given is None:
        return Prepared(Truth.NO, at_option="prepare", claim="?prepare=false")
    if given is not None:
        if known and not any(known):
            return Prepared(Truth.NO, at_option="prepare", claim="prepare: false")
        if not known or isinstance(given, OneOf | FromEnv):
            return Prepared(Truth.UNKNOWN)
    elif arguments.open:
        return Prepared(Truth.UNKNOWN)
    return Prepared(
        Truth.YES,
        why="Bun makes a named prepared statement of every query",
        remedy="Add `prepare: false` to the options of SQL().",
        raised='queries fail with `prepared statement "…" does not exist`',
        at_option="prepare",
    )


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``max`` in the options or the connection string, default 10."""
    given = parameters.get("max", "")
    if "limit" not in options and given.isdigit():
        return Limit(int(given), Truth.YES, "max", source="bun-types 1.4.5")
    return _of_pool(arguments, options, parameters)


_UNSAFE = {"unsafe": Method(Effect.QUERY, sql=0)}
_TRANSACTION = Method(Effect.TRANSACTION, callback=-1, gives=("bun.TransactionSQL",))

DRIVER = Driver(
    name="Bun SQL",
    language="javascript",
    packages=("bun", "@types/bun", "bun-types"),
    several=True,
    environment=("DATABASE_URL", "POSTGRES_URL", "PGURL", "PG_URL"),
    words=(
        b"new SQL(",
        b"Bun.sql",
        b"Bun.SQL",
        b'sql } from "bun"',
        b"sql } from 'bun'",
        b'SQL } from "bun"',
        b"SQL } from 'bun'",
    ),
    symbols={
        symbol: Construct(
            "bun.SQL",
            Kind.POOL,
            url=(0, "url"),
            record=0,
            options=OPTIONS,
            environment=("DATABASE_URL", "POSTGRES_URL", "PGURL", "PG_URL"),
            close="await {it}.close()",
            when=is_postgres,
            prepared=prepared,
            limit=limit,
        )
        for symbol in ("bun.SQL", "Bun.SQL")
    },
    types=(
        Type(
            "bun.SQL",
            through="pool",
            tag=TAGGED,
            methods={
                **_UNSAFE,
                "begin": _TRANSACTION,
                "transaction": _TRANSACTION,
                "reserve": Method(Effect.ACQUIRE, returns="bun.ReservedSQL", what="checkout", release="{it}.release()"),
                "listen": Method(Effect.LISTEN, subject=0),
                "notify": Method(Effect.NOTIFY, subject=0),
                "close": Method(Effect.CLOSE),
                "end": Method(Effect.CLOSE),
            },
        ),
        Type(
            "bun.ReservedSQL",
            through="checkout",
            tag=TAGGED,
            leaving=Leaving.RELEASE,
            methods={**_UNSAFE, "release": Method(Effect.RELEASE), "close": Method(Effect.RELEASE)},
        ),
        Type(
            "bun.TransactionSQL",
            through="transaction",
            tag=TAGGED,
            methods={
                **_UNSAFE,
                "savepoint": Method(Effect.TRANSACTION, callback=-1, gives=("bun.TransactionSQL",)),
            },
        ),
    ),
    annotations={
        "bun.SQL": "bun.SQL",
        "bun.ReservedSQL": "bun.ReservedSQL",
        "bun.TransactionSQL": "bun.TransactionSQL",
    },
    values={"bun.sql": "bun.SQL", "Bun.sql": "bun.SQL"},
)
