"""A module-level client in a framework that reloads modules, without a guard on ``globalThis``."""

from collections.abc import Iterator

from pooltlint.model.finding import Finding
from pooltlint.model.topology import Client, Kind, Runs
from pooltlint.model.truth import Truth


def check(client: Client) -> Iterator[Finding]:
    """Speaks only in a package that depends on a framework with hot module reload, of a module that it loads."""
    if not client.opens or client.kind is Kind.HTTP or client.lifetime.runs is not Runs.ONCE or client.function:
        return
    if client.guarded is not Truth.NO or client.deployable is None or not client.deployable.hot_reload:
        return
    if any(each.opens for each in client.wraps):
        return
    count = client.limit.count if client.limit is not None else None
    held = (
        "its connection"
        if client.kind is Kind.CONNECTION
        else f"its up to {count} connections"
        if count
        else "its connections"
    )
    yield Finding(
        client.at,
        f"Each hot reload of this module in development makes another `{client.call}` while the one before keeps "
        f"{held} open, "
        "until the server refuses new ones (`sorry, too many clients already`).",
        _remedy(client),
        client.deployable.hot_reload[:1],
    )


def _remedy(client: Client) -> str:
    name = client.variable.rpartition(".")[2] or "client"
    if not client.at.path.endswith(("ts", "tsx")):
        return f"Keep it on globalThis: `const {name} = (globalThis.{name} ??= {client.call}(…));`"
    made = client.call.removeprefix("new ") if client.call.startswith("new ") else f"ReturnType<typeof {client.call}>"
    return (
        f"Keep it on globalThis: `const kept = globalThis as unknown as {{ {name}?: {made} }}; "
        f"const {name} = (kept.{name} ??= {client.call}(…));`"
    )
