"""One path gives the same checkout back twice."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Checkout, Runs


def check(checkout: Checkout) -> Iterator[Finding]:
    """Only where both releases surely lie on one path, and the library minds."""
    if checkout.lifetime.runs in (Runs.SCRIPT, Runs.TEST):
        return
    name = checkout.variable or "the connection"
    for each in checkout.twice:
        yield Finding(
            each.second,
            f"`{name}` has gone back on line {each.first.line} already: giving it back a second time {each.then}.",
            "Keep one release, the one in the `finally` block if there is one, and delete the other.",
            (Note(f"{name} goes back here", each.first), Note(f"{name} is taken here", checkout.at)),
            Certainty.HIGH,
        )
