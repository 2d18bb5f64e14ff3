"""Railway: service names inside the private network, TCP proxies outside."""

from __future__ import annotations

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_INSIDE = ".railway.internal"
_OUTSIDE = (".proxy.rlwy.net", ".railway.app")


def recognise(dsn: Dsn) -> Sight | None:
    """Its PgBouncer add-on is a service of its own, in transaction mode by default.

    Source: docs.railway.com/databases/postgresql-pgbouncer.
    """
    if dsn.host.endswith(_INSIDE):
        service = dsn.host.removesuffix(_INSIDE)
        if "pgbouncer" in service:
            return Sight(
                Mode.TRANSACTION,
                "PgBouncer",
                f"the host is Railway's service {service}, in transaction mode by default",
                certainty=Certainty.MEDIUM,
                direct="DATABASE_UNPOOLED_URL",
            )
        if service.startswith("postgres") and dsn.port in (0, 5432):
            return Sight(Mode.DIRECT, "", f"the host is Railway's service {service}", Truth.YES, Certainty.MEDIUM)
    if dsn.host.endswith(_OUTSIDE):
        return Sight(
            Mode.UNKNOWN,
            "",
            "the host is a TCP proxy of Railway, which tells nothing of what is behind it",
            certainty=Certainty.LOW,
        )
    return None
