"""A connection taken out of a pool does not go back on every path."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Checkout, Handling, Leak, Runs

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
}
"""How an empty pool shows, by default; others wait for ever.

Read in psycopg2 2.9 and psycopg_pool 3.3 pool.py, SQLAlchemy 2.0 pool/impl.py, knex 3 client.js.
"""


def check(checkout: Checkout) -> Iterator[Finding]:
    """Sessions of an ORM, and clients that are kept for the life of the process, are judged elsewhere or not at all."""
    if checkout.handling not in (Handling.LEAKS, Handling.NEVER) or checkout.what in _SESSIONS or checkout.own:
        return
    if checkout.lifetime.runs in (Runs.SCRIPT, Runs.TEST, Runs.ONCE):
        return
    subject = (
        f"`{checkout.variable}`" if checkout.variable else f"The {checkout.what or 'connection'} of `{checkout.call}()`"
    )
    then = _then(checkout)
    if checkout.handling is Handling.NEVER:
        message = (
            f"{subject} is never given back to the pool: each call keeps one more connection, "
            f"and once all are taken {then}."
        )
    else:
        message = (
            f"{subject} does not go back to the pool {_telling(checkout.leaks).how}; once "
            f"that has happened to every connection {then}."
        )
    yield Finding(checkout.at, message, _remedy(checkout), (*checkout.via, *_exits(checkout)), _certainty(checkout))


def _then(checkout: Checkout) -> str:
    if checkout.library == "node-postgres" and any("acquire_timeout_ms" in each.options for each in checkout.clients):
        return f"every `{checkout.call}()` fails with `timeout exceeded when trying to connect`"
    return _THEN.get(checkout.library, f"every `{checkout.call}()` waits for ever")


def _telling(leaks: tuple[Leak, ...]) -> Leak:
    """The way out that a reader believes at once: one without any error, else a query that fails."""
    plain = (each for each in leaks if not each.abnormal)
    queries = (
        each for each in leaks if not each.handling and each.detail.removesuffix("()").rpartition(".")[2] in _QUERIES
    )
    return next(plain, None) or next(queries, None) or leaks[0]


def _certainty(checkout: Checkout) -> Certainty:
    if checkout.leaks and all(leak.handling for leak in checkout.leaks):
        return Certainty.LOW  # it takes a failing ROLLBACK: then the connection is broken anyway
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
            case ("SQLAlchemy", _) | ("asyncpg", _):
                waits = "async " if checkout.library == "asyncpg" else waits
                return f"Write `{waits}with {checkout.call}(…) as {name}:`, so that leaving the block gives it back."
            case ("psycopg 3", "getconn"):
                return (
                    f"Write `with {pool}.connection() as {name}:` (`async with` on an "
                    "AsyncConnectionPool), so that leaving the block gives it back."
                )
            case ("Knex", "transaction"):
                return (
                    f"Write `await {checkout.call}(async (trx) => {{ … }})`, which commits or "
                    "rolls back and gives the connection back by itself."
                )
    if checkout.language == "python":
        return f"Begin a `try:` right after line {checkout.at.line} and put `{release}` into its `finally:`."
    return f"Begin a `try {{ … }}` right after line {checkout.at.line} and put `{release}` into its `finally {{ … }}`."
