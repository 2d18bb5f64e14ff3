"""What every PgBouncer of the repository is in effect: defaults, release, reach, what does nothing, and who connects through it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import (
    BouncerDatabase,
    BouncerFile,
    BouncerProblem,
    CommandFile,
    DeploymentFile,
    Facts,
    Profile,
    Service,
    Setting,
    UserList,
    Variable,
)
from pooltlint.model.finding import Note
from pooltlint.model.pooling import deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import (
    Backend,
    Client,
    Idle,
    Newer,
    Pooler,
    Rails,
    Reach,
    Sql,
    Statement,
    Topology,
    Url,
)
from pooltlint.model.truth import Truth
from pooltlint.poolers import containers, pgbouncer
from pooltlint.poolers.pgbouncer import Scope

ASIDE = re.compile(
    r"(?i)(?:^|[/_.-])(?:examples?|samples?|templates?|tmpl|tpl|dist|docs?|demos?|tutorials?|playground|bench\w*|tests?"
    r"|testing|fixtures?|e2e|ci|labs?|homeworks?|lessons?|spikes?|poc|loadtest\w*|local|dev|development|devcontainer)(?:[/_.-]|$)"
)
_PIN = re.compile(r"\bpgbouncer=(?:\d+:)?(1\.\d+(?:\.\d+)?)[\w.+~*-]*")
_REPORTED = frozenset(
    {
        "application_name",
        "client_encoding",
        "datestyle",
        "default_transaction_read_only",
        "in_hot_standby",
        "integer_datetimes",
        "intervalstyle",
        "is_superuser",
        "scram_iterations",
        "search_path",  # PostgreSQL 18, and Citus
        "server_encoding",
        "server_version",
        "session_authorization",
        "standard_conforming_strings",
        "timezone",
    }
)
"""Settings that PostgreSQL reports to its clients (PostgreSQL documentation, "Asynchronous Operations"; ``GUC_REPORT``)."""

_LOOPBACK = re.compile(r"(?i)(?:localhost|127(?:\.\d+){1,3}|::1|/\S*)?")
_REFUSED = {
    "POOL_SIZE": ("writes `pool_size` into `[pgbouncer]`, where there is no such setting", "DEFAULT_POOL_SIZE"),
    "TIMEZONE": ("writes `timezone` into `[pgbouncer]`, where there is no such setting", ""),
    "CLIENT_ENCODING": ("writes `client_encoding` as a line of its own into `[databases]`", ""),
}
"""Variables that edoburu's entrypoint.sh makes a line of which PgBouncer refuses (2026-06)."""


@dataclass
class _Found:
    """The files of one repository, by what poolers are found with."""

    services: dict[Place, tuple[DeploymentFile, Service]] = field(default_factory=dict)
    bouncers: dict[str, list[BouncerFile]] = field(default_factory=dict)
    commands: dict[str, CommandFile] = field(default_factory=dict)


def completed(poolers: Iterable[Pooler], facts: Iterable[Facts]) -> tuple[Pooler, ...]:
    """The same poolers; every PgBouncer with the profile of its file, its release, defaults, reach and idle settings."""
    found = _found(facts)
    return tuple(_completed(each, found) if each.name == "PgBouncer" else each for each in poolers)


def _found(facts: Iterable[Facts]) -> _Found:
    found = _Found()
    for each in facts:
        if isinstance(each, DeploymentFile):
            for service in each.services:
                found.services[service.image_at or service.at] = (each, service)
            for one in each.bouncers:
                found.bouncers.setdefault(one.path, []).append(one)
        elif isinstance(each, BouncerFile):
            found.bouncers.setdefault(each.path, []).append(each)
        elif isinstance(each, CommandFile):
            found.commands[each.path] = each
    return found


def _completed(pooler: Pooler, found: _Found) -> Pooler:
    file, service = found.services.get(pooler.at, (None, None))
    written = _file_of(pooler, found)
    path = pooler.at.path
    profile = pooler.profile if pooler.profile is not Profile.UNKNOWN else profile_of(path)
    if profile in (Profile.UNKNOWN, Profile.PRODUCTION) and any(
        ASIDE.search(each) for each in (path, written.path if written is not None else "")
    ):
        profile = Profile.EXAMPLE
    version, release = _release(pooler, file, service, written, found)
    pooler = replace(
        pooler, profile=profile, version=version, release=release, service=service.name if service is not None else ""
    )
    image = containers.container(service.image) if service is not None else None
    if written is None and service is not None and image is not None:
        spelled = {image.setting(each.name): each.name for each in service.environment if image.setting(each.name)}
        pooler = replace(pooler, spelled=spelled)
    pooler = replace(
        pooler,
        defaults={} if pooler.open else _defaults(pooler, image if written is None else None),
        newer=tuple(_newer(pooler, written)),
    )
    reach, reached = _reach(pooler, file, service, found)
    pooler = replace(pooler, reach=reach, reached=reached, backends=tuple(_backends(pooler, service)))
    return replace(
        pooler,
        idle=(
            *_reset(written),
            *(_variables(pooler, service, image, written) if service is not None and image is not None else ()),
            *_without_effect(pooler),
        ),
    )


def _file_of(pooler: Pooler, found: _Found) -> BouncerFile | None:
    """The ``pgbouncer.ini`` that a pooler's settings were read from."""
    of_pooler = [*pooler.settings.values(), *(one for each in pooler.databases for one in each.settings)]
    for each in of_pooler[:1]:
        for file in found.bouncers.get(each.at.path, ()):
            if file.settings == pooler.settings:
                return file
    return next(iter(found.bouncers.get(pooler.at.path, ())), None) if not pooler.names and not of_pooler else None


# --- release and defaults ---


def _release(
    pooler: Pooler, file: DeploymentFile | None, service: Service | None, written: BouncerFile | None, found: _Found
) -> tuple[str, tuple[Note, ...]]:
    """The version that an image's tag pins, or the Dockerfile that builds it; for a lone file the Dockerfile beside it."""
    if pooler.version:
        text = f"service {service.name} runs {service.image}" if service is not None else f"it runs {pooler.version}"
        return pooler.version, (Note(text, pooler.at),)
    paths: list[str] = []
    if file is not None and service is not None and service.build:
        paths.append(posixpath.normpath(posixpath.join(posixpath.dirname(file.path), service.build)))
    elif service is None and written is not None:
        paths.append(posixpath.join(posixpath.dirname(written.path), "Dockerfile"))
    for path in paths:
        commands = found.commands.get(path)
        if commands is None:
            continue
        base = commands.base
        if base is not None and base.text and "pgbouncer" in base.text:
            tag = re.search(r":v?(\d+\.\d+(?:\.\d+)?)", base.text)
            if tag:
                return tag[1], (Note(f"the image is built on {base.text}", base.at),)
        for script in commands.scripts:
            pin = _PIN.search(script.command)
            if pin:
                return pin[1], (Note(f"it installs {pin[0]}", script.at),)
    return "", ()


def _defaults(pooler: Pooler, image: containers.Container | None) -> dict[str, str]:
    """What holds for settings that nobody writes; only what an image is known to leave alone, or sets itself."""
    if image is not None and pooler.service and not image.known:
        return {}
    release = pgbouncer.version(pooler.version) if pooler.version else None
    found = {}
    for name in pgbouncer.SETTINGS[Scope.GLOBAL]:
        text = pgbouncer.default(name, release)
        if name not in pooler.settings and text is not None:
            found[name] = text
    if image is not None and pooler.service:
        found |= {name: text for name, text in image.defaults.items() if name not in pooler.settings}
        for name in image.unsaid:
            found.pop(name, None)
    elif pooler.names and not pooler.service:  # an operator writes the rest as it likes
        for name in (
            "auth_type",
            "listen_addr",
            "client_tls_sslmode",
            "server_tls_sslmode",
            "max_client_conn",
            "auth_file",
        ):
            found.pop(name, None)
    return found


def _newer(pooler: Pooler, written: BouncerFile | None) -> Iterator[Newer]:
    """The settings of files and operators that the pinned release does not know; what a container is told otherwise it may drop."""
    release = pgbouncer.version(pooler.version) if pooler.version else None
    if release is None or pooler.spelled:
        return
    scopes: list[tuple[Scope, Iterable[Setting]]] = [(Scope.GLOBAL, pooler.settings.values())]
    scopes += [(Scope.DATABASE, each.settings) for each in pooler.databases]
    scopes += [(Scope.USER, each.settings) for each in pooler.users]
    for scope, settings in scopes:
        for each in settings:
            known = pgbouncer.known(scope, each.name)
            if known is not None and known.since > release and each.name_at.end > each.name_at.start:
                yield Newer(each.name, each.name_at, _shown(known.since))
            elif known is not None and known.until and known.until <= release:
                yield Newer(each.name, each.name_at, _shown(known.since), _shown(known.until))
    for fault in written.faults if written is not None else ():
        if fault.code == "quoted-name" and release < pgbouncer.QUOTED_NAMES_SINCE:
            yield Newer("a name in quotes", fault.at, _shown(pgbouncer.QUOTED_NAMES_SINCE))


def _shown(version: pgbouncer.Version) -> str:
    return ".".join(map(str, version if version[2] else version[:2]))


# --- reach ---


def _reach(
    pooler: Pooler, file: DeploymentFile | None, service: Service | None, found: _Found
) -> tuple[Reach, tuple[Note, ...]]:
    address = pooler.settings.get("listen_addr")
    text = pooler.value("listen_addr")
    alone = text is not None and all(_LOOPBACK.fullmatch(each.strip()) for each in text.split(","))
    if alone and (address is not None or (service is None and not pooler.names)):
        return Reach.LOCAL, ()
    heard = (Note(f"it listens on {text}", address.at),) if address is not None and text else ()
    if service is not None and file is not None and file.platform == "Docker Compose":
        outside = [target for published, target in service.ports if target not in service.private]
        if outside:
            return Reach.PUBLISHED, (
                Note(f"port {outside[0]} is published on all addresses of the machine", service.at),
            )
        return Reach.LOCAL, ()  # the other services of the file are all that reaches it
    if service is not None or pooler.names:
        return Reach.UNKNOWN, heard
    folder = posixpath.dirname(pooler.at.path)
    if text in ("*", "0.0.0.0", "::") and any(posixpath.dirname(each) == folder for each in found.commands):
        return Reach.UNKNOWN, ()  # a container cannot listen otherwise, and who reaches it is said elsewhere
    return (Reach.NETWORK, heard) if heard else (Reach.UNKNOWN, ())


def _backends(pooler: Pooler, service: Service | None) -> Iterator[Backend]:
    for each in pooler.databases:
        host = next((one for one in each.settings if one.name == "host"), None)
        for name in (host.text or "").split(",") if host is not None else ():
            if host is not None and name.strip():
                yield Backend(name.strip().lower(), host.at)
    for variable in service.environment if service is not None and not pooler.databases else ():
        if variable.name in ("DB_HOST", "POSTGRESQL_HOST") and variable.text:
            yield Backend(variable.text.lower(), variable.at)
        elif variable.name in ("DATABASE_URL", "DATABASE_URLS") and variable.dsn is not None and variable.dsn.host:
            yield Backend(variable.dsn.host, variable.at)


def user_lists(facts: Iterable[Facts]) -> Iterator[UserList]:
    """The password files of the repository, those of examples and tests told by their profile."""
    for each in facts:
        if isinstance(each, UserList):
            aside = each.profile is Profile.UNKNOWN and ASIDE.search(each.path)
            yield replace(each, profile=Profile.EXAMPLE) if aside else each


# --- what does nothing ---


def _reset(written: BouncerFile | None) -> Iterator[Idle]:
    if written is None or written.reopened is None or not written.reset:
        return
    names = ", ".join(f"`{each.name}`" for each in written.reset[:4]) + (" …" if len(written.reset) > 4 else "")
    yield Idle(
        written.reopened,
        f"This second `[pgbouncer]` section takes {names} of the first one back to the defaults. Every such header "
        "starts all over again, and PgBouncer says nothing about it.",
        "Write one `[pgbouncer]` section: move the settings below this line up, and remove it.",
        tuple(Note(f"`{each.name}` is lost", each.name_at) for each in written.reset),
    )


def _variables(
    pooler: Pooler, service: Service, image: containers.Container, written: BouncerFile | None
) -> Iterator[Idle]:
    """Variables of the container that become no setting, as far as its image is known."""
    if not image.known:
        return
    settings = [
        each
        for each in service.environment
        if image.setting(each.name) and each.name not in ("AUTH_TYPE", "AUTH_FILE")  # edoburu's userlist.txt needs them
    ]
    if written is not None or any(target == image.file for _, target in service.mounts):
        if (
            settings
            and image.file
            and any(target in (image.file, posixpath.dirname(image.file)) for _, target in service.mounts)
        ):
            names = ", ".join(f"`{each.name}`" for each in settings[:4]) + (" …" if len(settings) > 4 else "")
            where = written.path if written is not None else image.file
            hides = (Note("this file is used instead", _first(written)),) if written is not None else ()
            yield Idle(
                settings[0].at,
                f"{names} of `{service.name}` {'does' if len(settings) == 1 else 'do'} nothing: `{where}` is mounted at "
                f"`{image.file}`, and then the image writes no file from its variables.",
                "Write the settings into the mounted file and remove the variables, or stop mounting it.",
                (*hides, *(Note(f"`{each.name}` is not used", each.at) for each in settings[1:])),
            )
        return
    for each in service.environment:
        if image.setting(each.name):
            setting = image.setting(each.name)
            known = pgbouncer.known(Scope.GLOBAL, setting)
            release = pgbouncer.version(pooler.version) if pooler.version else None
            if known is not None and release is not None and known.since > release:
                yield Idle(
                    each.at,
                    f"`{each.name}` does nothing: PgBouncer {pooler.version} has no `{setting}`, which came with "
                    f"{_shown(known.since)}.",
                    f"Run an image of PgBouncer {_shown(known.since)} or later, or remove the variable.",
                    pooler.release,
                )
            continue
        name = each.name.removeprefix(image.prefix)
        if not each.name.startswith(image.prefix) or name in image.others or each.name in image.others:
            continue
        known = pgbouncer.known(Scope.GLOBAL, name.lower())
        bare = "PGBOUNCER_" if not image.prefix else ""
        prefixed = (
            pgbouncer.known(Scope.GLOBAL, each.name.removeprefix(bare).lower())
            if bare and each.name.startswith(bare)
            else None
        )
        if prefixed is not None:
            meant = each.name.removeprefix(bare)
            yield Idle(
                each.at,
                f"`{each.name}` does nothing: this image takes its settings without prefix.",
                f"Write `{meant}`." if image.setting(meant) else "Mount a pgbouncer.ini.",
                _runs(pooler, service),
            )
        elif known is not None and (known.kind is not pgbouncer.Kind.TEXT or image.prefix or known.name in _SURELY):
            yield Idle(
                each.at,
                f"`{each.name}` does nothing: the image writes no `{known.name}` from its variables.",
                f"Mount a pgbouncer.ini with `{known.name} = …` instead.",
                _runs(pooler, service),
            )
    if image.prefix:
        for each in service.environment:
            known = pgbouncer.known(Scope.GLOBAL, each.name.lower())
            if known is not None and not each.name.startswith(image.prefix) and known.name in _SURELY:
                meant = f"{image.prefix}{each.name}"
                yield Idle(
                    each.at,
                    f"`{each.name}` does nothing: this image only takes variables that begin with `{image.prefix}`.",
                    f"Write `{meant}`." if image.setting(meant) else "Mount a pgbouncer.ini.",
                    _runs(pooler, service),
                )


_SURELY = frozenset(
    """pool_mode max_client_conn default_pool_size min_pool_size reserve_pool_size reserve_pool_timeout max_db_connections
    max_user_connections max_prepared_statements ignore_startup_parameters track_extra_parameters server_idle_timeout
    server_lifetime query_wait_timeout idle_transaction_timeout transaction_timeout so_reuseport peer_id
    max_db_client_connections max_user_client_connections server_reset_query_always server_reset_query""".split()
)
"""Settings whose names mean nothing but PgBouncer's."""


def _runs(pooler: Pooler, service: Service) -> tuple[Note, ...]:
    return (Note(f"service {service.name} runs {service.image}", pooler.at),)


def _first(file: BouncerFile | None) -> Place | None:
    if file is None:
        return None
    setting = next(iter(file.settings.values()), None)
    return setting.name_at if setting is not None else Place(file.path, 0, 0, 1, 1)


def _without_effect(pooler: Pooler) -> Iterator[Idle]:
    spell = pooler.spell
    reserve, wait = _number(pooler, "reserve_pool_size"), pooler.settings.get("reserve_pool_timeout")
    if reserve and wait is not None and wait.text in ("0", "0.0"):
        yield Idle(
            wait.at,
            f"`{spell('reserve_pool_timeout')}` 0 switches the reserve pool off: the {reserve} connections of "
            f"`{spell('reserve_pool_size')}` are never opened, however long clients wait.",
            f"Set `{spell('reserve_pool_timeout')}` to the seconds after which the reserve may be used (default 5).",
            (Note(f"the reserve is {reserve}", pooler.place("reserve_pool_size")),),
        )
    least, size = pooler.settings.get("min_pool_size"), _number(pooler, "default_pool_size")
    if least is not None and least.number and size and least.number > size:
        held = pooler.settings.get("default_pool_size")
        yield Idle(
            least.at,
            f"A pool never keeps {least.number} connections ready: `{spell('default_pool_size')}` allows {size}"
            f"{'' if held is not None else ' by default'}, and PgBouncer cuts `{spell('min_pool_size')}` down to that.",
            f"Set `{spell('min_pool_size')}` to at most {size}, or raise `{spell('default_pool_size')}`.",
            (Note(f"the pool has {size}", held.at),) if held is not None else (),
        )
    cap, pool = pooler.settings.get("max_db_connections"), pooler.settings.get("default_pool_size")
    if cap is not None and pool is not None and cap.number and pool.number and cap.number < pool.number:
        yield Idle(
            pool.at,
            f"`{spell('default_pool_size')}` {pool.number} is never reached: `{spell('max_db_connections')}` ends every "
            f"database at {cap.number} server connections, for all of its users together.",
            f"Set `{spell('default_pool_size')}` to at most {cap.number}, or raise `{spell('max_db_connections')}`.",
            (Note(f"the cap is {cap.number}", cap.at),),
        )
    for each in pooler.databases:
        own = {one.name: one for one in each.settings}
        most, fewest = own.get("pool_size"), own.get("min_pool_size")
        if most is not None and fewest is not None and most.number and fewest.number and fewest.number > most.number:
            yield Idle(
                fewest.at,
                f"The pool of `{each.name}` never keeps {fewest.number} connections ready: its `pool_size` is {most.number}.",
                f"Set `min_pool_size` to at most {most.number}.",
            )
    yield from _aliases(pooler)
    tracked = pooler.settings.get("track_extra_parameters")
    for name in (tracked.text or "").split(",") if tracked is not None else ():
        bare = name.strip()
        if tracked is not None and re.fullmatch(r"[A-Za-z_][\w.]*", bare) and bare.lower() not in _REPORTED:
            yield Idle(
                tracked.at,
                f"PgBouncer accepts `{bare}` in `{spell('track_extra_parameters')}` and does not restore it: it can only "
                "follow what PostgreSQL reports to its clients, and PostgreSQL does not report this one.",
                f"Remove `{bare}`, and use `SET LOCAL` in a transaction or `ALTER ROLE … SET {bare} = …`.",
            )


def _aliases(pooler: Pooler) -> Iterator[Idle]:
    """Several entries for one real database: a cap that is meant for it counts for each of them alone (tested, 1.18 and 1.25)."""
    cap = pooler.settings.get("max_db_connections")
    if cap is None or not cap.number:
        return
    real: dict[tuple[str, str, str], list[BouncerDatabase]] = {}
    for each in pooler.databases:
        if each.name != "*" and each.get("max_db_connections") is None and each.get("host"):
            key = (each.get("host") or "", each.get("port") or "5432", each.get("dbname") or each.name)
            real.setdefault(key, []).append(each)
    for entries in real.values():
        if len(entries) < 2:
            continue
        sizes = [each.get("pool_size") or pooler.value("default_pool_size") or "" for each in entries]
        if not all(each.isdigit() for each in sizes) or sum(min(int(each), cap.number) for each in sizes) <= cap.number:
            continue
        names = " and ".join(f"`{each.name}`" for each in entries[:3])
        yield Idle(
            cap.at,
            f"{names} lead to the same database, and `{pooler.spell('max_db_connections')}` counts for each of them alone: "
            f"together they open up to {sum(min(int(each), cap.number) for each in sizes)} connections instead of {cap.number}.",
            "Write `max_db_connections=…` into each of the database lines, so that their sum is what the server may get.",
            tuple(Note(f"`{each.name}` leads there", each.at) for each in entries),
        )


def _number(pooler: Pooler, name: str) -> int | None:
    text = pooler.value(name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def refused(facts: Iterable[Facts]) -> Iterator[BouncerFile]:
    """What containers are told that makes their image write a file with which PgBouncer does not start.

    edoburu's ``entrypoint.sh`` (2026-06), unless a mounted file switches it off.
    """
    for each in facts:
        if not isinstance(each, DeploymentFile):
            continue
        faults = []
        for service in each.services:
            image = containers.container(service.image)
            if (
                not service.image
                or not image.known
                or image.prefix
                or any(target == image.file for _, target in service.mounts)
            ):
                continue
            faults += [_refused(one, service) for one in service.environment if one.name in _REFUSED]
        if faults:
            yield BouncerFile(each.path, {}, (), (), tuple(faults))


def _refused(variable: Variable, service: Service) -> BouncerProblem:
    why, instead = _REFUSED[variable.name]
    return BouncerProblem(
        "unknown-key",
        variable.at,
        f"PgBouncer does not start: from `{variable.name}` the image of `{service.name}` {why}.",
        f"Write `{instead}`."
        if instead
        else f"Remove it, or mount a pgbouncer.ini with `{variable.name.lower()}=…` in the line of the database.",
    )


# --- who connects through it ---


def connected(topology: Topology) -> Topology:
    """The topology whose poolers know the connection strings and clients that lead through them."""
    if not topology.poolers:
        return topology
    return replace(topology, poolers=tuple(_connected(each, topology) for each in topology.poolers))


def _connected(pooler: Pooler, topology: Topology) -> Pooler:
    urls = tuple(each for each in topology.urls if each.route.by == pooler.at)
    clients = tuple(each for each in topology.clients if _leads(each.urls, pooler))
    rails = [each for each in topology.rails if each.production and each.postgres and _leads(each.urls, pooler)]
    of_clients = {each.at for each in clients}
    statements = [each for each in topology.statements if any(one.at in of_clients for one in each.clients)]
    return replace(
        pooler,
        urls=urls,
        clients=clients,
        sessions=tuple(_sessions(statements)),
        transactions=begun(clients, rails, topology),
    )


def begun(clients: Sequence[Client], rails: Sequence[Rails], topology: Topology) -> tuple[Note, ...]:
    """Where these clients and Rails databases begin transactions that last for several statements."""
    of_clients = {each.at for each in clients}
    return (
        *(
            Note(f"`{each.text or each.call}` begins a transaction", each.at)
            for each in topology.statements
            if each.sql is Sql.BEGIN and any(one.at in of_clients for one in each.clients)
        ),
        *(
            Note(f"`{each.call}` holds a transaction", each.at)
            for each in topology.holds
            if each.noun in ("transaction", "session") and any(one.at in of_clients for one in each.clients)
        ),
        *(Note("Rails saves records in transactions", each.at) for each in rails),
        *(Note(f"{_ALWAYS[each.library]}", each.at) for each in clients if each.library in _ALWAYS),
    )


_ALWAYS = {
    "SQLAlchemy": "SQLAlchemy begins a transaction for every session and connection",
    "Django": "Django saves objects in transactions",
    "psycopg": "psycopg begins a transaction with the first statement",
    "psycopg2": "psycopg2 begins a transaction with the first statement",
    "Prisma": "Prisma sends nested writes in a transaction",
}


def _leads(urls: Sequence[Url], pooler: Pooler) -> bool:
    return any(each.route.by == pooler.at for each in deciding(urls))


_BOUND = frozenset({Sql.LISTEN, Sql.LOCK, Sql.HOLD_CURSOR, Sql.TEMPORARY_TABLE, Sql.SET, Sql.SET_ROLE, Sql.SET_CONFIG, Sql.PREPARE, Sql.LOAD})  # fmt: skip


def _sessions(statements: Iterable[Statement]) -> Iterator[Note]:
    for each in statements:
        if each.sql in _BOUND and each.in_transaction is not Truth.YES:
            yield Note(f"`{each.text or each.call}` needs a session of its own", each.at)
