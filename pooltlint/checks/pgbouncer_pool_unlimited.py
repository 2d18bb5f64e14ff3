"""A pool of PgBouncer without a size."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.facts import Setting
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Pooler
from pooltlint.model.versions import version


def check(pooler: Pooler) -> Iterator[Finding]:
    """One finding for each size of 0, and one for a fallback that opens a pool for every database its clients name."""
    if not pooler.bouncer:
        return
    size = pooler.settings.get("default_pool_size")
    if size is not None and _zero(size) and not _capped(pooler, "max_db_connections"):
        yield _finding(pooler, size, pooler.spell("default_pool_size"), "every pool")
    for entries, whose in ((pooler.databases, "the pool of database"), (pooler.users, "every pool of user")):
        for entry in entries:
            capped = any(
                each.name in ("max_db_connections", "max_user_connections") and each.number for each in entry.settings
            )
            for each in entry.settings:
                if (
                    each.name == "pool_size"
                    and _zero(each)
                    and not capped
                    and not _capped(pooler, "max_db_connections")
                ):
                    yield _finding(pooler, each, "pool_size", f"{whose} `{entry.name}`")
    fallback = next((each for each in pooler.databases if each.name == "*"), None)
    varying = next((each for each in pooler.clients if each.varies), None)
    if fallback is not None and varying is not None and not pooler.open and not _capped(pooler, "max_user_connections"):
        yield Finding(
            fallback.at,
            "PgBouncer opens a pool of its own for every database that a client names here, and the clients name them as "
            "they run: nothing limits their sum. The server runs out of connections (`sorry, too many clients already`) "
            "while every single pool is within its size.",
            "Set `max_user_connections` in `[pgbouncer]` to what the server may give to one user over all databases.",
            (Note("which database this client connects to is decided as it runs", varying.at),),
            Certainty.MEDIUM,
        )


def _zero(setting: Setting) -> bool:
    """0 as somebody wrote it; other text that reads as 0 is a fault of its own."""
    return setting.text == "0" and setting.at.end - setting.at.start <= 2


def _capped(pooler: Pooler, name: str) -> bool:
    setting = pooler.settings.get(name)
    return setting is not None and (setting.text is None or bool(setting.number))


def _finding(pooler: Pooler, setting: Setting, name: str, whose: str) -> Finding:
    release = version(pooler.version) if pooler.version else None
    if release is None:
        harm = (
            f"`{name}` 0 leaves {whose} without a limit since PgBouncer 1.24: every client gets a server connection of its "
            "own until the server has none left. Before 1.24, clients wait until `query_wait_timeout` instead."
        )
    elif release.release >= (1, 24):
        harm = (
            f"`{name}` 0 leaves {whose} without a limit: every client gets a server connection of its own, until the server "
            "has none left (`sorry, too many clients already`)."
        )
    else:
        harm = (
            f"`{name}` 0 stalls {whose}: PgBouncer {pooler.version} opens next to no server connection for it, and clients "
            "wait until `query_wait_timeout` throws them out."
        )
    return Finding(
        setting.at,
        harm,
        f"Set `{name}` to the number of connections that the server may give (default 20), or remove it.",
        pooler.release if release is not None else (),
    )
