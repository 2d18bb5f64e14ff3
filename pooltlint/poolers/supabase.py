"""Supabase: Supavisor on the shared pooler host, PgBouncer on port 6543 of a project's own host."""

from __future__ import annotations

from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

SHARED = ".pooler.supabase.com"
"""Ends the host of the shared pooler, which speaks both modes and tells them apart by the port alone."""


def recognise(dsn: Dsn) -> Sight | None:
    """The mode by host and port (Supabase guide "Connect to your database").

    Supavisor forwards named statements only behind a flag that is off by default (supavisor
    ``config/runtime.exs``, ``docs/faq.md``); the dedicated PgBouncer is 1.24 (supabase/supabase#44584).
    """
    if dsn.host.endswith(SHARED):
        said = f"the host ends in {SHARED}"
        match dsn.port:
            case 6543:
                return Sight(
                    Mode.TRANSACTION,
                    "Supavisor",
                    f"{said} and the port is 6543",
                    Truth.NO,
                    direct="the same host on port 5432 (session mode), or db.<project>.supabase.co:5432",
                )
            case 0 | 5432:
                why = f"{said} and the port is 5432" if dsn.port else f"{said} and no port is given, which means 5432"
                return Sight(Mode.SESSION, "Supavisor", why, Truth.YES, direct="db.<project>.supabase.co:5432")
            case _:
                return Sight(Mode.UNKNOWN, "Supavisor", said)
    if dsn.host.startswith("db.") and dsn.host.endswith((".supabase.co", ".supabase.com")):
        said = "the host is a Supabase project's own"
        match dsn.port:
            case 6543:
                return Sight(
                    Mode.TRANSACTION,
                    "PgBouncer",
                    f"{said} and port 6543 is its PgBouncer",
                    Truth.YES,
                    direct="the same host on port 5432",
                )
            case 0 | 5432:
                return Sight(
                    Mode.DIRECT,
                    "",
                    f"{said} and the port is 5432",
                    Truth.YES,
                    pooled="the project's shared pooler on port 6543 (…pooler.supabase.com:6543), or the same host on port 6543 where the project has a dedicated one",
                )
    return None
