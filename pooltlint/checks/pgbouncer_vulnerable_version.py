"""A pinned release of PgBouncer with known holes that its own configuration opens."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Pooler, Reach
from pooltlint.model.versions import version

_OPEN = (Reach.PUBLISHED, Reach.NETWORK)
_FIXED = "1.26.1"


def check(pooler: Pooler) -> Iterator[Finding]:
    """One finding for each pooler, at what pins the version; only holes whose conditions are seen count."""
    release = version(pooler.version) if pooler.bouncer and pooler.version else None
    if release is None or len(release.release) < 2:
        return
    if any("+deb" in each.text or "ubuntu" in each.text for each in pooler.release):
        return  # the distribution mends its package without another version
    holes = list(_holes(pooler, (*release.release, 0)[:3] if len(release.release) > 2 else (*release.release, 99)))
    if not holes:
        return
    numbers = ", ".join(each for each, _, _ in holes)
    at = next((each.at for each in pooler.release if each.at is not None), pooler.at)
    yield Finding(
        at,
        f"PgBouncer {pooler.version} has known holes that this configuration opens ({numbers}): {holes[0][1]}.",
        f"Run PgBouncer {_FIXED} or later.",
        tuple(note for _, _, note in holes if note is not None and note.at != at),
        Certainty.HIGH if any(not each.startswith("CVE-2026-107") for each, _, _ in holes) else Certainty.MEDIUM,
    )


def _holes(pooler: Pooler, release: tuple[int, ...]) -> Iterator[tuple[str, str, Note | None]]:
    """CVE, what it allows, and what opens it (PgBouncer NEWS; the conditions of the 107xxx from 1.26.1's)."""
    method = pooler.value("auth_type")
    passwords = method in ("md5", "scram-sha-256", "hba")
    reachable = pooler.reach in _OPEN
    tracked = pooler.settings.get("track_extra_parameters")
    asks = pooler.settings.get("auth_user")
    query = pooler.settings.get("auth_query")
    if release < (1, 24, 1) and asks is not None and (query is None or "valid" not in (query.text or "").lower()):
        yield (
            "CVE-2025-2291",
            "users whose password has expired can still log in, for `auth_query` does not look at that",
            Note("it asks the server for passwords", asks.at),
        )
    if (
        release < (1, 25, 1)
        and tracked is not None
        and asks is not None
        and query is None
        and "search_path" in (tracked.text or "").lower()
    ):
        yield (
            "CVE-2025-12819",
            "who has no password can run SQL while logging in",
            Note("search_path is tracked", tracked.at),
        )
    if release < (1, 25, 2) and reachable and passwords:
        yield (
            "CVE-2026-6664",
            "who can reach the port can crash it without a password",
            next(iter(pooler.reached), None),
        )
    ignored = pooler.settings.get("ignore_startup_parameters")
    names = {each.strip() for each in (pooler.value("ignore_startup_parameters") or "").split(",")} - {""}
    if (1, 20, 0) <= release < (1, 26, 1) and reachable and names and "options" not in names:
        yield (
            "CVE-2026-107349",
            "who can reach the port can make it spin without a password",
            Note("the list is not empty and has no `options`", ignored.at)
            if ignored is not None
            else next(iter(pooler.reached), None),
        )
    packet = pooler.settings.get("max_packet_size")
    if (
        (1, 21, 0) <= release < (1, 26, 1)
        and packet is not None
        and (packet.text or "").isdigit()
        and int(packet.text or "0") >= 2147483649
    ):
        yield (
            "CVE-2026-107348",
            "a packet of more than 2 GiB overruns its memory",
            Note("larger packets are allowed", packet.at),
        )
