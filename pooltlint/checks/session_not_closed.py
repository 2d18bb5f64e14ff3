"""A session of an ORM is handed out, or used, without an end."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Checkout, Form, Handling, Runs

_THEN = "requests fail with `QueuePool limit of size … overflow … reached, connection timed out`"
"""SQLAlchemy 2.0 ``pool/impl.py``: after ``pool_timeout``, 30 seconds by default."""


def check(checkout: Checkout) -> Iterator[Finding]:
    """Sessions that are stored, returned to an unknown caller or registered (``scoped_session``) are not at fault."""
    if checkout.what != "session" or checkout.handling not in (Handling.LEAKS, Handling.NEVER):
        return
    if checkout.lifetime.runs in (Runs.SCRIPT, Runs.TEST, Runs.ONCE):
        return
    because = (*checkout.via, *checkout.still_open(), *checkout.lifetime.because)
    yield Finding(checkout.at, _message(checkout), _remedy(checkout), because, _certainty(checkout))


def _certainty(checkout: Checkout) -> Certainty:
    if checkout.leaks and all(each.far_fetched for each in checkout.leaks):
        return Certainty.LOW  # it takes a failing rollback: then the connection is broken anyway
    if checkout.lifetime.repeats or checkout.form in (Form.RETURNED, Form.PULLED):
        return Certainty.HIGH
    lost = checkout.handling is Handling.NEVER or any(not each.abnormal for each in checkout.leaks)
    return Certainty.MEDIUM if lost or checkout.form is Form.YIELDED else Certainty.LOW


def _message(checkout: Checkout) -> str:
    it = f"`{checkout.variable}`" if checkout.variable else f"The session of `{checkout.call}()`"
    keeps = f"it keeps its connection until Python happens to collect it, and once all are taken {_THEN}"
    match checkout.form:
        case Form.RETURNED:
            return f"`{checkout.function}` returns a new session to each request and nobody closes it, for FastAPI only ends what a dependency yields: {keeps}."
        case Form.PULLED:
            return f"`{checkout.call}` throws the generator away, so that its clean-up does not wait for the work: the connection that {it} takes afterwards is not given back until Python happens to collect it, and once all are taken {_THEN}."
        case Form.YIELDED:
            return f"{it} is not closed when the code that `{checkout.function}` yields to fails: {keeps}."
        case _:
            pass
    if checkout.handling is Handling.NEVER:
        return f"{it} is never closed: {keeps}."
    return f"{it} is not closed {checkout.first.how}: {keeps}."


def _remedy(checkout: Checkout) -> str:
    name = checkout.variable if checkout.variable.isidentifier() else "session"
    waits = "async " if checkout.waits else ""
    match checkout.form:
        case Form.RETURNED:
            return f"Write `{waits}with {checkout.call}() as {name}:` and `yield {name}` inside of it in place of the `return`."
        case Form.PULLED:
            generator = checkout.via[0].text.partition("(")[0] if checkout.via else "get_db"
            manager = f"contextlib.{'async' if waits else ''}contextmanager({generator})()"
            return (
                f"Take the session from its factory, `{waits}with …() as {name}:`, or make a context manager of the "
                f"generator: `{waits}with {manager} as {name}:`."
            )
        case Form.YIELDED:
            return f"Write `{waits}with {checkout.call}() as {name}:` around the `yield`, or put `{checkout.release}` into a `finally:`."
        case _:
            return f"Write `{waits}with {checkout.call}() as {name}:`, so that leaving the block closes it."
