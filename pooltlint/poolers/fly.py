"""Fly Managed Postgres: one host name for its PgBouncer, one for the server."""

from __future__ import annotations

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_DOMAIN = ".flympg.net"


def recognise(dsn: Dsn) -> Sight | None:
    """The first label tells; the pool mode is chosen per cluster (fly.io docs, Managed Postgres)."""
    if not dsn.host.endswith(_DOMAIN):
        return None
    match dsn.host.partition(".")[0]:
        case "pgbouncer":
            return Sight(
                Mode.UNKNOWN,
                "Fly's PgBouncer",
                "the host is the PgBouncer of a Fly Managed Postgres cluster",
                certainty=Certainty.MEDIUM,
                direct="the same host with direct. instead of pgbouncer.",
            )
        case "direct":
            return Sight(
                Mode.DIRECT,
                "",
                "the host is the direct address of a Fly Managed Postgres cluster",
                Truth.YES,
                pooled="the same host with pgbouncer. instead of direct.",
            )
    return None
