"""A connection is held while something slow outside of the database is waited for."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import PAUSE, Held, Reached


def check(held: Held) -> Iterator[Finding]:
    """One finding for one hold; what else is waited for meanwhile is listed below it."""
    if not held.waits:
        return
    first, *others = held.waits
    message = (
        f"`{first.call}` {first.does} while {_held(held)}: {_harm(first)} keeps that connection from all other "
        f"requests{_locks(held)}."
    )
    because = [] if held.at == first.at else [Note(_taken(held), held.at)]
    because += first.via
    because += [Note(f"`{each.call}` {each.does}, too", each.at) for each in others]
    sure = first.certain and (held.lifetime.repeats or held.noun == "transaction")
    yield Finding(
        first.at,
        message,
        _remedy(held),
        tuple(because),
        Certainty.HIGH if sure else Certainty.MEDIUM,
    )


def _harm(reached: Reached) -> str:
    return "the pause" if reached.what == PAUSE else "a slow answer"


def _held(held: Held) -> str:
    if held.noun == "transaction":
        return f"the transaction of `{held.call}` is open"
    if held.noun == "session":
        return f"`{held.variable}` holds a connection"
    return f"`{held.variable or held.call}` is checked out"


def _locks(held: Held) -> str:
    return ", and the locks of the transaction from everybody" if held.noun == "transaction" else ""


def _taken(held: Held) -> str:
    if held.lazy:
        return f"`{held.variable}` takes its connection with this query and keeps it until it is committed or closed"
    return "the connection is held from here on"


def _remedy(held: Held) -> str:
    if held.noun == "transaction":
        return (
            "Do it before the transaction begins or after it is committed; where both have to agree, write what is to "
            "be done into a table (outbox) and do it afterwards."
        )
    if held.noun == "session":
        wait = "await " if held.asynchronous else ""
        return (
            f"Read what is needed, end the session's transaction with `{wait}{held.variable}.commit()` (it gives the "
            "connection back), and wait only then; or open short sessions before and after it."
        )
    return "Give the connection back before the call, and take another one afterwards if it is needed."
