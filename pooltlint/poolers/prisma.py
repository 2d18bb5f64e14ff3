"""Prisma Postgres and Prisma Accelerate."""

from __future__ import annotations

from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight


def recognise(dsn: Dsn) -> Sight | None:
    """Accelerate speaks HTTP; Prisma Postgres has a PgBouncer per tenant of unstated settings (prisma.io docs)."""
    if dsn.scheme in ("prisma", "prisma+postgres"):
        return Sight(
            Mode.HTTP, "Prisma Accelerate", f"{dsn.scheme}:// URLs are HTTP requests to Prisma Accelerate", Truth.YES
        )
    match dsn.host:
        case "pooled.db.prisma.io":
            return Sight(
                Mode.TRANSACTION,
                "the Prisma Postgres pooler",
                "the host is pooled.db.prisma.io",
                direct="db.prisma.io:5432",
            )
        case "db.prisma.io":
            return Sight(Mode.DIRECT, "", "the host is db.prisma.io", Truth.YES, pooled="pooled.db.prisma.io:5432")
    return None
