"""While one connection of a pool is held, the same pool is asked for another."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Client, Held
from pooltlint.model.value import constants

_WAITS = {
    "Prisma": "and fail with `Timed out fetching a new connection from the connection pool` (P2024) or "
    "`Unable to start a transaction in the given time` (P2028)",
    "SQLAlchemy": "and fail with `QueuePool limit of size … overflow … reached, connection timed out`",
    "psycopg 3": "and fail with `couldn't get a connection after 30.00 sec`",
    "Knex": "and fail with `Timeout acquiring a connection. The pool is probably full`",
}
"""How it ends, by default; others wait for ever.

Prisma 6.19 errors P2024 and P2028, SQLAlchemy 2.0 pool/impl.py, psycopg_pool 3.3 pool.py, knex 3 client.js.
"""
_QUEUES = {"QueuePool", "AsyncAdaptedQueuePool"}
"""SQLAlchemy's classes of pools that make callers wait: ``NullPool`` opens as many connections as it is asked for."""
_RAISES = {"psycopg2": "`getconn()` fails with `connection pool exhausted`"}


def check(held: Held) -> Iterator[Finding]:
    """One finding for one hold; the other places that take a connection meanwhile are listed below it."""
    if not held.takes or any(not _waits(each) for each in held.clients):
        return
    first, *others = held.takes
    pool = held.call.rpartition(".")[0] or held.call
    message = (
        f"`{first.call}` needs a second connection of the pool while {_held(held)} from `{held.call}` is held: "
        f"once all connections are held by callers that wait for a second one, {_ends(held)}."
    )
    because = [] if held.at == first.at else [Note(_taken(held), held.at)]
    because += first.via
    because += [Note(f"`{each.call}` needs a second one, too", each.at) for each in others]
    sure = first.certain and (held.lifetime.repeats or held.noun == "transaction")
    yield Finding(
        first.at,
        message,
        _remedy(held, first.call, bool(first.via), pool),
        tuple(because),
        Certainty.HIGH if sure else Certainty.MEDIUM,
    )


def _waits(client: Client) -> bool:
    """Does a caller wait when all connections of a pool are taken, as far as its options say."""
    return "pool_class" not in client.options or bool(_QUEUES & {*constants(client.options["pool_class"])})


def _held(held: Held) -> str:
    return {"transaction": "the transaction", "session": "the session's connection"}.get(held.noun, "the connection")


def _taken(held: Held) -> str:
    if held.lazy:
        return f"`{held.variable}` holds a connection since this query"
    if held.noun == "transaction":
        return "the transaction holds a connection from here on"
    return f"`{held.variable or held.call}` holds a connection from here on"


def _ends(held: Held) -> str:
    if held.library in _RAISES:
        return _RAISES[held.library]
    return f"they wait for each other {_WAITS.get(held.library, 'for ever')}"


def _remedy(held: Held, call: str, helped: bool, pool: str) -> str:
    it = f"`{held.variable}`" if held.variable else "the connection that is held"
    if helped:
        return f"Pass {it} to `{call}` and let it send its queries on that, or call it before or after."
    if held.noun == "transaction" and held.library == "Prisma" and not held.variable:
        return (
            f"Take the transaction as the callback's parameter (`async (tx) => …`) and use `tx` in place of `{pool}`."
        )
    if held.noun == "session":
        return f"Use {it} for this as well, or end it before (`commit()`, or leave its `with` block)."
    return f"Send this on {it} as well, or do it before the connection is taken or after it is given back."
