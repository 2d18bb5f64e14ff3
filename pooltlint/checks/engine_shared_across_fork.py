"""A connection that is open when a process forks, and that parent and children then share."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Client, Forked, Kind


def check(forked: Forked) -> Iterator[Finding]:
    """One finding for each client, where the first connection is opened."""
    client = forked.client
    name = client.variable or client.call
    yield Finding(
        forked.at,
        f"`{forked.call}` opens a connection of `{name}` before the fork: {forked.how} and all {forked.parts} inherit it. They "
        "send on one socket and read each other's answers: `SSL error: decryption failed or bad record mac`, `lost "
        "synchronization with server`, or rows of somebody else's query.",
        _remedy(forked),
        tuple(each for each in forked.because if each.at != forked.at),
        Certainty.HIGH if forked.certain else Certainty.MEDIUM,
    )


_HOOKS = {
    "gunicorn": "in `gunicorn.conf.py`: `def post_fork(server, worker): {0}`",
    "Celery": "in a function connected to `worker_process_init`: `{0}`",
    "uWSGI": "in a function decorated with `@uwsgidecorators.postfork`: `{0}`",
}


_PLACES = {
    "gunicorn": "`post_fork` of `gunicorn.conf.py`",
    "Celery": "a function connected to `worker_process_init`",
    "uWSGI": "a function decorated with `@uwsgidecorators.postfork`",
}


def _remedy(forked: Forked) -> str:
    client = forked.client
    name = _engine(client)
    if client.library in ("SQLAlchemy", "Flask-SQLAlchemy"):
        call = f"{name}.dispose(close=False)"
        if client.library == "Flask-SQLAlchemy":
            call = f"with app.app_context(): {call}"
        if forked.code:
            return f"Call `{call}` first thing in the new process (SQLAlchemy 1.4.33 or newer), or give it an engine of its own."
        return (
            f"Do it in a release step or at start-up of each worker instead, or drop what was inherited {_HOOKS[forked.by].format(call)} "
            "(SQLAlchemy 1.4.33 or newer)."
        )
    made = "the pool" if client.kind is Kind.POOL else "the connection"
    if forked.code:
        return f"Make {made} in the new process, not before it."
    if client.library == "psycopg 3" and client.kind is Kind.POOL:
        opened = _HOOKS[forked.by].format(f"{client.variable or 'pool'}.open()")
        return f"Pass `open=False` to `{client.call}`, and open it {opened}."
    return f"Make {made} in each child: when it is first used, or in {_PLACES[forked.by]}."


def _engine(client: Client) -> str:
    name = client.variable or "engine"
    return f"{name}.engine" if client.library == "Flask-SQLAlchemy" else name
