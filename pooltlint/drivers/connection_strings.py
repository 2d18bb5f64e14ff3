"""What drivers reject in a connection string, and what they take for something else.

Facts: run with psycopg 3.3.9, psycopg2 2.9.13 (libpq 18), asyncpg 0.32, SQLAlchemy 2.1.9 and dj-database-url;
read in postgres 3.4.9 (``src/index.js``), pg-connection-string (``index.js``), bun-types 1.4.5
(``docs/runtime/sql.mdx``) and prisma-engines (``quaint/src/connector/postgres/url.rs``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pooltlint.model.truth import Truth
from pooltlint.model.url import MASK, Dsn


class Reader(Enum):
    """Who takes a connection string apart. ``ALCHEMY_…``: SQLAlchemy does, and calls the driver with keywords."""

    LIBPQ = "libpq"
    ASYNCPG = "asyncpg"
    ALCHEMY_LIBPQ = "SQLAlchemy over psycopg"
    ALCHEMY_ASYNCPG = "SQLAlchemy over asyncpg"
    ALCHEMY_PG8000 = "SQLAlchemy over pg8000"
    ALCHEMY = "SQLAlchemy"
    DJANGO = "Django"
    POSTGRES_JS = "postgres.js"
    BUN = "Bun"
    PG = "node-postgres"
    PRISMA = "Prisma"


@dataclass(frozen=True, slots=True)
class Refused:
    """Some parts of a connection string that one reader does not take, for one reason.

    ``why``: a sentence that follows the parts' names. ``sent``: they go to the server, which refuses what it does not
    know; a pooler may drop them before. ``version``: it depends on a version that is not known. ``instead``: what to
    write in place of a part, where one thing is surely meant.
    """

    parts: tuple[str, ...]
    why: str
    remedy: str
    sent: bool = False
    version: bool = False
    instead: tuple[tuple[str, str], ...] = ()


_PRISMA = frozenset(
    "pgbouncer connection_limit pool_timeout statement_cache_size schema socket_timeout max_connection_lifetime"
    " max_idle_connection_lifetime sslaccept sslidentity single_use_connections".split()
)
"""Parameters of Prisma's engine that are nobody else's."""

_JDBC = frozenset(
    "prepareThreshold currentSchema preferQueryMode reWriteBatchedInserts ApplicationName sslfactory stringtype"
    " loginTimeout socketTimeout connectTimeout defaultRowFetchSize targetServerType loadBalanceHosts tcpKeepAlive"
    " preparedStatementCacheQueries assumeMinServerVersion binaryTransfer".split()
)
"""Parameters of pgjdbc that are nobody else's (pgjdbc ``PGProperty.java``)."""

_POOLS = frozenset(
    "pool_size max_overflow pool_pre_ping pool_recycle max min max_size min_size poolSize max_connections"
    " prepare prepare_threshold default_query_exec_mode prepared_statements prepared_statement_cache_size"
    " pool_max_conns pool_min_conns search_path charset encoding useUnicode characterEncoding uselibpqcompat".split()
)
"""Options of pools and clients that libraries take elsewhere, or that other libraries take."""

_SSL_MODES = frozenset("disable allow prefer require verify-ca verify-full".split())
_FOREIGN = _PRISMA | _JDBC | _POOLS
_OF_SERVER = frozenset({"search_path", "max_connections"})
"""Names that the server does know."""

_BY_ASYNCPG = frozenset(
    "host port user password passfile database loop timeout statement_cache_size max_cached_statement_lifetime"
    " max_cacheable_statement_size command_timeout ssl direct_tls connection_class record_class server_settings"
    " target_session_attrs krbsrvname gsslib service servicefile prepared_statement_cache_size"
    " prepared_statement_name_func async_fallback async_creator_fn plugin".split()
)
"""What ``asyncpg.connect`` takes by keyword, and the dialect itself (``dialects/postgresql/asyncpg.py``)."""

_NUMBERS = frozenset(
    "connection_limit pool_timeout connect_timeout socket_timeout statement_cache_size max_connection_lifetime"
    " max_idle_connection_lifetime".split()
)
_WORD = re.compile(r"[A-Za-z0-9.-]+")
_SIGNS = {
    Reader.LIBPQ: "@/%",
    Reader.DJANGO: "/?#[",
    Reader.ASYNCPG: "@/?#[",
    Reader.ALCHEMY: "@",
    Reader.ALCHEMY_LIBPQ: "@",
    Reader.ALCHEMY_ASYNCPG: "@",
    Reader.ALCHEMY_PG8000: "@",
    Reader.PG: "/?#",
    Reader.POSTGRES_JS: "/?#%",
    Reader.BUN: "/?#",
    Reader.PRISMA: "/?#",
}
"""Signs in a user name or password that end it early, or that are refused, for each reader."""

_ESCAPED = {"@": "%40", "/": "%2F", "?": "%3F", "#": "%23", "[": "%5B", "%": "%25"}


def reader(library: str, type_: str, scheme: str) -> Reader | None:
    """Who reads the connection string of a client, ``None`` for those that forgive everything, or are not known."""
    match library:
        case "psycopg2" | "psycopg 3" | "aiopg":
            return Reader.LIBPQ
        case "asyncpg":
            return Reader.ASYNCPG
        case "SQLAlchemy" | "Flask-SQLAlchemy":
            return _DIALECTS.get(scheme.partition("+")[2], Reader.ALCHEMY)
        case "Django":
            return Reader.DJANGO
        case "postgres.js":
            return Reader.POSTGRES_JS
        case "Bun SQL":
            return Reader.BUN
        case "node-postgres":
            return Reader.PG
        case "Prisma":
            return (
                Reader.PG if type_ == "prisma.PrismaPg" else Reader.PRISMA if type_ == "prisma.PrismaClient" else None
            )
        case _:
            return None


_DIALECTS = {
    "": Reader.ALCHEMY_LIBPQ,
    "psycopg2": Reader.ALCHEMY_LIBPQ,
    "psycopg": Reader.ALCHEMY_LIBPQ,
    "psycopg_async": Reader.ALCHEMY_LIBPQ,
    "asyncpg": Reader.ALCHEMY_ASYNCPG,
    "pg8000": Reader.ALCHEMY_PG8000,
}


_ALCHEMY = (Reader.ALCHEMY, Reader.ALCHEMY_LIBPQ, Reader.ALCHEMY_ASYNCPG, Reader.ALCHEMY_PG8000)


def refused(who: Reader, dsn: Dsn, modern: Truth) -> Iterator[Refused]:
    """What a reader does not take of a connection string. ``modern``: SQLAlchemy is 1.4 or newer.

    A refused scheme hides the rest, for nothing else is looked at then.
    """
    scheme = _scheme(who, dsn, modern)
    if scheme is not None:
        yield scheme
        return
    signs = "".join(each for each in dsn.unescaped if each in _SIGNS[who])
    if signs:
        yield _signs(who, signs)
    yield from _parameters(who, dsn)


def _scheme(who: Reader, dsn: Dsn, modern: Truth) -> Refused | None:
    scheme, part = dsn.scheme, f"{dsn.scheme}://"
    name, _, driver = scheme.partition("+")
    plain = "Write `postgresql://`."
    if scheme == "libpq":
        return None
    if scheme.startswith("jdbc:"):
        return Refused(
            (part,),
            f"is an address for Java: {_says(who)} does not read it",
            f"{plain} User and password stand before the host there: `postgresql://user:password@host:5432/database`.",
        )
    match who:
        case Reader.LIBPQ | Reader.ASYNCPG if name in ("postgresql", "postgres") and driver:
            error = 'missing "=" after …' if who is Reader.LIBPQ else "invalid DSN: scheme is expected to be …"
            return Refused(
                (part,),
                f"is SQLAlchemy's way to name a driver: {_says(who)} refuses it with `{error}`",
                f"{plain} Where SQLAlchemy is given the same variable, keep the driver out of it and add it in the code.",
            )
        case Reader.PRISMA if name in ("postgresql", "postgres") and driver:
            return Refused(
                (part,),
                "is SQLAlchemy's way to name a driver: Prisma refuses it with `P1012: the URL must start with the protocol "
                "postgresql:// or postgres://`",
                f"{plain} Give SQLAlchemy a variable of its own.",
            )
        case Reader.ALCHEMY | Reader.ALCHEMY_LIBPQ | Reader.ALCHEMY_ASYNCPG | Reader.ALCHEMY_PG8000 if (
            name == "postgres" and modern is not Truth.NO
        ):
            good = f"postgresql{'+' if driver else ''}{driver}://"
            loaded = f"postgres.{driver}" if driver else "postgres"
            return Refused(
                (part,),
                f"is a name that SQLAlchemy has dropped in 1.4: the engine is not made at all, with `NoSuchModuleError: "
                f"Can't load plugin: sqlalchemy.dialects:{loaded}`",
                f"Write `{good}`. Where the platform sets the variable (Heroku does so), replace the beginning in the code: "
                f'`url.replace("{part}", "{good}", 1)`.',
                version=modern is Truth.UNKNOWN,
                instead=((part, good),),
            )
        case _:
            return None


def _signs(who: Reader, signs: str) -> Refused:
    escaped = ", ".join(f"`{_ESCAPED[each]}` for `{each}`" for each in signs)
    several = len(signs) > 1
    return Refused(
        (),
        f"has {'signs' if several else 'a sign'} in its user name or password that {'mean' if several else 'means'} something "
        f"in a URL ({', '.join(f'`{each}`' for each in signs)}): {_says(who)} takes what follows for another part of the "
        "address and cannot connect",
        f"Write {escaped} there.",
    )


def _parameters(who: Reader, dsn: Dsn) -> Iterator[Refused]:
    given = [(name, value, f"{name}={value}") for name, value in dsn.parameters if _WORD.fullmatch(name) or "_" in name]
    names = {name for name, _, _ in given}
    theirs = "Prisma" if names & _PRISMA else "JDBC" if names & _JDBC else "other libraries"

    def parts(refused: frozenset[str]) -> tuple[str, ...]:
        return tuple(text if value != MASK else name for name, value, text in given if name in refused)

    def taken(why: str, found: frozenset[str], remedy: str = "", sent: bool = False) -> Iterator[Refused]:
        if found:
            own = f"Take {_it(found)} out, or give this client a connection string of its own without {_it(found)}."
            yield Refused(parts(found), why, remedy or own, sent)

    foreign = frozenset(names & _FOREIGN)
    match who:
        case Reader.LIBPQ:
            first = next((name for name in dict.fromkeys(name for name, _, _ in given) if name in foreign), "")
            how = "invalid URI query parameter" if dsn.scheme != "libpq" else "invalid connection option"
            yield from taken(
                f'{_are(foreign)} of {theirs}: {_says(who)} refuses to connect with `{how}: "{first}"`', foreign
            )
        case Reader.ALCHEMY_LIBPQ:
            loud = foreign - {"prepare_threshold"} | ({"ssl"} & names)
            first = next((name for name, _, _ in given if name in loud), "")
            remedy = "Write `sslmode=require` instead of `ssl`." if loud == {"ssl"} else ""
            yield from taken(
                f'{_go(loud)} to the driver, which refuses to connect with `invalid connection option "{first}"`',
                frozenset(loud),
                remedy or _engine_remedy(loud),
            )
        case Reader.ALCHEMY_ASYNCPG:
            yield from _alchemy_asyncpg(given, names)
        case Reader.ALCHEMY_PG8000:
            loud = (foreign | {"sslmode", "channel_binding", "connect_timeout", "options"}) & names
            first = next((name for name, _, _ in given if name in loud), "")
            yield from taken(
                f"{_go(loud)} to pg8000, which refuses to connect with `unexpected keyword argument '{first}'`",
                frozenset(loud),
            )
        case Reader.DJANGO:
            loud = foreign - {"currentSchema", "search_path", "max_size", "min_size", "pool_size"}
            first = next((name for name, _, _ in given if name in loud), "")
            yield from taken(
                f"{_go(loud)} into `OPTIONS` and from there to psycopg, which refuses to connect with "
                f'`invalid connection option "{first}"`',
                frozenset(loud),
            )
        case Reader.ASYNCPG | Reader.POSTGRES_JS | Reader.BUN:
            own = {"max", "prepare"} if who is not Reader.ASYNCPG else set[str]()
            loud = foreign - own - _OF_SERVER
            first = next((name for name, _, _ in given if name in loud), "")
            yield from taken(
                f"{_are(loud)} of {theirs}: {_says(who)} sends {_it(loud)} to the server as {'settings' if len(loud) > 1 else 'a setting'}, "
                f'which ends the connection with `unrecognized configuration parameter "{first}"`',
                frozenset(loud),
                sent=True,
            )
        case Reader.PRISMA:
            yield from _prisma(given)


def _engine_remedy(names: frozenset[str] | set[str]) -> str:
    """Options of an engine stand in the call."""
    engine = sorted(names & {"pool_size", "max_overflow", "pool_pre_ping", "pool_recycle"})
    if not engine or set(names) - set(engine):
        return ""
    return f"Pass {' and '.join(f'`{each}=…`' for each in engine)} to the engine in the code instead."


def _alchemy_asyncpg(given: list[tuple[str, str, str]], names: set[str]) -> Iterator[Refused]:
    """The dialect calls ``asyncpg.connect(**parameters)`` with texts, but for the cache's size that it reads itself."""
    unknown = [(name, text) for name, value, text in given if name not in _BY_ASYNCPG]
    if unknown:
        first = unknown[0][0]
        modes = [(name, value, text) for name, value, text in given if name == "sslmode"]
        instead: tuple[tuple[str, str], ...] = ()
        others = [text for name, text in unknown if name != "sslmode"]
        remedy = f"Take {', '.join(f'`{each}`' for each in others)} out." if others else ""
        if modes:
            mode = modes[0][1]
            remedy = f"Write `ssl={mode}` instead of `sslmode={mode}`{', and take out ' + ', '.join(f'`{each}`' for each in others) if others else ''}."
            instead = ((modes[0][2], f"ssl={mode}"),) if not others and mode in _SSL_MODES else ()
        if "application_name" in names or "options" in names or "search_path" in names:
            remedy += ' Settings of the server go into the code: `connect_args={"server_settings": {…}}`.'
        several = len(unknown) > 1
        yield Refused(
            tuple(text for _, text in unknown),
            f"{'go' if several else 'goes'} to `asyncpg.connect`, which refuses to connect with `TypeError: connect() got an "
            f"unexpected keyword argument '{first}'`",
            remedy,
            instead=instead,
        )
        return
    for name, value, text in given:
        if name == "ssl" and _WORD.fullmatch(value) and value not in _SSL_MODES:
            yield Refused(
                (text,),
                "is none of asyncpg's modes: it refuses to connect with `sslmode parameter must be one of: disable, allow, "
                "prefer, require, verify-ca, verify-full`",
                "Write `ssl=require`.",
                instead=((text, "ssl=require"),) if value in ("true", "True", "1") else (),
            )
        elif name in ("statement_cache_size", "timeout"):
            yield Refused(
                (text,),
                "reaches asyncpg as a text, which it compares with a number: the first connection fails with `TypeError`",
                f'Take it out and pass it in the code: `connect_args={{"{name}": {value if value.isdigit() else "…"}}}`.',
            )


def _prisma(given: list[tuple[str, str, str]]) -> Iterator[Refused]:
    """Prisma's engine reads numbers and ``true``/``false``, and refuses the whole string for anything else."""
    for name, value, text in given:
        if not _WORD.fullmatch(value):
            continue
        if name == "pgbouncer" and value not in ("true", "false"):
            yield Refused(
                (text,),
                "is neither `true` nor `false`: Prisma refuses the whole connection string as invalid",
                "Write `pgbouncer=true`.",
                instead=((text, "pgbouncer=true"),) if value in ("1", "True", "TRUE", "yes", "on") else (),
            )
        elif name in _NUMBERS and not value.isdigit():
            yield Refused(
                (text,),
                "is no number: Prisma refuses the whole connection string as invalid",
                f"Write a number after `{name}=`.",
            )


def _says(who: Reader) -> str:
    """A reader's name in messages."""
    if who is Reader.LIBPQ:
        return "psycopg"
    return "SQLAlchemy" if who in _ALCHEMY else str(who.value)


def _it(names: frozenset[str] | set[str]) -> str:
    return "them" if len(names) > 1 else "it"


def _are(names: frozenset[str] | set[str]) -> str:
    return "are parameters" if len(names) > 1 else "is a parameter"


def _go(names: frozenset[str] | set[str]) -> str:
    return "go" if len(names) > 1 else "goes"
