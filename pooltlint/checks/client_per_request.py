"""A client, pool or engine is made each time a request or job runs."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Client, Kind, Runs

_EACH = {Runs.REQUEST: "request", Runs.JOB: "job", Runs.LOOP: "turn of the loop"}


def check(client: Client) -> Iterator[Finding]:
    """Speaks only where an entry point of a framework is proven to lead to the constructor."""
    if not client.opens or not client.lifetime.repeats or client.right_per_request:
        return
    if any(each.opens for each in client.wraps):
        return  # it opens nothing itself: the client behind it is judged
    each = _EACH[client.lifetime.runs]
    count = client.limit.count if client.limit is not None else None
    if client.kind is Kind.CONNECTION:
        what = f"`{client.call}` opens a new connection for each {each}"
        harm = "every one of them pays for a connection of its own, and under load the server runs out of slots (`sorry, too many clients already`)"
    else:
        size = f" of up to {count} connections" if count else ""
        what = f"`{client.call}` makes a new pool{size} for each {each}"
        harm = "nothing is reused, and the server runs out of slots under load (`sorry, too many clients already`)"
    yield Finding(
        client.at,
        f"{what}: {harm}.",
        _remedy(client),
        client.lifetime.because,
        Certainty.HIGH if client.certain else Certainty.MEDIUM,
    )


def _remedy(client: Client) -> str:
    name = client.variable.rpartition(".")[2] or ("connection" if client.kind is Kind.CONNECTION else "pool")
    if client.kind is Kind.CONNECTION:
        return f"Make one pool when the module is loaded and take `{name}` out of it."
    return f"Make `{name}` once, at module level or in the application's start-up hook, and use that one here."
