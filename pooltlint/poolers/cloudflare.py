"""Cloudflare Hyperdrive."""

from __future__ import annotations

from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight


def recognise(dsn: Dsn) -> Sight | None:
    """Transaction mode with protocol-level prepared statements (Hyperdrive documentation, "How Hyperdrive works")."""
    if dsn.host.endswith(".hyperdrive.local"):
        return Sight(
            Mode.TRANSACTION,
            "Hyperdrive",
            "the host ends in .hyperdrive.local",
            Truth.YES,
            direct="the origin database",
        )
    return None
