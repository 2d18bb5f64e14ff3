"""A pool or long-lived connection of node-postgres whose `error` event nobody listens for."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Client, Kind, Runs
from pooltlint.model.truth import Truth


def check(client: Client) -> Iterator[Finding]:
    """Speaks of what lives as long as the process, or as the object that holds it."""
    if not client.emits or client.heard is not Truth.NO:
        return
    held = client.lifetime.runs is Runs.CALL and client.variable.startswith("this.")
    if client.lifetime.runs is not Runs.ONCE and not held:
        return
    single = client.kind is Kind.CONNECTION
    functions = client.deployable is not None and bool(client.deployable.serverless)
    name = client.variable or ("client" if single else "pool")
    when = "while no query is running on it" if single else "while it is idle in the pool"
    yield Finding(
        client.at,
        f"Nobody listens for the `error` event of `{name}`: when the server restarts, fails over or drops a connection "
        f"{when}, node-postgres emits it, and an `error` event without a listener ends the whole process.",
        _remedy(client, name),
        (),
        Certainty.LOW if functions else Certainty.HIGH if client.certain and not held else Certainty.MEDIUM,
    )


def _remedy(client: Client, name: str) -> str:
    if client.kind is Kind.CONNECTION:
        return (
            f'Add `{name}.on("error", (error) => …)` right after it is made, and connect anew there: a connection that has failed '
            "is of no use any more."
        )
    emitter = f"{name}.$client" if client.type == "drizzle.Database" else name
    return (
        f'Add `{emitter}.on("error", (error) => console.error("idle client", error));` right after it is made. The pool has '
        "dropped the broken connection by then and opens another one when it needs one."
    )
