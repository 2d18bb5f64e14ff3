"""A request's session or connection is given to something that goes on when the request has ended it."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Ends, Outlived

_WHEN = {
    Ends.RETURN: "FastAPI ends `{it}` when the function returns",
    Ends.RESPONSE: "FastAPI ends `{it}` when the response is sent",
    Ends.BLOCK: "`{it}` is over at the end of its block",
}
_GONE = {
    "SQLAlchemy": "there it opens a new transaction on a connection that nobody gives back, or breaks one in use by both",
    "asyncpg": "there it fails with `cannot call Connection.fetch(): connection has been released back to the pool`",
    "psycopg 3": "there it shares the connection with whom the pool gives it next, or fails with `the connection is closed`",
    "Prisma": "there it fails with `Transaction already closed` (P2028)",
}
"""What using it then does (SQLAlchemy 2.0 ``Session.close``, asyncpg 0.32 pool.py, psycopg_pool 3.3 pool.py, Prisma 6 transaction API errors)."""


def check(outlived: Outlived) -> Iterator[Finding]:
    """Low where it depends on a version of FastAPI that nothing tells."""
    it = outlived.variable
    versions = "" if outlived.certain else " (FastAPI 0.106 to 0.117)"
    because = [Note(_taken(outlived), outlived.taken), *outlived.because]
    yield Finding(
        outlived.at,
        f"`{it}` is given to {outlived.to}, which goes on without the request: {_WHEN[outlived.ends].format(it=it)}"
        f"{versions}, and {_GONE.get(outlived.library, 'there it is used by somebody else as well, or closed')}.",
        _remedy(outlived),
        tuple(because),
        Certainty.HIGH if outlived.certain else Certainty.LOW,
    )


def _taken(outlived: Outlived) -> str:
    if outlived.ends is Ends.BLOCK:
        return f"`{outlived.variable}` comes from here and lives as long as this block"
    return f"`{outlived.variable}` is the request's own"


def _remedy(outlived: Outlived) -> str:
    if outlived.language != "python":
        return f"Wait for it inside (`await`), or read what it needs before and let it use the pool itself instead of `{outlived.variable}`."
    wait = "async with" if outlived.asynchronous else "with"
    opens = "a session" if outlived.noun == "session" else "a connection"
    return (
        f"Let it open {opens} of its own (`{wait} … as {outlived.variable}:` inside), and give it ids and plain "
        f"values instead of `{outlived.variable}` and its objects."
    )
