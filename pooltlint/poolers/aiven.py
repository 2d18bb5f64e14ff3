"""Aiven for PostgreSQL: pools differ from the service by port and database name, both freely chosen."""

from __future__ import annotations

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight


def recognise(dsn: Dsn) -> Sight | None:
    """Never more than unknown (Aiven documentation, "Connection pooling")."""
    if dsn.host.endswith(".aivencloud.com"):
        return Sight(
            Mode.UNKNOWN,
            "",
            "Aiven's pools and servers share a host and differ by port and database name",
            certainty=Certainty.LOW,
        )
    return None
