"""The sum of connections: which pools each service opens, where they lead, and what the server at the end allows."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from pooltlint.link.openers import Opener, openers
from pooltlint.link.packages import Packages
from pooltlint.link.services import Declaration, Running, Services, covers
from pooltlint.link.urls import Urls
from pooltlint.model.budget import Budget, Entry, Number, Pool, Share, Slot, Supply, Term, Workload, known
from pooltlint.model.facts import BouncerDatabase, DeploymentFile, Facts, Profile, Setting
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Deployable, Mode, Pooler, Server, Topology, Url
from pooltlint.model.url import fingerprint
from pooltlint.model.value import FromEnv, Literal, Unknown, Value
from pooltlint.model.versions import version

REAL = (Profile.PRODUCTION, Profile.UNKNOWN)
"""Profiles of deployments that may be the real thing."""
_MAX_CONNECTIONS = 100
_SUPERUSERS = 3
"""PostgreSQL's defaults (documentation, "Connections and Authentication"); reserved_connections is 0, since 16."""
_TEMPLATE = re.compile(r"[${}<>]")


class DeclaredServer(Protocol):
    """``[tool.pooltlint.server]`` of the settings; ``None`` where it says nothing."""

    @property
    def at(self) -> Place: ...  # noqa: D102  # the class tells what it is
    @property
    def max_connections(self) -> int | None: ...  # noqa: D102  # the class tells what it is
    @property
    def reserved_connections(self) -> int | None: ...  # noqa: D102  # the class tells what it is


class Declarations(Protocol):
    """What the settings say of services and the server."""

    @property
    def server(self) -> DeclaredServer | None: ...  # noqa: D102  # the class tells what it is
    @property
    def services(self) -> Mapping[str, Declaration]: ...  # noqa: D102  # the class tells what it is


def counted(
    topology: Topology,
    facts: Sequence[Facts],
    packages: Packages,
    urls: Urls,
    declared: Declarations,
    assigned: Callable[[str, str], Value | None],
    clusters: Callable[[Iterable[str]], tuple[str, bool] | None],
) -> Topology:
    """The topology with what runs, and with the budget of each server.

    ``assigned(path, name)``: what a module assigns. ``clusters``: as :class:`Services` has it.
    """
    opening = openers(topology.clients, topology.prisma, topology.rails, facts, urls)
    serverless = {each.path: each.serverless for each in topology.deployables}
    services = Services(
        facts,
        packages,
        declared.services,
        assigned,
        [each.folder for each in opening],
        lambda folder: serverless.get(folder, ()),
        frozenset(name for each in opening for name in each.names),
        frozenset(
            [(one.at.path, name) for one in topology.servers for name in (one.name, *one.names)]
            + [(one.at.path, name) for one in topology.poolers for name in one.names]
        ),
        clusters,
    )
    running = services.running() if opening or declared.services else []
    topology = replace(topology, clients=tuple(_run(topology.clients, running, opening, packages)))
    files = frozenset(
        each.path for each in facts if isinstance(each, DeploymentFile) and each.platform == "Docker Compose"
    )
    whole = _budgets(running, opening, topology, urls, declared, packages, files)
    return _in_many_processes(
        replace(topology, workloads=tuple(each.workload for each in running if each.ours), budgets=_distinct(whole))
    )


def _run(
    clients: Sequence[Client], running: Sequence[Running], opening: Sequence[Opener], packages: Packages
) -> Iterator[Client]:
    """The clients with who loads them, and with the lifetime of Django's connections as the deployment sets it."""
    by_file: dict[str, list[Running]] = {}
    for each in running:
        if each.ours and each.workload.profile in REAL:
            mine = [one for one in running if one.world == each.world]
            for path in {one.path for one in _run_by(each, opening, packages) if _loaded(one, each, mine)}:
                by_file.setdefault(path, []).append(each)
    for client in clients:
        found = by_file.get(client.at.path, [])
        age = client.options.get("conn_max_age")
        if isinstance(age, FromEnv):
            told = {each.environment[age.name].text for each in found if age.name in each.environment}
            text = next(iter(told)) if len(told) == 1 else None
            if text is not None and text.isascii() and text.isdigit() and len(text) < 10:
                client = replace(client, options={**client.options, "conn_max_age": Literal(int(text), age.at)})
            elif told:
                client = replace(client, options={**client.options, "conn_max_age": Unknown(age.at)})
        yield replace(client, run_by=tuple(each.workload for each in found)) if found else client


def _distinct(budgets: Iterator[Budget]) -> tuple[Budget, ...]:
    """Each sum once: a file that is laid over another one often changes nothing of it."""
    found: dict[tuple[object, ...], Budget] = {}
    for each in budgets:
        sums = (each.server, each.profile, each.supply, each.more, *(share.sum for share in each.shares))
        key = (*sums, *((one.name, one.sum, one.workload.folder, one.pools) for one in each.terms))
        before = found.get(key)
        if before is None or len(each.source) < len(before.source):
            found[key] = each
    return tuple(found.values())


def _in_many_processes(topology: Topology) -> Topology:
    """Deployables whose known processes alone would fill a server of the default size say so, where no limit is known.

    Where one is known, the budget says all there is to say.
    """
    notes: dict[str, tuple[Note, ...]] = {}
    for budget in topology.budgets:
        for term in budget.terms if budget.usable is None and budget.profile in REAL else ():
            if term.most.count <= _MAX_CONNECTIONS - _SUPERUSERS or term.most.unbounded:
                continue
            for number in (term.workload.processes, term.workload.instances):
                if number.count is not None and number.count > 1:
                    notes.setdefault(term.workload.folder, (number.note,))
    if not notes:
        return topology

    def told(deployable: Deployable) -> Deployable:
        found = notes.get(deployable.path)
        return replace(deployable, processes=found) if found and not deployable.processes else deployable

    def client(each: Client) -> Client:
        return replace(each, deployable=told(each.deployable)) if each.deployable is not None else each

    return replace(
        topology,
        deployables=tuple(map(told, topology.deployables)),
        clients=tuple(map(client, topology.clients)),
        prisma=tuple(
            replace(each, deployable=told(each.deployable)) if each.deployable is not None else each
            for each in topology.prisma
        ),
    )


# --- which service opens what ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Ledger:
    """What leads to one server in one deployment, while it is gathered."""

    name: str
    server: Server | None = None
    terms: dict[int, list[Pool]] = field(default_factory=dict)
    poolers: dict[int, dict[int, list[Pool]]] = field(default_factory=dict)
    urls: dict[int, list[Url]] = field(default_factory=dict)
    more: list[Note] = field(default_factory=list)
    provided: dict[str, dict[int, list[Pool]]] = field(default_factory=dict)
    because: list[Note] = field(default_factory=list)


class _Deployment:
    """The workloads of one deployment with the servers and poolers they can reach."""

    def __init__(
        self, running: Sequence[Running], topology: Topology, urls: Urls, packages: Packages, compose: frozenset[str]
    ) -> None:
        """``compose``: the paths of compose files."""
        self.running = running
        self.compose = compose
        self.topology = topology
        self.urls = urls
        self.packages = packages
        self.ledgers: dict[str, _Ledger] = {}
        paths = {each.path for each in running}
        profile = running[0].workload.profile
        self.servers = [each for each in topology.servers if self._mine(each.at, each.profile, paths, profile)]
        self.poolers = [each for each in topology.poolers if self._mine(each.at, each.profile, paths, profile)]

    def _mine(self, at: Place, profile: Profile, paths: set[str], own: Profile) -> bool:
        """May something of a file be part of this deployment; what compose runs is none of another platform's."""
        if at.path in self.compose:
            folders = {posixpath.dirname(each) for each in paths & self.compose}
            return posixpath.dirname(at.path) in folders and profile in (own, Profile.UNKNOWN)
        return at.path in paths or profile in (own, Profile.UNKNOWN, Profile.PRODUCTION)

    def ledger(self, host: str, name: str) -> _Ledger:
        """The ledger of the server behind a host; a server of the repository is the same under all its names."""
        host = host.lower()
        found = [each for each in self.servers if host in {one.lower() for one in (each.name, *each.names)}]
        near = [each for each in found if any(each.at.path == one.path for one in self.running)] or found
        server = near[0] if near else None
        key = f"server {server.name}" if server is not None else f"host {host}"
        if not host and len(self.servers) == 1:
            server = self.servers[0]
            key = f"server {server.name}"
        return self.ledgers.setdefault(key, _Ledger(server.name if server is not None else name, server))

    def take(self, number: int, pool: Pool, found: Sequence[Url]) -> None:
        """Books one pool of a workload where its connection string leads."""
        url = found[0] if found else None
        dsn = url.dsn if url is not None else None
        host = dsn.host if dsn is not None and not _TEMPLATE.search(dsn.host) else ""
        variable = url.name if url is not None else ""
        pooler = self.pooler(host, url) if url is not None else None
        if pooler is not None and url is not None:
            ledger = self.behind(pooler)
            ledger.poolers.setdefault(self.poolers.index(pooler), {}).setdefault(number, []).append(pool)
            ledger.urls.setdefault(self.poolers.index(pooler), []).append(url)
            return
        named = host or (f"the server of {variable}" if variable else "the server")
        ledger = self.ledger(host, named)
        if url is not None and url.route.pooler and url.route.mode is not Mode.DIRECT:
            ledger.provided.setdefault(url.route.pooler, {}).setdefault(number, []).append(pool)
        else:
            ledger.terms.setdefault(number, []).append(pool)

    def pooler(self, host: str, url: Url) -> Pooler | None:
        """The pooler of this repository that a connection string leads to."""
        named = [each for each in self.poolers if host and host in {one.lower() for one in each.names}]
        named = named or [each for each in self.poolers if each.names and each.at == url.route.by]
        if named:
            return named[0]
        if not url.route.pooler:
            return None
        loose = [each for each in self.poolers if each.name == url.route.pooler and not each.names]
        return loose[0] if len(loose) == 1 else None

    def behind(self, pooler: Pooler) -> _Ledger:
        """The ledger of the server behind a pooler."""
        hosts = [pooler.server, *((each.get("host") or "") for each in pooler.databases)]
        plain = [each for each in hosts if each and not _TEMPLATE.search(each)]
        host = plain[0] if plain else ""
        if not host and len(self.ledgers) == 1:
            return next(iter(self.ledgers.values()))
        return self.ledger(host, host or f"the server behind {pooler.name}")


def _budgets(
    running: Sequence[Running],
    opening: Sequence[Opener],
    topology: Topology,
    urls: Urls,
    declared: Declarations,
    packages: Packages,
    compose: frozenset[str],
) -> Iterator[Budget]:
    worlds: dict[tuple[str, Profile], list[Running]] = {}
    for each in running:
        worlds.setdefault((each.world, each.workload.profile), []).append(each)
    seen = False
    for (_, profile), mine in worlds.items():
        deployment = _Deployment(mine, topology, urls, packages, compose)
        for number, each in enumerate(mine):
            _book(deployment, number, each, mine, opening)
        for ledger in deployment.ledgers.values():
            if ledger.terms or ledger.poolers or ledger.provided:
                seen = seen or profile in REAL
                yield _budget(deployment, ledger, profile, declared)
    if not seen:
        yield from _poolers_alone(topology, urls, declared, packages)


def _book(
    deployment: _Deployment, number: int, running: Running, mine: Sequence[Running], opening: Sequence[Opener]
) -> None:
    if not running.ours:
        used = [each for each in running.environment if any(each in one.names for one in opening)]
        for variable in running.environment.values():
            if variable.dsn is not None and variable.dsn.scheme.startswith("postgres"):
                ledger = deployment.ledger(variable.dsn.host, variable.dsn.host)
                what = running.workload.name if not running.image else f"{running.workload.name} ({running.image})"
                ledger.more.append(Note(f"{what} connects as well; how often is not known", variable.at))
                return
        if not used:
            return
    chosen = _run_by(running, opening, deployment.packages)
    groups: dict[tuple[str, ...], list[tuple[Pool, tuple[Url, ...]]]] = {}
    for each in chosen:
        if not _loaded(each, running, mine):
            continue
        pool = each.pool(running)
        if pool is not None:
            groups.setdefault(each.key, []).append((pool, each.urls(running)))
    for several in groups.values():
        pool, found = max(several, key=lambda each: each[0].most.count)  # alternatives: the larger one
        deployment.take(number, pool, found)


def _run_by(running: Running, opening: Sequence[Opener], packages: Packages) -> list[Opener]:
    """What a workload loads, by the folder its program stands in and the packages of the workspace that it uses."""
    folder = running.workload.folder
    folders = sorted({each.folder for each in opening})
    inside = [each for each in folders if covers(folder, each)]
    own = [each for each in inside if each == folder]
    used = packages.reached(folder) & set(folders)
    if own or used:
        chosen = {*own, *used}
    elif len(inside) == 1:
        chosen = set(inside)
    elif inside:
        names = {
            running.workload.name.lower(),
            *(word.lower() for word in re.split(r"[^\w-]+", " ".join(running.words))),
        }
        chosen = {each for each in inside if posixpath.basename(each).lower() in names}
        for each in list(chosen):
            chosen |= packages.reached(each) & set(folders)
    else:
        above = [each for each in folders if covers(each, folder)]
        chosen = {max(above, key=len)} if above else set()
    return [each for each in opening if each.folder in chosen]


def _loaded(opener: Opener, running: Running, mine: Sequence[Running]) -> bool:
    """Not when its file is what another workload starts with, and this one starts with another file."""
    entries = {number: _stem(each.workload.entry) for number, each in enumerate(mine)}
    stem = posixpath.splitext(opener.path)[0]
    starting = {number for number, entry in entries.items() if entry and _same(stem, entry)}
    return not starting or any(mine[number] is running for number in starting) or not running.workload.entry


def _stem(entry: str) -> str:
    if entry.endswith((".py", ".js", ".ts", ".mjs", ".cjs")):
        return posixpath.splitext(entry)[0].removeprefix("./")
    return entry.partition(":")[0].replace(".", "/") if ":" in entry else ""


def _same(stem: str, entry: str) -> bool:
    """Is a file what an entry names; what is built lies elsewhere than its source."""
    entry = re.sub(r"^(?:/?app/|/?usr/src/app/|\.?/?dist/|\.?/?build/)+", "", entry)
    return bool(entry) and (stem == entry or stem.endswith("/" + entry))


# --- one budget ------------------------------------------------------------------------------------------


def _budget(deployment: _Deployment, ledger: _Ledger, profile: Profile, declared: Declarations) -> Budget:
    terms = tuple(_term(deployment, number, pools, declared) for number, pools in sorted(ledger.terms.items()))
    shares = [
        _share(
            deployment.poolers[at],
            tuple(_term(deployment, number, pools, declared) for number, pools in sorted(clients.items())),
            ledger.urls.get(at, []),
        )
        for at, clients in ledger.poolers.items()
    ]
    more = list(ledger.more)
    for name, clients in ledger.provided.items():
        booked = tuple(_term(deployment, number, pools, declared) for number, pools in sorted(clients.items()))
        at = booked[0].workload.at
        why = f"{name} opens as many server connections as its plan says"
        slot = Slot("", "", Number(None, why, at, least=0, text="by its plan"), known(0))
        shares.append(Share(name, at, known(1, name, at, default=True), (Entry("", (slot,)),), terms=booked))
    server = ledger.server
    return Budget(
        server=ledger.name,
        source=deployment.running[0].workload.source,
        profile=profile,
        at=server.at if server is not None else None,
        supply=_supply(server, declared.server if profile in REAL else None),
        terms=terms,
        shares=tuple(shares),
        more=tuple(dict.fromkeys(more)),
        because=server.because if server is not None else (),
        cores=_cores(server),
    )


def _cores(server: Server | None) -> Number | None:
    if server is None or server.cores is None or not server.cores.count:
        return None
    return known(
        server.cores.count, f"{server.name} has {server.cores.text or server.cores.count} CPUs", server.cores.at
    )


def _term(deployment: _Deployment, number: int, pools: Sequence[Pool], declared: Declarations) -> Term:
    work = deployment.running[number].workload
    said = declared.services.get(work.name)
    return Term(work, tuple(_declared(each, said) for each in pools))


def _declared(pool: Pool, said: Declaration | None) -> Pool:
    if said is not None and said.pool is not None:
        pool = replace(pool, size=known(said.pool, f"a pool of {said.pool} is declared", said.at))
    if said is not None and said.overflow is not None and pool.overflow is not None:
        pool = replace(pool, overflow=known(said.overflow, f"an overflow of {said.overflow} is declared", said.at))
    if pool.minimum.count is not None and pool.size.count is not None and pool.minimum.count > pool.size.count:
        pool = replace(pool, minimum=pool.size)
    return pool


def _supply(server: Server | None, declared: DeclaredServer | None) -> Supply | None:
    if server is None and declared is None:
        return None
    most = _server_number(server, "max_connections", _MAX_CONNECTIONS)
    superusers = _server_number(server, "superuser_reserved_connections", _SUPERUSERS)
    reserved = _server_number(server, "reserved_connections", 0)
    if declared is not None and declared.max_connections is not None:
        most = known(declared.max_connections, f"max_connections = {declared.max_connections} is declared", declared.at)
    if declared is not None and declared.reserved_connections is not None:
        count = declared.reserved_connections
        reserved = known(count, f"reserved_connections = {count} is declared", declared.at)
        if server is None or "superuser_reserved_connections" not in server.settings:
            superusers = known(_SUPERUSERS, "superuser_reserved_connections is 3 by default", declared.at, default=True)
    return Supply(most, superusers, reserved)


def _server_number(server: Server | None, name: str, standard: int) -> Number:
    if server is None:
        if name == "max_connections":
            return Number(None, "max_connections of the server is not known", None, least=0)
        return known(standard, f"{name} is {standard} by default", None, default=True)
    setting = server.settings.get(name)
    if setting is not None:
        count = setting.number
        if count is None or count > 1_000_000 or (name == "max_connections" and not count):
            return Number(None, f"{name} is {setting.text or 'no plain number here'}", setting.at, least=0)
        return known(count, f"{name} is {count}", setting.at)
    if name == "max_connections" and (server.product or server.open):
        why = f"{name} of {server.name} goes by its plan" if server.product else f"{name} may be set elsewhere"
        return Number(None, why, server.at, least=0)
    return known(standard, f"{name} is {standard} by default", server.at, default=True)


# --- poolers ---------------------------------------------------------------------------------------------


def _share(pooler: Pooler, terms: tuple[Term, ...], found: Sequence[Url]) -> Share:
    """PgBouncer 1.25 ``server.c`` and ``loader.c``, as tested: a pool for each entry and user, capped by entry and by user, all of it per process."""
    settings = pooler.settings
    instances = known(1, f"one {pooler.name} process, as nothing else is said", pooler.at, default=True)
    if pooler.instances is not None:
        count = pooler.instances.count
        why = f"{pooler.instances.text or count} instances of {pooler.name}"
        instances = (
            Number(count, why, pooler.instances.at) if count is not None else Number(None, why, pooler.instances.at)
        )
    users = {fingerprint(each.name): each for each in pooler.users} | {each.name: each for each in pooler.users}
    by_entry: dict[str, set[str]] = {}
    names = {each.name for each in pooler.databases}
    for url in found:
        name = url.dsn.database or "*"
        by_entry.setdefault(name, set()).add(url.dsn.user)
    entries: list[Entry] = []
    listed = {each.name: each for each in pooler.databases}
    for name in [*(each for each in listed if each != "*"), *(each for each in by_entry if each not in names)]:
        database = listed.get(name) or listed.get("*")
        if name != "*" or "*" not in by_entry or not entries:
            entries.append(_entry(pooler, name, database, by_entry.get(name, set()), users))
    if not entries:
        entries.append(_entry(pooler, "*", listed.get("*"), set(), users))
    caps = {}
    for key, each in users.items():
        cap = _cap(each, "max_user_connections") or _told(settings, "max_user_connections")
        if cap is not None:
            caps[key] = cap
    limit = _told(settings, "max_user_connections")
    if limit is not None:
        for entry in entries:
            for slot in entry.slots:
                caps.setdefault(slot.user, limit)
    mode = pooler.modes.get("*", Mode.UNKNOWN)
    clients = _number(
        settings, "max_client_conn", 100 if pooler.name == "PgBouncer" and not pooler.open else None, pooler
    )
    return Share(
        pooler.name,
        pooler.at,
        instances,
        tuple(entries),
        caps,
        clients,
        mode.value if mode is not Mode.UNKNOWN else "",
        terms,
        pooler.because,
    )


def _entry(
    pooler: Pooler, name: str, database: BouncerDatabase | None, found: set[str], users: Mapping[str, BouncerDatabase]
) -> Entry:
    settings = pooler.settings
    forced = database.get("user") if database is not None else None
    logins = [forced] if forced else sorted(found) or [""]
    slots = []
    for user in logins:
        size = (
            _own(users.get(user), "pool_size")
            or _own(database, "pool_size")
            or _number(settings, "default_pool_size", _standard(pooler), pooler)
        )
        if size.count == 0:
            release = version(pooler.version) if pooler.version else None
            unlimited = release is not None and (release.major, release.minor) >= (1, 24)
            why = f"{size.why}: no limit since PgBouncer 1.24"
            size = Number(None, why, size.at, unbounded=unlimited)
        reserve = (
            _own(users.get(user), "reserve_pool_size")
            or _own(database, "reserve_pool_size")
            or _own(database, "reserve_pool")
            or _number(settings, "reserve_pool_size", 0, pooler)
        )
        timeout = settings.get("reserve_pool_timeout")
        if timeout is not None and (timeout.text or "").strip() in ("0", "0.0"):
            reserve = known(0, "reserve_pool_timeout is 0: no reserve", timeout.at)
        least = _own(database, "min_pool_size") or _number(settings, "min_pool_size", 0, pooler)
        slots.append(Slot(name, user or "", size, reserve, least))
    cap = _cap(database, "max_db_connections") or _told(settings, "max_db_connections")
    return Entry(name, tuple(slots), cap)


def _standard(pooler: Pooler) -> int | None:
    """PgBouncer's ``default_pool_size`` is 20; what the others have by default is not summed up."""
    return 20 if pooler.name == "PgBouncer" and not pooler.open else None


def _number(settings: Mapping[str, Setting], name: str, standard: int | None, pooler: Pooler) -> Number:
    setting = settings.get(name)
    if setting is None:
        if standard is None:
            return Number(None, f"{name} of {pooler.name} is not shown here", pooler.at, least=0)
        return known(standard, f"{name} is {standard} by default", pooler.at, default=True)
    if setting.number is None:
        return Number(None, f"{name} is {setting.text or 'no plain number here'}", setting.at, least=0)
    return known(setting.number, f"{name} is {setting.number}", setting.at)


def _told(settings: Mapping[str, Setting], name: str) -> Number | None:
    """A cap of the whole file: 0 is none."""
    setting = settings.get(name)
    if setting is None or not setting.number:
        return None
    return known(setting.number, f"{name} is {setting.number}", setting.at)


def _own(line: BouncerDatabase | None, name: str) -> Number | None:
    """A number of a line of ``[databases]`` or ``[users]``; junk is 0 to ``atoi``."""
    setting = next((each for each in reversed(line.settings) if each.name == name), None) if line is not None else None
    if setting is None:
        return None
    if setting.text is None:
        return Number(None, f"{name} is filled in elsewhere", setting.at, least=0)
    digits = re.match(r"\s*(-?\d{1,9})", setting.text)
    count = int(digits[1]) if digits else 0
    return None if count < 0 else known(count, f"{name} is {setting.text}", setting.at)


def _cap(line: BouncerDatabase | None, name: str) -> Number | None:
    found = _own(line, name)
    return found if found is not None and found.count else None


def _poolers_alone(topology: Topology, urls: Urls, declared: Declarations, packages: Packages) -> Iterator[Budget]:
    """Poolers whose clients are not in this repository: what they alone ask of their server."""
    for pooler in topology.poolers:
        if pooler.profile not in REAL:
            continue
        at = Place(pooler.at.path, 0, 0, 1, 1)
        running = Running(Workload("", at, pooler.at.path, pooler.profile), pooler.at.path, {}, pooler.at.path)
        deployment = _Deployment([running], topology, urls, packages, frozenset())
        ledger = deployment.behind(pooler)
        server = ledger.server
        supply = _supply(server, declared.server)
        if supply is None:
            continue
        yield Budget(
            ledger.name,
            pooler.at.path,
            pooler.profile,
            server.at if server is not None else None,
            supply,
            shares=(_share(pooler, (), ()),),
            because=server.because if server is not None else (),
        )
