"""A connection taken out of a pool does not go back on every path."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Checkout, Handling, Leak, Runs
from pooltlint.model.value import constants

_SESSIONS = {"session"}
_QUERIES = {
    "query",
    "execute",
    "executemany",
    "fetch",
    "fetchrow",
    "fetchval",
    "unsafe",
    "raw",
    "exec",
    "scalar",
    "scalars",
}
_NOTES = 4
"""Exits shown in the chain; the first is told in the message."""
_THEN = {
    "psycopg2": "`getconn()` fails with `connection pool exhausted`",
    "psycopg 3": "`getconn()` fails with `couldn't get a connection after 30.00 sec`",
    "SQLAlchemy": "requests fail with `QueuePool limit of size … overflow … reached, connection timed out`",
    "Knex": "queries fail with `Timeout acquiring a connection. The pool is probably full`",
    "aiopg": "`acquire()` fails with `TimeoutError` after 60 seconds",
    "databases": "every query waits for ever",
    "Objection": "queries fail with `Timeout acquiring a connection. The pool is probably full`",
    "Sequelize": "queries fail with `SequelizeConnectionAcquireTimeoutError`",
    "TypeORM": "every query waits for ever",
    "MikroORM": "every query waits for a connection",
    "Kysely": "every query waits for ever",
}
"""How an empty pool shows, by default; others wait for ever.

Read in psycopg2 2.9 and psycopg_pool 3.3 pool.py, SQLAlchemy 2.0 pool/impl.py, knex 3 client.js, sequelize 6
abstract/connection-manager.js.
"""
_WITH_TIMEOUT = ("node-postgres", "TypeORM", "pg-promise")
"""Libraries over pg-pool whose time limit shows as pg-pool's error."""
_CALLBACKS = {
    ("Knex", "transaction"): "{pool}.transaction(async (trx) => { … })",
    ("Sequelize", "transaction"): "{pool}.transaction(async (transaction) => { … })",
    ("Objection", "startTransaction"): "{pool}.transaction(async (trx) => { … })",
    ("Objection", "start"): "transaction(knex, async (trx) => { … })",
    ("Kysely", "execute"): "{pool}.transaction().execute(async (trx) => { … })",
    ("MikroORM", "fork"): "{pool}.transactional(async (em) => { … })",
}
"""How the same transaction is written so that the library ends it and gives the connection back."""


def check(checkout: Checkout) -> Iterator[Finding]:
    """Sessions of an ORM, and clients that are kept for the life of the process, are judged elsewhere or not at all."""
    if checkout.handling not in (Handling.LEAKS, Handling.NEVER) or checkout.what in _SESSIONS or checkout.own:
        return
    if checkout.lifetime.runs in (Runs.SCRIPT, Runs.TEST, Runs.ONCE):
        return
    subject = (
        f"`{checkout.variable}`" if checkout.variable else f"The {checkout.what or 'connection'} of `{checkout.call}()`"
    )
    never = checkout.handling is Handling.NEVER
    how = "" if never else f" {_telling(checkout.leaks).how}"
    if checkout.library == "SQLAlchemy":
        # SQLAlchemy 2.0 pool/base.py: the pool takes back what Python collects
        pooled = _pooled(checkout)
        gone = "given back to the pool" if pooled else "closed"
        message = f"{subject} is {'never' if never else 'not'} {gone}{how}: it keeps its connection until Python happens to collect it"
        message += f", and once all are taken {_then(checkout)}." if pooled else "."
    elif never:
        message = (
            f"{subject} is never given back to the pool: each call keeps one more connection, and once all are taken "
            f"{_then(checkout)}."
        )
    else:
        message = f"{subject} does not go back to the pool{how}; once that has happened to every connection {_then(checkout)}."
    yield Finding(checkout.at, message, _remedy(checkout), (*checkout.via, *_exits(checkout)), _certainty(checkout))


def _then(checkout: Checkout) -> str:
    if checkout.library in _WITH_TIMEOUT and any("acquire_timeout_ms" in each.options for each in checkout.clients):
        return f"every `{checkout.call}()` fails with `timeout exceeded when trying to connect`"
    return _THEN.get(checkout.library, f"every `{checkout.call}()` waits for ever")


def _pooled(checkout: Checkout) -> bool:
    return not any(constants(each.options.get("pool_class")) == ["NullPool"] for each in checkout.clients)


def _telling(leaks: tuple[Leak, ...]) -> Leak:
    """The way out that a reader believes at once: one without any error, else a query that fails."""
    plain = (each for each in leaks if not each.abnormal)
    queries = (
        each for each in leaks if not each.handling and each.detail.removesuffix("()").rpartition(".")[2] in _QUERIES
    )
    return next(plain, None) or next(queries, None) or leaks[0]


def _certainty(checkout: Checkout) -> Certainty:
    if checkout.leaks and all(leak.far_fetched for leak in checkout.leaks):
        return Certainty.LOW  # it takes a failing ROLLBACK: then the connection is broken anyway
    if not _pooled(checkout) and all(leak.abnormal for leak in checkout.leaks):
        return Certainty.LOW  # nobody waits for it, and Python closes it as soon as the error is dealt with
    return Certainty.HIGH if checkout.lifetime.repeats or checkout.handling is Handling.NEVER else Certainty.MEDIUM


def _exits(checkout: Checkout) -> Iterator[Note]:
    """The other ways out. What stands on the checkout's own line needs no note."""
    told = checkout.handling is Handling.LEAKS
    seen: set[int] = {checkout.at.line}
    for leak in checkout.leaks:
        if leak.at.line in seen:
            continue
        seen.add(leak.at.line)
        yield Note(f"{checkout.variable or 'it'} {'does not go back' if told else 'is still held'} {leak.how}", leak.at)
        if len(seen) > _NOTES:
            return


def _remedy(checkout: Checkout) -> str:
    name = checkout.variable or "connection"
    waits = "async " if checkout.release.startswith("await ") else ""
    pool = checkout.call.rpartition(".")[0] or "pool"
    release = checkout.release
    if not checkout.via:
        match checkout.library, checkout.call.rpartition(".")[2]:
            case ("SQLAlchemy", "raw_connection"):
                return (
                    f"Write `with contextlib.closing({checkout.call}()) as {name}:`, so that "
                    "leaving the block gives it back."
                )
            case ("databases", "transaction"):
                return (
                    f"Write `async with {checkout.call}():`, which commits or rolls back and gives the connection back."
                )
            case ("SQLAlchemy", _) | ("asyncpg", _) | ("aiopg", _):
                waits = "async " if checkout.library != "SQLAlchemy" else waits
                return f"Write `{waits}with {checkout.call}(…) as {name}:`, so that leaving the block gives it back."
            case ("psycopg 3", "getconn"):
                return (
                    f"Write `with {pool}.connection() as {name}:` (`async with` on an "
                    "AsyncConnectionPool), so that leaving the block gives it back."
                )
            case ("pg-promise", "connect"):
                return f"Write `await {pool}.task(async (t) => {{ … }})`, which gives the connection back by itself."
            case (library, method) if (library, method) in _CALLBACKS:
                written = _CALLBACKS[library, method].replace("{pool}", pool.removesuffix(".startTransaction(…)"))
                return f"Write `await {written}`, which commits or rolls back and gives the connection back by itself."
    python = checkout.language == "python"
    tries, finals = ("`try:`", "`finally:`") if python else ("`try { … }`", "`finally { … }`")
    if checkout.handling is Handling.LEAKS and not checkout.releases:
        # Somebody else gives it back on the other ways out, and a second release would be one too many.
        return (
            f"Begin the {tries} right after line {checkout.at.line}, and see that `{release}` runs once on every way out, "
            f"best in its {finals}."
        )
    verb = "move" if checkout.releases else "put"
    return f"Begin a {tries} right after line {checkout.at.line} and {verb} `{release}` into its {finals}."
