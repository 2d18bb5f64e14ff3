"""Parameters sent at connect that PgBouncer refuses, or drops because it is told to ignore them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Mode, Pooler, Rails, Runs, Topology, Url
from pooltlint.model.value import Mapping, Value, constants
from pooltlint.model.versions import version
from pooltlint.sql import TRACKED

_NEON = "the Neon pooler"
_OURS = ("PgBouncer", _NEON)
"""How the names of poolers end that are PgBouncer, and of what is known to answer like it (neondatabase/neon#6291)."""

_FREE = TRACKED | {"replication", "user", "database", "extra_float_digits"}
"""Tracked, part of the protocol, or sent by so many drivers that every operator ignores it."""

_OPTIONS = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)\s*=")
_ROUTING = re.compile(r"\s*(?:endpoint|project|reference)\s*[=:$]")
"""``options=endpoint=…`` of Neon and ``options=reference=…`` of Supavisor name the tenant."""

_TIMEOUTS = frozenset({"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"})
_SETTINGS = _TIMEOUTS | {
    "idle_session_timeout", "search_path", "role", "work_mem", "jit", "default_transaction_read_only",
    "default_transaction_isolation", "session_replication_role", "row_security", "client_min_messages",
}  # fmt: skip
_IN_URL = {
    **dict.fromkeys(("node-postgres", "Knex", "Sequelize", "TypeORM", "Kysely", "MikroORM", "pg-promise"), _TIMEOUTS),
    **dict.fromkeys(("postgres.js", "Bun", "asyncpg"), _SETTINGS),
}
"""What a library sends on from the parameters of a connection string, beside ``options`` (runs of 2026-11)."""

_BY_DEFAULT = {"slonik": ("statement_timeout", "idle_in_transaction_session_timeout")}
"""slonik 48 ``createClientConfiguration.js``: 60 s each, unless switched off."""

_OFF = (None, False, 0, "", "DISABLE_TIMEOUT")


class _Sent(Struct, frozen=True):
    """One parameter. ``within``: inside of ``options``. ``said``: how the user wrote it."""

    name: str
    said: str
    at: Place
    within: bool = False
    library: str = ""


def check(topology: Topology) -> Iterator[Finding]:
    """Options and URL parameters of clients, JDBC's connection strings, and Rails; the pool mode does not matter."""
    for client in topology.clients:
        if client.lifetime.runs is not Runs.TEST:
            urls = deciding(client.urls)
            for sent in _by_options(client):
                yield from _judged(sent, urls, topology.poolers)
            for url in urls:
                for sent in _by_url(client, url):
                    yield from _judged(sent, (url,), topology.poolers)
    for url in deciding(each for each in topology.urls if each.dsn.scheme.startswith("jdbc:")):
        for sent in _by_jdbc(url):
            yield from _judged(sent, (url,), topology.poolers)
    for rails in topology.rails:
        yield from _rails(rails, topology.poolers)


# --- what is sent ---


def _by_options(client: Client) -> Iterator[_Sent]:
    for name, value in client.options.items():
        kind, _, parameter = name.partition(":")
        at = client.place_options.get(name) or getattr(value, "at", None) or client.at
        if name == "startup:options":
            yield from _within(value, at, "options")
        elif name == "startup":
            yield from _table(value, at)
        elif kind == "startup" and _on(value):
            yield _Sent(parameter, parameter, at, library=client.library)
        elif name == "connect_args" and isinstance(value, Mapping):
            inner = value.entries
            if "options" in inner:
                yield from _within(inner["options"], getattr(inner["options"], "at", None) or at, "options")
            if "server_settings" in inner:
                yield from _table(inner["server_settings"], at)
    for name in _BY_DEFAULT.get(client.library, ()):
        if f"startup:{name}" not in client.options and not client.open_options:
            yield _Sent(name, name, client.at, library=client.library)


def _on(value: Value) -> bool:
    known = constants(value)
    return not known or any(each not in _OFF for each in known)


def _table(value: Value, at: Place) -> Iterator[_Sent]:
    for name, given in value.entries.items() if isinstance(value, Mapping) else ():
        yield _Sent(name, name, getattr(given, "at", None) or at)


def _within(value: Value, at: Place, said: str) -> Iterator[_Sent]:
    for text in constants(value):
        if isinstance(text, str) and not _ROUTING.match(text):
            for name in _OPTIONS.findall(text):
                yield _Sent(name.replace("-", "_"), f"{said}=-c {name}=…", at, within=True)


def _by_url(client: Client, url: Url) -> Iterator[_Sent]:
    if url.at is None:
        return
    for key, text in url.dsn.parameters:
        if key == "options" and not _ROUTING.match(text):
            for name in _OPTIONS.findall(text):
                yield _Sent(name.replace("-", "_"), f"options=-c {name}=…", url.at, within=True)
        elif key in _IN_URL.get(_sender(client), ()):
            yield _Sent(key, f"?{key}=…", url.at, library=client.library)


def _sender(client: Client) -> str:
    """The library that opens the connection."""
    return (
        "node-postgres"
        if client.type == "prisma.PrismaPg" or (client.library == "Drizzle" and client.emits)
        else client.library
    )


def _by_jdbc(url: Url) -> Iterator[_Sent]:
    """pgjdbc sends ``currentSchema`` as ``search_path`` (``ConnectionFactoryImpl.java``)."""
    for key, text in url.dsn.parameters if url.at is not None else ():
        assert url.at is not None
        if key == "currentSchema":
            yield _Sent("search_path", "currentSchema", url.at)
        elif key == "options":
            for name in _OPTIONS.findall(text):
                yield _Sent(name.replace("-", "_"), f"options=-c {name}=…", url.at, within=True)


def _rails(rails: Rails, poolers: tuple[Pooler, ...]) -> Iterator[Finding]:
    """``options`` goes to libpq as it is; ``variables`` are sent as SET (Rails 8.1 ``postgresql_adapter.rb``)."""
    given = rails.database.settings.get("options")
    if given is not None and rails.postgres and rails.production:
        for sent in _within(given.value, given.at, "options"):
            yield from _judged(sent, deciding(rails.urls), poolers)


# --- what becomes of it ---


def _judged(sent: _Sent, urls: tuple[Url, ...], poolers: tuple[Pooler, ...]) -> Iterator[Finding]:
    url = next(
        (each for each in urls if each.route.pooler.endswith(_OURS) and each.route.mode is not Mode.DIRECT), None
    )
    if url is None:
        return
    name, route = sent.name, url.route
    pooler = next((each for each in poolers if set(each.because) & set(route.because)), None)
    listed = pooler.settings.get("ignore_startup_parameters") if pooler is not None else None
    if listed is not None and listed.text is None:
        return
    ignored = {each.lower() for each in route.startup}
    release = version(route.version) if route.version else None
    parses = release is None or (release.major, release.minor) >= (1, 20)
    tracked = pooler.settings.get("track_extra_parameters") if pooler is not None else None
    free = _FREE | {each.strip().lower() for each in (tracked.text or "").split(",")} if tracked is not None else _FREE
    whole = sent.within and not parses  # up to 1.19 ``options`` is one parameter
    dropped = (sent.within and "options" in ignored) or (name.lower() in ignored and not whole)
    if name.lower() in free and not (whole and "options" not in ignored):
        return
    because = list(_chain(url, sent.at))
    if dropped:
        list_ = "options" if sent.within and "options" in ignored else name
        if listed is not None:
            because.append(Note(f"ignore_startup_parameters lists {list_}", listed.at))
        message = (
            f"`{sent.said}` has no effect behind {route.pooler}: `ignore_startup_parameters` lists `{list_}`, so that the "
            f"pooler accepts it at connect and drops it, and `SHOW {name}` tells the server's default."
        )
    else:
        error = f"in options: {name}" if sent.within and parses else ": options" if sent.within else f": {name}"
        error = f"unsupported startup parameter{'' if error.startswith(':') else ' '}{error}"
        doubt = "" if pooler is not None or route.pooler == _NEON else "unless the pooler is told to ignore it, "
        message = (
            f"`{sent.said}` is sent at connect, and {route.pooler} refuses it in every pool mode: {doubt}each connect fails "
            f"with `{error}`."
        )
    sure = route.pooler == _NEON or (pooler is not None and not pooler.open)
    yield Finding(
        sent.at,
        message,
        _remedy(sent),
        tuple(because),
        min(route.certainty, Certainty.HIGH if sure else Certainty.MEDIUM),
    )


def _chain(url: Url, at: Place) -> Iterator[Note]:
    first = url.route.because[0] if url.route.because else Note("")
    if url.at != at:
        yield Note(f"{url.name or 'the connection string'} leads through {url.route.pooler}: {first.text}", url.at)
    yield from (each for each in url.route.because if each.at != url.at)


def _remedy(sent: _Sent) -> str:
    if sent.library == "slonik":
        return "Pass `statementTimeout: 'DISABLE_TIMEOUT'` and `idleInTransactionSessionTimeout: 'DISABLE_TIMEOUT'` to createPool()."
    if sent.name == "search_path":
        return "Take it out and set it for good with `ALTER ROLE … SET search_path = …`, or write the schema before the tables' names."
    own = (
        " (`query_timeout` of node-postgres is kept by the client and may stay)"
        if sent.library == "node-postgres" and sent.name == "statement_timeout"
        else ""
    )
    return (
        f"Take it out and set it for good with `ALTER ROLE … SET {sent.name} = …`, or with `SET LOCAL` in the transaction "
        f"that needs it{own}."
    )
