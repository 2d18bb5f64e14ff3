"""PgBouncer in session mode in front of web or serverless code."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import deciding
from pooltlint.model.topology import Client, Kind, Mode, Pooler, Runs
from pooltlint.model.value import constants


def check(pooler: Pooler) -> Iterator[Finding]:
    """One finding for each pooler, where its mode is set or else where it is run; none where sessions are needed."""
    if not pooler.bouncer or pooler.open or pooler.sessions:
        return
    served = [
        (each, why) for each in pooler.clients if _by_session(each, pooler) and (why := _serves(each)) is not None
    ]
    if not served:
        return
    client, why = served[0]
    written = pooler.settings.get("pool_mode")
    harm = (
        "every instance of the function keeps a server connection for as long as it is frozen"
        if client.deployable is not None and client.deployable.serverless
        else "every connection of the application's pool keeps a server connection for itself, busy or not"
    )
    name = pooler.spell("pool_mode") if written is not None else _spelling(pooler)
    yield Finding(
        pooler.place("pool_mode"),
        f"PgBouncer pools by session{'' if written is not None else ', its default'}, in front of an application that "
        f"answers requests: {harm}. It then saves no connection, and clients beyond the pool's size wait until "
        "others disconnect.",
        f"Set `{name}` to `transaction`, and check that nothing needs a session (LISTEN, session locks, SET).",
        (Note("this client connects through it", client.at), *why),
        Certainty.HIGH if written is None and client.certain else Certainty.MEDIUM,
    )


def _spelling(pooler: Pooler) -> str:
    other = next((variable for setting, variable in pooler.spelled.items() if setting == "default_pool_size"), "")
    if pooler.spelled or other:
        return (
            "PGBOUNCER_POOL_MODE"
            if any(each.startswith("PGBOUNCER_") for each in pooler.spelled.values())
            else "POOL_MODE"
        )
    return "pool_mode"


def _by_session(client: Client, pooler: Pooler) -> bool:
    urls = [each for each in deciding(client.urls) if each.route.by == pooler.at]
    return bool(urls) and all(each.route.mode is Mode.SESSION for each in urls)


def _serves(client: Client) -> tuple[Note, ...] | None:
    """Why a client works for requests and keeps its connections meanwhile; ``None`` when nothing says so.

    One that connects for every request gives its server connection back with the client connection.
    """
    home = client.deployable
    if home is not None and home.serverless:
        return home.serverless[:1]
    if client.lifetime.runs is not Runs.ONCE:
        return None
    if client.library == "Django":
        kept = client.options.get("conn_max_age")
        lasts = kept is not None and any(each is None or each != 0 for each in constants(kept))
        return () if lasts or "pool" in client.options else None
    if client.kind is not Kind.POOL or "pool_class" in client.options:
        return None
    return client.serves or (() if home is not None and home.frameworks else None)
