"""Transactions that nothing ends when their client does nothing: poolers and servers of the repository that could."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pooltlint.link.pooled import ASIDE, begun
from pooltlint.model.facts import (
    CommandFile,
    DeploymentFile,
    EnvFile,
    Facts,
    Manifest,
    Profile,
    RailsDatabase,
    ServerSettings,
    SqlFile,
    Variable,
)
from pooltlint.model.finding import Note
from pooltlint.model.pooling import LOCAL, deciding
from pooltlint.model.topology import Client, Mode, Pooler, Rails, Runs, Server, Topology, Unended, Url
from pooltlint.model.value import Edited, FromEnv, Joined, Literal, Mapping, OneOf, Unknown, Value
from pooltlint.model.value import Sequence as Items

_SERVER = ("idle_in_transaction_session_timeout", "transaction_timeout")
"""PostgreSQL's settings that end a transaction (9.6 and 17), both 0, that is never, by default."""
_POOLER = ("idle_transaction_timeout", "transaction_timeout")
"""PgBouncer's, the second one since 1.25; 0 by default too (doc/config.md)."""
_WORDS = frozenset(_SERVER)
_SENT = frozenset({"options", "connect_args", "server_settings", "connection", "variables"})
"""Options of clients that may hold settings of the session."""
_BRIEF = frozenset({"Django", "Prisma"})
"""Libraries whose own transactions hold no code of the application: only those that the code holds count."""
_BY_DEFAULT = frozenset({"slonik"})
"""Libraries that set the timeout themselves (slonik 48 ``createClientConfiguration.js``: 60 s)."""
_REAL = (Profile.PRODUCTION, Profile.UNKNOWN)


def unended(topology: Topology, facts: Sequence[Facts], mentioned: Callable[[str], bool]) -> Iterator[Unended]:
    """Every pooler whose server is seen too, and every server, of production whose settings are all seen and whose clients begin transactions.

    A timeout that is set anywhere, or may be out of sight, for the server, a database, a role or a session, ends the
    question. ``mentioned``: whether any program of the repository holds a word.
    """
    found = [each for each in (*_poolers(topology), *_servers(topology)) if each.transactions]
    if found and not any(map(_told, facts)) and not any(map(mentioned, _SERVER)):
        yield from found


# --- who could end them ---


def _poolers(topology: Topology) -> Iterator[Unended]:
    for pooler in topology.poolers:
        modes = set(pooler.modes.values())
        if not pooler.bouncer or pooler.open or not pooler.settings or modes & {Mode.UNKNOWN, Mode.STATEMENT}:
            continue
        if any(not _never(pooler.value(name)) for name in _POOLER if name in pooler.settings):
            continue
        if any(each.get(name) is not None for each in pooler.users for name in _POOLER):
            continue
        behind = _behind(pooler, topology.servers)
        if not behind or any(_ends(each) for each in behind):
            continue
        rails = [each for each in topology.rails if each.production and each.postgres and _leads(each.urls, pooler)]
        option = pooler.spell(_POOLER[0])
        if pooler.spelled and option == _POOLER[0]:
            prefix = "PGBOUNCER_" if any(each.startswith("PGBOUNCER_") for each in pooler.spelled.values()) else ""
            option = f"{prefix}{option.upper()}"
        yield Unended(
            pooler.place(_POOLER[0] if _POOLER[0] in pooler.settings else "pool_mode"),
            f"PgBouncer{f' ({pooler.service})' if pooler.service else ''}",
            option,
            _begun(_loose(pooler.clients), _unset(rails), topology),
            pooler.because,
        )


def _servers(topology: Topology) -> Iterator[Unended]:
    real = [each for each in topology.servers if each.profile in _REAL and not ASIDE.search(each.at.path)]
    for server in real:
        if server.product or not server.settings or _ends(server):
            continue
        only = len(real) == 1 and not server.names
        clients = [each for each in topology.clients if _connects(deciding(each.urls), server, only=only)]
        rails = [
            each
            for each in topology.rails
            if each.production and each.postgres and _connects(deciding(each.urls), server, only=only)
        ]
        written = next((server.settings[name] for name in _SERVER if name in server.settings), None)
        yield Unended(
            written.at if written is not None else server.at,
            server.name,
            _SERVER[0],
            _begun(_loose(clients), _unset(rails), topology),
            server.because,
        )


def _behind(pooler: Pooler, servers: Iterable[Server]) -> list[Server]:
    hosts = {each.host.lower() for each in pooler.backends} | {pooler.server.lower()} - {""}
    return [each for each in servers if hosts & {name.lower() for name in (each.name, *each.names)}]


def _ends(server: Server | ServerSettings) -> bool:
    """Does the server end them, or may it."""
    return (isinstance(server, Server) and server.open) or any(
        not _never(each.text) for name in _SERVER if (each := server.settings.get(name)) is not None
    )


def _never(text: str | None) -> bool:
    """Is it a timeout of 0; not known is not."""
    return text is not None and text.strip().rstrip("msinhd ").rstrip(".0") == ""


def _leads(urls: Iterable[Url], pooler: Pooler) -> bool:
    return any(each.route.by == pooler.at for each in deciding(urls))


def _connects(urls: Sequence[Url], server: Server, *, only: bool) -> bool:
    """Do the connection strings lead to the server itself. ``only``: it is the only one, and no file names its host."""
    names = {each.lower() for each in (server.name, *server.names)}
    direct = [each for each in urls if not each.route.pooler]
    if only:
        return len(direct) == len(urls) and all(not each.dsn.host or each.dsn.host in LOCAL for each in direct)
    return any(each.dsn.host.lower() in names for each in direct)


# --- who begins them ---


def _begun(clients: Sequence[Client], rails: Sequence[Rails], topology: Topology) -> tuple[Note, ...]:
    """Where they begin transactions; what Django and Prisma begin by themselves holds no code of the application."""
    brief = {each.at for each in clients if each.library in _BRIEF}
    return tuple(each for each in begun(clients, rails, topology) if each.at not in brief)


def _loose(clients: Iterable[Client]) -> list[Client]:
    """The clients of the running system that surely set no timeout for their sessions."""
    return [
        each
        for each in clients
        if each.lifetime.runs not in (Runs.TEST, Runs.SCRIPT)
        and not each.open_options
        and each.library not in _BY_DEFAULT
        and not any(_may_set(name, value) for name, value in each.options.items())
        and not any("options" in dict(url.dsn.parameters) or _words(url.text) for url in each.urls)
    ]


def _may_set(name: str, value: Value) -> bool:
    key = name.removeprefix("startup:")
    if key in _WORDS:
        return True
    sends = key in _SENT or name == "startup" or key.rpartition(".")[2] in _SENT
    return any(each is None or _words(each) for each in _texts(value)) if sends else False


def _texts(value: Value) -> Iterator[str | None]:
    """Every key and text in a value, ``None`` for what is not known."""
    match value:
        case Literal(value=found):
            yield str(found)
        case Mapping(entries=entries, open=more):
            yield from entries
            for each in entries.values():
                yield from _texts(each)
            if more:
                yield None
        case Joined(parts=several) | OneOf(values=several) | Items(items=several):
            for each in several:
                yield from _texts(each)
        case Edited() | FromEnv() | Unknown():
            yield None


def _unset(rails: Iterable[Rails]) -> list[Rails]:
    return [each for each in rails if not _varied(each.database)]


def _varied(database: RailsDatabase) -> bool:
    return any(_may_set(name, each.value) for name, each in database.settings.items())


# --- whether it is set elsewhere ---


def _told(file: Facts) -> bool:
    """Does a file end them some other way: stored defaults, session options of all programs, a command."""
    match file:
        case SqlFile(defaults=defaults):
            return any(each.setting.name in _WORDS and not _never(each.setting.text) for each in defaults)
        case EnvFile(variables=variables):
            return _in_variables(variables)
        case CommandFile(scripts=scripts, variables=variables):
            return _in_variables(variables) or any(_words(each.command) for each in scripts)
        case Manifest(scripts=scripts):
            return any(_words(each.command) for each in scripts)
        case DeploymentFile(servers=servers):
            held = [one for each in file.services for one in each.environment]
            held += [one for each in file.bundles for one in each.variables]
            commands = [*file.scripts, *(each.command for each in file.services if each.command is not None)]
            return (
                any(_ends(each) for each in servers)
                or _in_variables((*file.variables, *held))
                or any(_words(each.command) for each in commands)
            )
        case _:
            return False


def _in_variables(variables: Iterable[Variable]) -> bool:
    return any(each.name == "PGOPTIONS" or _words(each.raw_url) or _words(each.text or "") for each in variables)


def _words(text: str) -> bool:
    return any(each in text for each in _WORDS)
