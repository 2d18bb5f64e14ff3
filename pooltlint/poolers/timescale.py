"""Tiger Cloud (Timescale): the pooler shares the server's domain and is told by the database name."""

from __future__ import annotations

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_DOMAINS = (".tsdb.cloud.timescale.com", ".tsdb.forge.timescale.com")


def recognise(dsn: Dsn) -> Sight | None:
    """``tsdb_transaction`` is the transaction pool; other names say nothing (Tiger docs, "Connection pooling")."""
    if not dsn.host.endswith(_DOMAINS):
        return None
    if dsn.database == "tsdb_transaction":
        return Sight(
            Mode.TRANSACTION,
            "the Tiger Cloud pooler",
            "the database is tsdb_transaction, Tiger Cloud's transaction pool",
            certainty=Certainty.MEDIUM,
            direct="the service's own host, port and database",
        )
    return Sight(Mode.UNKNOWN, "", "Tiger Cloud's pooler and its servers share this domain", certainty=Certainty.LOW)
