"""PlanetScale for Postgres: PgBouncer on port 6432 of the database's own host."""

from __future__ import annotations

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_DOMAIN = ".psdb.cloud"


def recognise(dsn: Dsn) -> Sight | None:
    """The port tells; a recent PgBouncer is taken to track statements (PlanetScale documentation, "PgBouncer")."""
    if not dsn.host.endswith(_DOMAIN):
        return None
    match dsn.port:
        case 6432:
            return Sight(
                Mode.TRANSACTION,
                "PlanetScale's PgBouncer",
                "port 6432 of a PlanetScale database is its PgBouncer",
                Truth.YES,
                Certainty.MEDIUM,
                direct="the same host on port 5432",
            )
        case 0 | 5432:
            return Sight(
                Mode.DIRECT,
                "",
                "the host is a PlanetScale database and the port is 5432",
                Truth.YES,
                pooled="the same host on port 6432",
            )
    return None
