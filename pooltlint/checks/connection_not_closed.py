"""A connection opened by hand is not closed on every path."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Checkout, Form, Handling, Runs

_LATER = {
    "psycopg2": "until Python happens to collect it",
    "psycopg 3": "until Python happens to collect it",
    "pg8000": "until Python happens to collect it",
    "Peewee": "until Python happens to collect it",
    "aiopg": "until Python happens to collect it, which aiopg only answers with a warning",
    "asyncpg": "until Python happens to collect it, which asyncpg only answers with a warning",
}
"""What ends a connection that nobody closes: psycopg2 2.9 connection_dealloc (Peewee's too), psycopg 3.3, asyncpg 0.32 and
aiopg 1.4 ``__del__``, and for pg8000 that of its socket."""
_REFUSED = "once there are `max_connections` of them the server refuses everybody (`sorry, too many clients already`)"


def check(checkout: Checkout) -> Iterator[Finding]:
    """Speaks of code that runs repeatedly; where it is not known how often it runs, only of what is lost without an error."""
    if not checkout.own or checkout.handling not in (Handling.LEAKS, Handling.NEVER):
        return
    if checkout.lifetime.runs in (Runs.SCRIPT, Runs.TEST, Runs.ONCE):
        return
    because = (*checkout.via, *checkout.still_open(), *checkout.lifetime.because)
    yield Finding(checkout.at, _message(checkout), _remedy(checkout), because, _certainty(checkout))


def _certainty(checkout: Checkout) -> Certainty:
    if checkout.leaks and all(each.far_fetched for each in checkout.leaks):
        return Certainty.LOW
    if checkout.lifetime.repeats and checkout.form is not Form.CONSTRUCTOR:
        return Certainty.HIGH
    if checkout.form in (Form.YIELDED, Form.WRAPPER, Form.ENTERED, Form.RETURNED, Form.CONSTRUCTOR):
        return Certainty.MEDIUM
    lost = checkout.handling is Handling.NEVER or any(not each.abnormal for each in checkout.leaks)
    return Certainty.MEDIUM if lost else Certainty.LOW


def _subject(checkout: Checkout) -> str:
    return f"`{checkout.variable}`" if checkout.variable else f"The connection of `{checkout.call}()`"


def _message(checkout: Checkout) -> str:
    it = _subject(checkout)
    later = _LATER.get(checkout.library, "for as long as the process lives")
    stays = f"it stays open {later}"
    match checkout.form:
        case Form.ENTERED:
            return f"`with` ends the transaction of {it} but does not close the connection: {stays}, and {_REFUSED}."
        case Form.RETURNED:
            return f"`{checkout.function}` returns a new connection to each request and nobody closes it: FastAPI only ends what a dependency yields. It stays open {later}, and {_REFUSED}."
        case Form.YIELDED:
            return (
                f"{it} is not closed when the code that `{checkout.function}` yields to fails: {stays}, and {_REFUSED}."
            )
        case Form.WRAPPER:
            return f"{it} is opened for a `with` block that does not close it: {stays}, and {_REFUSED}."
        case Form.CONSTRUCTOR:
            return f"{it} is lost {checkout.first.how}: `{checkout.function}` does not close it and nobody else has the object yet, so {stays}."
        case _:
            pass
    if checkout.handling is Handling.NEVER:
        return f"{it} is never closed: {stays}, and {_REFUSED}."
    return f"{it} is not closed {checkout.first.how}: {stays}, and {_REFUSED}."


def _remedy(checkout: Checkout) -> str:
    name = checkout.variable if checkout.variable.isidentifier() else "connection"
    release, line = checkout.release, checkout.at.line
    match checkout.form:
        case Form.YIELDED:
            return f"Write `try:` around the `yield` and put `{release}` into its `finally:`."
        case Form.RETURNED:
            return f"Write `yield {name}` inside of a `try:` in place of the `return`, and put `{release}` into its `finally:`."
        case Form.WRAPPER:
            return f"Put `{release}` at the end of `__exit__`, where an exception reaches it too (`finally:`)."
        case Form.CONSTRUCTOR:
            return f"Put what follows line {line} into a `try:` whose `except BaseException:` does `{release}` and raises again."
        case _:
            pass
    if checkout.type == "psycopg.connection":
        if "AsyncConnection" in checkout.call or release.startswith("await "):
            return f"Write `async with await {checkout.call}(…) as {name}:`, which closes it when the block is left."
        return f"Write `with {checkout.call}(…) as {name}:`: psycopg 3 closes the connection when the block is left."
    if checkout.type == "aiopg.connection":
        return f"Write `async with {checkout.call}(…) as {name}:`, which closes it when the block is left."
    if checkout.type in ("pg8000.connection", "pg8000.native"):
        return f"Write `with {checkout.call}(…) as {name}:`: pg8000 closes the connection when the block is left."
    if checkout.type == "psycopg2.connection" or (checkout.form is Form.OBJECT and release.endswith(".close()")):
        why = "; psycopg2's own `with` only ends the transaction" if checkout.type == "psycopg2.connection" else ""
        return f"Write `with contextlib.closing({checkout.call}(…)) as {name}:`, which closes it when the block is left{why}."
    if checkout.language == "python":
        return f"Begin a `try:` right after line {line} and put `{release}` into its `finally:`."
    return f"Begin a `try {{ … }}` right after the connect and put `{release}` into its `finally {{ … }}`, or send the query through one shared `Pool` with `pool.query(…)`."
