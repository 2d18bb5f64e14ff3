"""Nothing ends a transaction whose client does nothing: neither server, role, pooler nor client."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Unended

_MOST = 3
"""Places that a chain shows."""


def check(unended: Unended) -> Iterator[Finding]:
    """One finding for each pooler or server that could end them, where that would be set."""
    pooler = unended.option != "idle_in_transaction_session_timeout"
    harm = (
        "holds its server connection and its locks until somebody notices"
        if pooler
        else "holds its locks, and keeps vacuum from cleaning up, until somebody notices"
    )
    value = "60" if pooler else "'60s'"
    yield Finding(
        unended.at,
        f"{unended.who} ends no transaction that is left open and idle, and neither do its clients or anything else here. "
        f"A request that hangs between `BEGIN` and `COMMIT` {harm}.",
        f"Set `{unended.option}` to {value}, or a little more than the longest pause inside of a transaction"
        + (
            "."
            if pooler
            else " (`ALTER ROLE app SET idle_in_transaction_session_timeout = '60s'` does it for one role)."
        ),
        (*unended.because[:1], *unended.transactions[:_MOST]),
        Certainty.MEDIUM,
    )
