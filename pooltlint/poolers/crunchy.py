"""Crunchy Bridge: PgBouncer on port 5431 of the server's own host."""

from __future__ import annotations

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_DOMAIN = ".db.postgresbridge.com"


def recognise(dsn: Dsn) -> Sight | None:
    """The port tells; the mode is not stated (Crunchy Bridge documentation, "Connection pooling")."""
    if not dsn.host.endswith(_DOMAIN):
        return None
    match dsn.port:
        case 5431:
            return Sight(
                Mode.UNKNOWN,
                "Crunchy Bridge's PgBouncer",
                "port 5431 of a Crunchy Bridge cluster is its PgBouncer",
                certainty=Certainty.MEDIUM,
                direct="the same host on port 5432",
            )
        case 0 | 5432:
            return Sight(
                Mode.DIRECT,
                "",
                "the host is a Crunchy Bridge cluster and the port is 5432",
                Truth.YES,
                pooled="the same host on port 5431",
            )
    return None
