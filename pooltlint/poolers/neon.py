"""Neon, also as Vercel Postgres: the pooler's endpoints end in ``-pooler``."""

from __future__ import annotations

import re

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_DOMAINS = (".neon.tech", ".neon.build", ".postgres.vercel-storage.com")
_ENDPOINT = re.compile(r"ep-[a-z0-9<{\[$x*_-]+")


def recognise(dsn: Dsn) -> Sight | None:
    """Pooled when the host's first label ends in ``-pooler``; its PgBouncer tracks statements.

    Source: neon.com documentation, "Connection pooling" (``max_prepared_statements=1000``).
    """
    first, _, rest = dsn.host.partition(".")
    known = dsn.host.endswith(_DOMAINS)
    cut_short = not rest.strip(".…") and first.startswith("ep-")
    if not known and not cut_short:
        return None
    if first.endswith("-pooler"):
        return Sight(
            Mode.TRANSACTION,
            "the Neon pooler",
            "the host's first label ends in -pooler",
            Truth.YES,
            Certainty.HIGH if known else Certainty.MEDIUM,
            direct="the same host without -pooler",
        )
    if _ENDPOINT.match(first) and known:
        return Sight(
            Mode.DIRECT,
            "",
            "the host is a Neon endpoint without -pooler",
            Truth.YES,
            pooled="the same host with -pooler behind its first label",
        )
    return None
