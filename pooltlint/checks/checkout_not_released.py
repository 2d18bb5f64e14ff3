"""A connection taken out of a pool does not go back on every path."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Checkout, Handling, Leak, Runs

_SESSIONS = {"session"}
_NOTES = 4
"""Exits shown in the chain; the first is told in the message."""


def check(checkout: Checkout) -> Iterator[Finding]:
    """Sessions of an ORM, and clients that are kept for the life of the process, are judged elsewhere or not at all."""
    if checkout.handling not in (Handling.LEAKS, Handling.NEVER) or checkout.what in _SESSIONS:
        return
    if checkout.lifetime.runs in (Runs.SCRIPT, Runs.TEST, Runs.ONCE):
        return
    name = checkout.variable or f"the {checkout.what} of {checkout.call}()"
    quoted = f"`{name}`" if checkout.variable else name
    if checkout.handling is Handling.NEVER:
        message = (
            f"{quoted} is taken with `{checkout.call}()` and never given back: each call keeps one connection of the pool, "
            "and once they are used up every request waits for ever."
        )
    else:
        message = (
            f"{quoted} leaks {_how(checkout.leaks[0])}: it stays checked out, and once that has happened as often as the pool "
            "has connections every request waits for ever."
        )
    certainty = Certainty.HIGH if checkout.lifetime.repeats or checkout.handling is Handling.NEVER else Certainty.MEDIUM
    yield Finding(checkout.at, message, _remedy(checkout), (*checkout.via, *_exits(checkout)), certainty)


def _how(leak: Leak) -> str:
    line = leak.at.line
    match leak.kind:
        case "exception":
            what = f"`{leak.detail}`" if leak.detail.endswith("()") else "the call"
            return f"when {what} on line {line} throws" if "another" not in leak.detail else f"when line {line} throws {leak.detail}"
        case "return":
            return f"on the early return on line {line}"
        case "raise":
            return f"on the throw on line {line}"
        case "continue" | "break" | "turn":
            return f"on the `{'next turn' if leak.kind == 'turn' else leak.kind}` of the loop on line {line}"
        case "rebound":
            return f"when the variable is bound anew on line {line}"
        case _:
            return f"at the end on line {line}"


def _exits(checkout: Checkout) -> Iterator[Note]:
    seen: set[int] = {checkout.at.line}
    for leak in checkout.leaks:
        if leak.at.line in seen:
            continue
        seen.add(leak.at.line)
        yield Note(f"{'it' if not checkout.variable else checkout.variable} is still held {_how(leak)}", leak.at)
        if len(seen) > _NOTES:
            return


def _remedy(checkout: Checkout) -> str:
    if checkout.language == "python":
        if checkout.library == "SQLAlchemy":
            return f"Write `with {checkout.call}() as {checkout.variable or 'connection'}:` so that leaving the block gives it back."
        if checkout.library == "asyncpg":
            return f"Write `async with {checkout.call}() as {checkout.variable or 'connection'}:` so that leaving the block gives it back."
        return f"Put everything after the checkout into `try:` and `{checkout.release}` into `finally:`."
    return f"Put everything after the checkout into `try {{ … }}` and `{checkout.release}` into `finally {{ … }}`."
