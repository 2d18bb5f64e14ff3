"""The poolers that the repository itself runs: ``pgbouncer.ini`` files and compose services."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from pooltlint.model.facts import BouncerFile, DeploymentFile, Facts, Service, Setting
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.topology import Mode, Pooler
from pooltlint.model.truth import Truth
from pooltlint.poolers import pgbouncer

_IMAGE = re.compile(r"(?:^|[/_-])(pgbouncer|pgcat|odyssey|supavisor|pgpool|pgdog)(?:[-_/:@.]|$)", re.IGNORECASE)
_TAG = re.compile(r":v?(\d+\.\d+(?:\.\d+)?)")
_NAMES = {
    "pgbouncer": "PgBouncer",
    "pgcat": "PgCat",
    "odyssey": "Odyssey",
    "supavisor": "Supavisor",
    "pgpool": "Pgpool-II",
    "pgdog": "PgDog",
}


def poolers(facts: Iterable[Facts]) -> tuple[Pooler, ...]:
    """Every pooler that a file of the repository configures or runs."""
    facts = tuple(facts)
    files = {each.path: each for each in facts if isinstance(each, BouncerFile) and not each.template}
    used: set[str] = set()
    found: list[Pooler] = []
    for compose in facts:
        if isinstance(compose, DeploymentFile):
            for service in compose.services:
                pooler = _service(compose, service, files, used)
                if pooler is not None:
                    found.append(pooler)
    for path, file in sorted(files.items()):
        if path not in used:
            found.append(_file(file))
    return tuple(found)


def _file(file: BouncerFile) -> Pooler:
    modes, because = _modes(file)
    port = file.settings.get("listen_port")
    number = int(port.text) if port is not None and port.text and port.text.isdigit() else 6432
    return Pooler("PgBouncer", _first(file), (), (number,), modes, _tracks("", file), "", _startup(file), because)


def _first(file: BouncerFile) -> Place:
    setting = file.settings.get("pool_mode") or next(iter(file.settings.values()), None)
    return setting.at if setting is not None else Place(file.path, 0, 0, 1, 1)


def _modes(file: BouncerFile) -> tuple[dict[str, Mode], tuple[Note, ...]]:
    """Pool mode by database name; ``*`` is what holds for the others (user settings beat both and are not told apart here)."""
    setting = file.settings.get("pool_mode")
    default = _mode(setting.text if setting is not None else "session")
    modes = {"*": default}
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


def _startup(file: BouncerFile) -> tuple[str, ...]:
    setting = file.settings.get("ignore_startup_parameters")
    return (
        tuple(each.strip() for each in (setting.text or "").split(",") if each.strip()) if setting is not None else ()
    )


def _tracks(version: str, file: BouncerFile) -> Truth:
    return pgbouncer.prepared_statements(pgbouncer.version(version) if version else None, file.settings)


def _service(
    compose: DeploymentFile, service: Service, files: Mapping[str, BouncerFile], used: set[str]
) -> Pooler | None:
    found = _IMAGE.search(service.image) or (
        _IMAGE.search(service.name) if not service.image and service.build else None
    )
    if found is None:
        return None
    kind = found[1].lower()
    tag = _TAG.search(service.image)
    version = tag[1] if tag else ""
    at = service.image_at or service.at
    ports = tuple(dict.fromkeys(port for pair in service.ports for port in pair if port))
    ran = Note(f"service {service.name} runs {service.image or _NAMES[kind]}", at)
    if kind != "pgbouncer":
        return Pooler(
            _NAMES[kind],
            at,
            (service.name, *service.names),
            ports,
            {"*": Mode.UNKNOWN},
            version=version,
            because=(ran,),
            profile=compose.profile,
        )
    folder = posixpath.dirname(compose.path)
    for source, target in service.mounts:
        path = posixpath.normpath(posixpath.join(folder, source))
        file = files.get(path) or (
            files.get(posixpath.join(path, "pgbouncer.ini")) if not target.endswith(".ini") else None
        )
        if file is not None:
            used.add(file.path)
            modes, because = _modes(file)
            port = file.settings.get("listen_port")
            inner = (int(port.text),) if port is not None and port.text and port.text.isdigit() else (6432,)
            return Pooler(
                "PgBouncer",
                at,
                (service.name, *service.names),
                tuple(dict.fromkeys((*ports, *inner))),
                modes,
                _tracks(version, file),
                version,
                _startup(file),
                (*because, ran),
                compose.profile,
            )
    environment = {each.name.removeprefix("PGBOUNCER_"): each for each in service.environment}
    mode = environment.get("POOL_MODE")
    listen = environment.get("LISTEN_PORT") or environment.get("PORT")
    default_port = 5432 if "edoburu" in service.image else 6432
    inner = (int(listen.text),) if listen is not None and listen.text and listen.text.isdigit() else (default_port,)
    if mode is not None:
        modes = {"*": _mode(mode.text)}
        because = (Note(f"{mode.name} is {mode.text}", mode.at), ran)
    else:
        modes = {"*": Mode.SESSION}
        because = (ran, Note("the image sets no pool mode, and PgBouncer's default is session"))
        if service.mounts or service.env_files or service.build:
            modes = {"*": Mode.UNKNOWN}
            because = (ran,)
    tracked = environment.get("MAX_PREPARED_STATEMENTS")
    settings = (
        {"max_prepared_statements": Setting("max_prepared_statements", tracked.text, tracked.at, tracked.at)}
        if tracked is not None
        else {}
    )
    ignored = environment.get("IGNORE_STARTUP_PARAMETERS")
    startup = tuple((ignored.text or "").split(",")) if ignored is not None else ("extra_float_digits",)
    return Pooler(
        "PgBouncer",
        at,
        (service.name, *service.names),
        tuple(dict.fromkeys((*ports, *inner))),
        modes,
        pgbouncer.prepared_statements(pgbouncer.version(version) if version else None, settings),
        version,
        startup,
        because,
        compose.profile,
    )


def describe(pooler: Pooler) -> Iterator[str]:
    """One line per database whose mode differs from the default."""
    default = pooler.modes.get("*", Mode.UNKNOWN)
    yield f"{pooler.name} in {default.value} mode"
    for name, mode in pooler.modes.items():
        if name != "*" and mode is not default:
            yield f"{name}: {mode.value} mode"
