"""DigitalOcean managed PostgreSQL: connection pools on port 25061, the server on 25060."""

from __future__ import annotations

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_DOMAIN = ".db.ondigitalocean.com"


def recognise(dsn: Dsn) -> Sight | None:
    """Each pool has a mode, transaction unless chosen otherwise (DigitalOcean reference, database_connection_pool)."""
    if not dsn.host.endswith(_DOMAIN):
        return None
    match dsn.port:
        case 25061:
            return Sight(
                Mode.TRANSACTION,
                "a DigitalOcean connection pool",
                "port 25061 is a DigitalOcean connection pool, in transaction mode by default",
                certainty=Certainty.MEDIUM,
                direct="the same host on port 25060, with the database's own name",
            )
        case 25060:
            return Sight(
                Mode.DIRECT,
                "",
                "port 25060 is DigitalOcean's PostgreSQL itself",
                Truth.YES,
                pooled="the same host on port 25061, with the name of a connection pool as the database",
            )
    return None
