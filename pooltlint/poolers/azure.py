"""Azure Database for PostgreSQL, flexible server: PgBouncer on port 6432 of the server's own host."""

from __future__ import annotations

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_DOMAINS = (
    ".postgres.database.azure.com",
    ".postgres.database.chinacloudapi.cn",
    ".postgres.database.usgovcloudapi.net",
)


def recognise(dsn: Dsn) -> Sight | None:
    """The port tells; mode and tracking of statements are server parameters.

    ``pgbouncer.max_prepared_statements`` is 0 by default (learn.microsoft.com, concepts-pgbouncer).
    """
    if not dsn.host.endswith(_DOMAINS):
        return None
    match dsn.port:
        case 6432 | 8432:
            return Sight(
                Mode.TRANSACTION,
                "Azure's PgBouncer",
                f"port {dsn.port} of an Azure flexible server is its PgBouncer, in transaction mode by default",
                Truth.NO,
                Certainty.MEDIUM,
                direct="the same host on port 5432",
            )
        case 0 | 5432:
            return Sight(
                Mode.DIRECT,
                "",
                "the host is an Azure flexible server and the port is 5432",
                Truth.YES,
                pooled="the same host on port 6432, where the server's PgBouncer is switched on",
            )
    return None
