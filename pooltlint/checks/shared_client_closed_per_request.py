"""A request or job closes the client that the whole process shares."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Closing, Kind, Runs


def check(closing: Closing) -> Iterator[Finding]:
    """Speaks where a client that lives as long as the process is closed on the way of a proven request or job."""
    client = closing.client
    if closing.lifetime.runs not in (Runs.REQUEST, Runs.JOB) or client.lifetime.runs is not Runs.ONCE:
        return
    if closing.rescues or closing.replaces or closing.quits or client.kind is Kind.HTTP:
        return  # made anew after a failure; the last thing the process does
    if client.type == "sqlalchemy.AsyncEngine" and closing.lifetime.runs is Runs.JOB:
        return  # right where each job has an event loop of its own
    each = "request" if closing.lifetime.runs is Runs.REQUEST else "job"
    name = client.variable.rpartition(".")[2] or "client"
    yield Finding(
        closing.at,
        f"`{closing.call}()` closes `{name}`, which the whole process shares, at the end of one {each}. "
        f"{_consequence(client.type, each)}",
        _remedy(name, client.at.path),
        (Note(f"`{name}` is made once for the whole process", client.at), *closing.lifetime.because),
        Certainty.HIGH if closing.certain and client.certain and not closing.conditional else Certainty.MEDIUM,
    )


def _consequence(type_: str, each: str) -> str:
    match type_:
        case "prisma.PrismaClient":
            return (
                f"Other {each}s that run at the time lose their connections in the middle of their work, and the next one has to "
                "connect anew before its first query."
            )
        case "pg.Pool" | "neon.Pool":
            return f"Every {each} after it fails with `Cannot use a pool after calling end on the pool`."
        case "pg.Client" | "neon.Client":
            return f"Every {each} after it fails with `Client was closed and is not queryable`."
        case "postgres.Sql":
            return f"Every {each} after it fails with `write CONNECTION_ENDED`."
        case "sqlalchemy.Engine" | "sqlalchemy.AsyncEngine":
            return f"The engine starts with an empty pool again, so that every {each} connects anew and none uses the pool."
        case "asyncpg.pool":
            return f"Every {each} after it fails with `asyncpg.exceptions._base.InterfaceError: pool is closed`."
        case "psycopg_pool.ConnectionPool" | "psycopg_pool.AsyncConnectionPool":
            return f"Every {each} after it fails with `psycopg_pool.PoolClosed`."
        case "psycopg2.connection":
            return f"Every {each} after it fails with `psycopg2.InterfaceError: connection already closed`."
        case "knex.Knex":
            return f"Every {each} after it fails with `Unable to acquire a connection`."
        case _:
            return f"Every {each} after it finds it closed."


def _remedy(name: str, path: str) -> str:
    if path.endswith(".py"):
        return (
            f"Take the call out: connections go back to `{name}` by themselves. Close it once, when the process ends: in the "
            "application's lifespan or shutdown hook."
        )
    return (
        f"Take the call out: connections go back to `{name}` by themselves. Close it once, when the process ends: in a handler "
        'of `process.on("SIGTERM", …)` or the shutdown hook of the framework.'
    )
