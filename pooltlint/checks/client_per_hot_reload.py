"""A module-level client in a framework that reloads modules, without a guard on ``globalThis``."""

from collections.abc import Iterator

from pooltlint.model.finding import Finding
from pooltlint.model.topology import Client, Kind, Runs
from pooltlint.model.truth import Truth


def check(client: Client) -> Iterator[Finding]:
    """Speaks only in a package that depends on a framework with hot module reload."""
    if not client.opens or client.kind is Kind.HTTP or client.lifetime.runs is not Runs.ONCE or client.function:
        return
    if client.guarded is not Truth.NO or client.deployable is None or not client.deployable.hot_reload:
        return
    if any(each.opens for each in client.wraps):
        return
    name = client.variable.rpartition(".")[2] or "client"
    count = client.limit.count if client.limit is not None else None
    held = f"the {count} connections of the one before" if count else "the connections of the one before"
    framework = client.deployable.frameworks[0] if client.deployable.frameworks else "The framework"
    yield Finding(
        client.at,
        f"Each hot reload in development makes another `{client.call}` and keeps {held} open, until the server refuses new ones "
        f"(`sorry, too many clients already`). {framework} loads this module again on every change.",
        f"Keep it on globalThis: `const {name} = globalThis.{name} ?? {_spelled(client)}; if (process.env.NODE_ENV !== 'production') "
        f"globalThis.{name} = {name};`",
        client.deployable.hot_reload[:1],
    )


def _spelled(client: Client) -> str:
    return f"{client.call}(…)"
