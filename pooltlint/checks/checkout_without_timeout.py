"""Waiting for a connection of a pool that serves requests has no time limit."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Client, Runs
from pooltlint.model.truth import Truth


def check(client: Client) -> Iterator[Finding]:
    """One finding for each pool: at the pool where an option ends waiting, at the first call where an argument does."""
    if client.bounded is not Truth.NO or client.lifetime.runs is not Runs.ONCE:
        return
    if client.deployable is not None and client.deployable.serverless:
        return  # the platform ends a function that waits
    if "startup:statement_timeout" in client.options:
        return  # no query keeps a connection for long
    home = client.deployable
    watched = client.heard is Truth.YES and home is not None and bool(home.frameworks)
    if not client.serves and not watched:
        return  # nothing says that it serves anybody
    count = client.limit.count if client.limit is not None else None
    busy = "the connection is" if count == 1 else f"all {count} connections are" if count else "all connections are"
    at, chain = client.at, client.serves
    if client.type == "asyncpg.pool" and client.taken is not None:
        at, chain = client.taken, (Note("the pool is made here", client.at), *client.serves[:-1])
    yield Finding(
        at,
        f"When {busy} busy, a caller of {_name(client)} waits for ever. Nothing ends the wait, so that one slow query or leaked "
        "connection turns into requests that hang, instead of errors that somebody sees.",
        _remedy(client),
        chain,
        Certainty.HIGH if client.serves and client.certain else Certainty.MEDIUM,
    )


def _name(client: Client) -> str:
    variable = client.variable.rpartition(".")[2]
    return f"`{variable}`" if variable else "this pool"


def _remedy(client: Client) -> str:
    match client.type:
        case "asyncpg.pool":
            return "Give it a limit in seconds: `acquire(timeout=5)`; it then raises `TimeoutError`."
        case "drizzle.Database":
            return (
                "Add `connectionTimeoutMillis` to the connection: `drizzle({ connection: { connectionString: …, "
                "connectionTimeoutMillis: 5_000 } })`."
            )
        case _:
            return (
                "Add `connectionTimeoutMillis: 5_000` to the options of the pool: waiting then ends with `timeout exceeded when "
                "trying to connect`."
            )
