"""The poolers that the repository itself runs or configures: files, containers, and what operators and platforms are told."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from pooltlint.model.facts import BouncerFile, DeploymentFile, Facts, PoolerSettings, Profile, Service, Setting
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.topology import Mode, Pooler
from pooltlint.model.truth import Truth
from pooltlint.poolers import containers, pgbouncer

_IMAGE = re.compile(r"(?:^|[/_.-])(pgbouncer|pgcat|odyssey|supavisor|pgpool|pgdog)(?:[-_/:@.]|$)", re.IGNORECASE)
_ASIDE = re.compile(r"exporter|dashboard|console|prometheus|rejector", re.IGNORECASE)
"""Images of programs that only look at a pooler."""

_TAG = re.compile(r":v?(\d+\.\d+(?:\.\d+)?)")
_LIKELY = re.compile(r"1\.(?:[7-9]|[1-3]\d)\.\d+")
_TEMPLATES = re.compile(r"(?:^|/)templates/")
_NAMES = {
    "pgbouncer": "PgBouncer",
    "pgcat": "PgCat",
    "odyssey": "Odyssey",
    "supavisor": "Supavisor",
    "pgpool": "Pgpool-II",
    "pgdog": "PgDog",
}
_PORTS = {"PgBouncer": 6432, "PgCat": 5432, "Odyssey": 6432, "Pgpool-II": 9999, "PgDog": 6432}
"""Where each listens when nothing says otherwise (pgcat ``src/config.rs``, pgdog ``example.pgdog.toml``, pgpool.net)."""

_MODES = {
    "PgBouncer": Mode.SESSION,
    "PgCat": Mode.TRANSACTION,
    "PgDog": Mode.TRANSACTION,
    "Pgpool-II": Mode.SESSION,
    "Supavisor": Mode.TRANSACTION,
}
"""The mode of what is not told one; Odyssey has none, and Pgpool-II no other (pgpool.net, "Connection Pooling")."""


_FIXED = {"Pgpool-II": Mode.SESSION, "RDS Proxy": Mode.TRANSACTION, "Hyperdrive": Mode.TRANSACTION}
"""The mode of what has only one."""


@dataclass
class _Files:
    """Configuration files by path, and by the bundle they stand in; ``used`` are those that a container mounts."""

    bouncers: dict[str, BouncerFile] = field(default_factory=dict)
    settings: dict[str, tuple[DeploymentFile, PoolerSettings]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


def poolers(facts: Iterable[Facts]) -> tuple[Pooler, ...]:
    """Every pooler that a file of the repository configures or runs."""
    facts = tuple(facts)
    files = _files(facts)
    found: list[Pooler] = []
    for each in facts:
        if isinstance(each, DeploymentFile):
            found += filter(None, (_service(each, service, files) for service in each.services))
    for path, file in sorted(files.bouncers.items()):
        if path not in files.used:
            found.append(_file(file))
    for each in facts:
        if isinstance(each, DeploymentFile):
            found += (_told(each, one) for one in each.poolers if _key(each, one.bundle, one.name) not in files.used)
    return tuple(found)


def bouncers(facts: Iterable[Facts]) -> tuple[BouncerFile, ...]:
    """Every ``pgbouncer.ini``, those inside of manifests too."""
    found: list[BouncerFile] = []
    for each in facts:
        if isinstance(each, BouncerFile):
            found.append(each)
        elif isinstance(each, DeploymentFile):
            found += each.bouncers
    return tuple(found)


def _files(facts: tuple[Facts, ...]) -> _Files:
    files = _Files()
    for each in facts:
        if isinstance(each, BouncerFile) and not each.template:
            files.bouncers[each.path] = each
        elif isinstance(each, DeploymentFile):
            for one in each.bouncers:
                if not one.template:
                    files.bouncers[_key(each, one.name, "")] = one
            for told in each.poolers:
                if told.bundle or told.name == posixpath.basename(each.path):
                    files.settings[_key(each, told.bundle, told.name)] = (each, told)
    return files


def _key(file: DeploymentFile, bundle: str, name: str) -> str:
    """What a configuration file is found by: its path, or that of the manifest with the bundle that holds it."""
    if bundle:
        return f"{file.path}#{bundle}"
    return file.path if name == posixpath.basename(file.path) else f"{file.path}##{name}"


def _file(file: BouncerFile) -> Pooler:
    modes, because = _modes(file)
    return Pooler(
        "PgBouncer",
        _first(file),
        (),
        (_listens(file.settings) or 6432,),
        modes,
        _tracks("", file.settings, file),
        "",
        _startup(file.settings),
        because,
        Profile.UNKNOWN,
        file.settings,
        file.databases,
        file.users,
        open=file.partial,
    )


def _first(file: BouncerFile) -> Place:
    setting = file.settings.get("pool_mode") or next(iter(file.settings.values()), None)
    return setting.at if setting is not None else Place(file.path, 0, 0, 1, 1)


def _modes(file: BouncerFile) -> tuple[dict[str, Mode], tuple[Note, ...]]:
    """Pool mode by database name; ``*`` is what holds for the others (user settings beat both and are not told apart here)."""
    setting = file.settings.get("pool_mode")
    modes = {"*": _mode(setting.text if setting is not None else "session")}
    because = (
        (Note(f"pool_mode = {setting.text}" if setting.text is not None else "pool_mode holds no mode", setting.at),)
        if setting is not None
        else (Note(f"{file.path} sets no pool_mode, and PgBouncer's default is session"),)
    )
    for database in file.databases:
        text = database.get("pool_mode")
        if text:
            modes[database.name] = _mode(text)
    return modes, because


def _mode(text: str | None) -> Mode:
    return {"transaction": Mode.TRANSACTION, "session": Mode.SESSION, "statement": Mode.STATEMENT}.get(
        (text or "").strip().lower(), Mode.UNKNOWN
    )


def _startup(settings: Mapping[str, Setting]) -> tuple[str, ...]:
    setting = settings.get("ignore_startup_parameters")
    return (
        tuple(each.strip() for each in (setting.text or "").split(",") if each.strip()) if setting is not None else ()
    )


def _listens(settings: Mapping[str, Setting]) -> int:
    port = settings.get("listen_port")
    return (port.number or 0) if port is not None else 0


def _tracks(version: str, settings: Mapping[str, Setting], file: BouncerFile | None = None) -> Truth:
    if file is not None and file.partial and "max_prepared_statements" not in settings:
        return Truth.UNKNOWN
    return pgbouncer.prepared_statements(pgbouncer.version(version) if version else None, settings)


# --- containers ---


def _service(file: DeploymentFile, service: Service, files: _Files) -> Pooler | None:
    found = _IMAGE.search(service.image) or (
        _IMAGE.search(service.name) if not service.image and service.build else None
    )
    if found is None or _ASIDE.search(service.image):
        return None
    product = _NAMES[found[1].lower()]
    version = _version(product, service.image)
    ran = Note(f"service {service.name} runs {service.image or product}", service.image_at or service.at)
    pooler = Pooler(
        product,
        service.image_at or service.at,
        service.names if file.platform == "Kubernetes" else (service.name, *service.names),
        tuple(dict.fromkeys(port for pair in service.ports for port in pair if port)),
        {"*": Mode.UNKNOWN},
        version=version,
        because=(ran,),
        profile=file.profile,
        instances=service.instances,
    )
    mounted = _mounted(file, service, files)
    if isinstance(mounted, BouncerFile):
        return _with_file(pooler, mounted, ran)
    if mounted is not None:
        return _with_settings(pooler, *mounted, ran)
    if product == "PgBouncer":
        return _with_variables(pooler, service, ran, bool(_TEMPLATES.search(file.path)))
    if product == "Pgpool-II":  # whatever else it is told, it pools by session
        return replace(pooler, modes={"*": Mode.SESSION}, prepared=Truth.YES, open=True)
    return replace(pooler, open=True)


def _version(product: str, image: str) -> str:
    """The version that a tag names; a tag of somebody's own image of PgBouncer only where it can be nothing else."""
    tag = _TAG.search(image)
    own = product != "PgBouncer" or containers.container(image).known or "cloudnative-pg/" in image
    return tag[1] if tag and (own or _LIKELY.fullmatch(tag[1])) else ""


def _mounted(
    file: DeploymentFile, service: Service, files: _Files
) -> BouncerFile | tuple[DeploymentFile, PoolerSettings] | None:
    """The configuration file that a container mounts, marked as used."""
    folder = posixpath.dirname(file.path)
    for source, target in service.mounts:
        kind, _, bundle = source.partition("/")
        if file.platform == "Kubernetes":
            if kind not in ("configmap", "secret"):
                continue
            known = [key for key in (*files.bouncers, *files.settings) if key.endswith(f"#{bundle}")]
            keys = [key for key in known if key == f"{file.path}#{bundle}"] or known
        else:
            path = posixpath.normpath(posixpath.join(folder, source))
            keys = [path]
            if not re.search(r"\.(?:ini|toml|conf)$", target):
                keys += [key for key in (*files.bouncers, *files.settings) if posixpath.dirname(key) == path]
                keys.sort(key=lambda key: posixpath.basename(key) != "pgbouncer.ini")
        for key in keys:
            if key in files.bouncers or key in files.settings:
                files.used.add(key)
                return files.bouncers.get(key) or files.settings[key]
    return None


def _with_file(pooler: Pooler, file: BouncerFile, ran: Note) -> Pooler:
    modes, because = _modes(file)
    return replace(
        pooler,
        ports=tuple(dict.fromkeys((*pooler.ports, _listens(file.settings) or 6432))),
        modes=modes,
        prepared=_tracks(pooler.version, file.settings, file),
        startup=_startup(file.settings),
        because=(*because, ran),
        settings=file.settings,
        databases=file.databases,
        users=file.users,
        open=file.partial,
    )


def _with_variables(pooler: Pooler, service: Service, ran: Note, template: bool) -> Pooler:
    """PgBouncer in a container that writes its own file from variables; a ``template`` may hold more of them."""
    image = containers.container(service.image)
    settings: dict[str, Setting] = {}
    names: dict[str, str] = {}
    for each in service.environment:
        name = image.setting(each.name)
        if name:
            settings[name], names[name] = Setting(name, each.text, each.at, each.at), each.name
    elsewhere = (
        template
        or bool(service.env_files or service.bundles or service.build)
        or any(not image.file or image.file.startswith(target.rstrip("/")) for _, target in service.mounts)
    )
    mode = settings.get("pool_mode")
    because: tuple[Note, ...]
    if mode is not None:
        modes, because = {"*": _mode(mode.text)}, (Note(f"{names['pool_mode']} is {mode.text}", mode.at), ran)
    elif elsewhere:
        modes, because = {"*": Mode.UNKNOWN}, (ran,)
    else:
        modes = {"*": Mode.SESSION}
        because = (ran, Note("the image sets no pool mode, and PgBouncer's default is session"))
    return replace(
        pooler,
        ports=tuple(dict.fromkeys((*pooler.ports, _listens(settings) or image.port))),
        modes=modes,
        prepared=_tracks(pooler.version, settings),
        startup=_startup(settings) or tuple(filter(None, image.startup.split(","))) or ("extra_float_digits",),
        because=because,
        settings=settings,
        open=elsewhere,
    )


# --- files and objects of other poolers ---


def _told(file: DeploymentFile, told: PoolerSettings) -> Pooler:
    """A pooler from what an operator, a platform or its own file says of it."""
    profile = file.profile
    pooler = Pooler(
        told.product, told.at, told.names, told.ports, version=told.version, profile=profile, instances=told.instances
    )
    return _with_settings(pooler, file, told, None)


def _with_settings(pooler: Pooler, file: DeploymentFile, told: PoolerSettings, ran: Note | None) -> Pooler:
    modes, because = _told_modes(told)
    return replace(
        pooler,
        ports=tuple(dict.fromkeys((*pooler.ports, *told.ports))) or tuple(filter(None, (_PORTS.get(told.product, 0),))),
        modes=modes,
        prepared=_keeps(told, pooler.version),
        startup=_startup(told.settings),
        because=(*because, *((ran,) if ran is not None else ())),
        settings=told.settings,
        databases=told.databases,
        users=told.users,
        server=told.server,
    )


def _told_modes(told: PoolerSettings) -> tuple[dict[str, Mode], tuple[Note, ...]]:
    """The mode by database; one that users of a database have of their own makes that database's unknown."""
    setting, default = told.settings.get("pool_mode"), _MODES.get(told.product, Mode.UNKNOWN)
    fixed = _FIXED.get(told.product)
    if fixed is not None:
        return {"*": fixed}, (Note(f"{told.product} pools by {fixed.value}", told.at),)
    modes = {"*": _mode(setting.text) if setting is not None else default}
    for database in told.databases:
        written = [each for each in database.settings if each.name == "pool_mode"]
        modes[database.name] = _mode(written[-1].text) if written else modes["*"]
    for user in told.users:
        own = _mode(user.get("pool_mode")) if user.get("pool_mode") else None
        database_name = user.get("dbname")
        if own is not None and database_name and modes.get(database_name, own) not in (own, Mode.UNKNOWN):
            modes[database_name] = Mode.UNKNOWN
    said = {mode for name, mode in modes.items() if name != "*"}
    if setting is None and told.product != "PgBouncer" and len(said) == 1:
        modes["*"] = next(iter(said))
    first = setting or next((one for each in told.databases for one in each.settings if one.name == "pool_mode"), None)
    if first is not None:
        return modes, (Note(f"pool_mode is {first.text}" if first.text else "pool_mode holds no mode", first.at),)
    if default is Mode.UNKNOWN:
        return modes, (Note(f"{told.name} configures {told.product}", told.at),)
    return modes, (Note(f"{told.name} sets no pool mode, and {told.product}'s default is {default.value}", told.at),)


def _keeps(told: PoolerSettings, version: str) -> Truth:
    """Does it keep protocol-level prepared statements apart, as far as all of its databases agree.

    PgCat only with a ``prepared_statements_cache_size``, which is 0 by default (``src/config.rs``); Odyssey with
    ``pool_reserve_prepared_statement``; PgDog unless ``prepared_statements`` is ``disabled`` (docs.pgdog.dev).
    """
    match told.product:
        case "PgBouncer":
            return _tracks(told.version or version, told.settings)
        case "PgCat":
            shared = told.settings.get("prepared_statements_cache_size")
            sizes = [each.get("prepared_statements_cache_size") for each in told.databases] or [None]
            given = {size if size is not None else shared.text if shared is not None else "0" for size in sizes}
            return _agreed(None if each is None else each != "0" for each in given)
        case "Odyssey":
            said = [each.get("pool_reserve_prepared_statement") for each in told.users] or [None]
            return _agreed(None if each is None else each in ("yes", "true", "on", "1") for each in said)
        case "PgDog":
            switch = told.settings.get("prepared_statements")
            return (
                Truth.UNKNOWN
                if switch is not None and switch.text is None
                else Truth.of(switch is None or switch.text != "disabled")
            )
        case "Pgpool-II" | "RDS Proxy" | "Hyperdrive":
            return Truth.YES
        case "Supavisor":
            return Truth.NO
        case _:
            return Truth.UNKNOWN


def _agreed(answers: Iterable[bool | None]) -> Truth:
    said = set(answers)
    only = next(iter(said)) if len(said) == 1 else None
    return Truth.UNKNOWN if only is None else Truth.of(only)
