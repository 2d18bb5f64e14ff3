"""The PostgreSQL servers that the repository itself runs or configures, each with the settings that files show of it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from pooltlint.model.commands import program, words
from pooltlint.model.facts import DeploymentFile, Facts, Owner, Script, ServerSettings, Service, Setting, SqlFile
from pooltlint.model.finding import Note
from pooltlint.model.topology import Server

IMAGE = re.compile(
    r"(?:^|/)(?:postgres|postgis|postgresql|pgvector|timescaledb(?:-ha)?|pgautoupgrade|pg_?cron|cloudnative-pg/postgresql)"
    r"(?=[:@]|$)|(?:^|/)(?:bitnami(?:legacy|secure)?/postgresql|supabase/postgres)(?=[:@-]|$)"
)
"""Images of PostgreSQL servers."""

_TAG = re.compile(r":(?:pg)?v?(\d{1,2}(?:\.\d+){0,2})")
_BITNAMI = {"POSTGRESQL_MAX_CONNECTIONS": "max_connections", "POSTGRESQL_STATEMENT_TIMEOUT": "statement_timeout"}
"""Variables of bitnami/postgresql that become settings (libpostgresql.sh, ``postgresql_configure_connections``)."""

_TUNED = {"TS_TUNE_MAX_CONNS": "max_connections"}
"""Variables of timescale/timescaledb (docker-entrypoint-initdb.d/001_timescaledb_tune.sh)."""

_SHORT = {"-N": "max_connections", "-B": "shared_buffers", "-S": "work_mem", "-p": "port", "-h": "listen_addresses"}
"""Options of ``postgres`` with a name of their own (PostgreSQL documentation, postgres)."""

_DEFAULT_FILE = "/var/lib/postgresql/data/postgresql.conf"


@dataclass
class _Files:
    """postgresql.conf files by path, or by manifest and bundle; ``used`` are those that a container mounts.

    ``stored``: what ``*.sql`` files set by ``ALTER SYSTEM``, by their paths.
    """

    stored: dict[str, dict[str, Setting]] = field(default_factory=dict)
    found: dict[str, ServerSettings] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


def servers(facts: Iterable[Facts]) -> tuple[Server, ...]:
    """Every server that a file of the repository runs, declares or configures, files that a container mounts with it."""
    facts = tuple(facts)
    files = _Files()
    for each in facts:
        if isinstance(each, SqlFile):
            files.stored[each.path] = {
                one.setting.name: one.setting for one in each.defaults if one.owner is Owner.SYSTEM
            }
        elif isinstance(each, DeploymentFile):
            for one in each.servers:
                key = _key(each, one)
                if key:
                    files.found[key] = one
    found = [
        server
        for each in facts
        if isinstance(each, DeploymentFile)
        for service in each.services
        if (server := _service(each, service, files)) is not None
    ]
    for each in facts:
        if isinstance(each, DeploymentFile):
            found += (_told(each, one) for one in each.servers if _key(each, one) not in files.used)
    return tuple(found)


def _key(file: DeploymentFile, server: ServerSettings) -> str:
    """What a file of settings is found by; ``""`` for a server that a platform's or operator's file declares."""
    if server.bundle:
        return f"{file.path}#{server.bundle}"
    return file.path if server.name == posixpath.basename(file.path) else ""


def _told(file: DeploymentFile, told: ServerSettings) -> Server:
    return Server(
        told.name,
        told.at,
        told.names,
        file.profile,
        told.settings,
        told.product,
        told.plan,
        told.version,
        told.cores,
        told.memory,
        told.instances,
        told.partial,
        (Note(f"{file.platform} file {file.path} configures {told.name}", told.at),),
    )


def _service(file: DeploymentFile, service: Service, files: _Files) -> Server | None:
    if not IMAGE.search(service.image):
        return None
    at = service.image_at or service.at
    tag = _TAG.search(service.image)
    server = Server(
        service.name,
        at,
        service.names if file.platform == "Kubernetes" else (service.name, *service.names),
        file.profile,
        version=tag[1] if tag else "",
        cores=service.cores,
        memory=service.memory,
        instances=service.instances,
        because=(Note(f"service {service.name} runs {service.image}", at),),
    )
    renamed = _BITNAMI if "bitnami" in service.image else _TUNED if "timescaledb" in service.image else {}
    settings = {
        renamed[each.name]: Setting(renamed[each.name], each.text, each.at, each.at)
        for each in service.environment
        if each.name in renamed
    }
    arguments = dict(_arguments(service.command)) if service.command is not None else {}
    mounted, seen = _mounted(file, service, files, arguments)
    if mounted is not None:
        server = replace(
            server,
            open=mounted.partial,
            because=(*server.because, Note(f"{mounted.name} is mounted into it", mounted.at)),
        )
        settings = mounted.settings | settings
    settings |= _stored(file, service, files)
    arguments.pop("config_file", None)
    custom = "supabase/postgres" in service.image or bool(service.build)
    return replace(server, settings=settings | arguments, open=server.open or custom or (seen and mounted is None))


def _stored(file: DeploymentFile, service: Service, files: _Files) -> dict[str, Setting]:
    """What the container's first start stores by ``ALTER SYSTEM``: postgresql.auto.conf goes before postgresql.conf."""
    found: dict[str, Setting] = {}
    for source, target in service.mounts:
        if target.startswith("/docker-entrypoint-initdb.d") and file.platform != "Kubernetes":
            path = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), source))
            for script in sorted(each for each in files.stored if path in (each, posixpath.dirname(each))):
                found |= files.stored[script]
    return found


def _arguments(command: Script) -> Iterator[tuple[str, Setting]]:
    """The settings on the command line of ``postgres``: ``-c name=value``, ``-cname=value``, ``--name=value``, ``-N 200``.

    ``-`` in a long name stands for ``_`` (PostgreSQL documentation, postgres). The last one of a name holds.
    """
    for simple in words(command.command):
        rest = program(simple)
        while rest and rest[0].rpartition("/")[2] in ("docker-entrypoint.sh", "tini", "--", "su-exec", "gosu"):
            rest = rest[2:] if rest[0] in ("su-exec", "gosu") else rest[1:]
        if not rest or (rest[0].rpartition("/")[2] not in ("postgres", "postmaster") and not rest[0].startswith("-")):
            continue
        waiting = list(rest if rest[0].startswith("-") else rest[1:])
        while waiting:
            word = waiting.pop(0)
            if word == "-c" and waiting:
                pair = waiting.pop(0)
            elif word.startswith(("-c", "--")):
                pair = word[2:]
            elif word in _SHORT and waiting:
                pair = f"{_SHORT[word]}={waiting.pop(0)}"
            else:
                continue
            name, equals, value = pair.partition("=")
            name = name.strip().replace("-", "_").lower()
            if equals and re.fullmatch(r"[a-z_][a-z0-9_.]*", name):
                text = None if "$" in value or "{{" in value else value.strip().strip("'\"")
                yield name, Setting(name, text, command.at, command.at)


def _mounted(
    file: DeploymentFile, service: Service, files: _Files, arguments: Mapping[str, Setting]
) -> tuple[ServerSettings | None, bool]:
    """The settings file that the server is told to read or finds in its data folder, and whether there is one at all."""
    told = arguments.get("config_file")
    wanted = (told.text or "") if told is not None else ""
    seen = bool(wanted)
    for source, target in service.mounts:
        kind, _, bundle = source.partition("/")
        here = wanted.startswith(target.rstrip("/")) if wanted else target == _DEFAULT_FILE or "bitnami" in target
        if not here:
            continue
        if file.platform == "Kubernetes":
            known = [key for key in files.found if key.endswith(f"#{bundle}")] if kind == "configmap" else []
            keys = [key for key in known if key == f"{file.path}#{bundle}"] or known
        else:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), source))
            below = wanted[len(target) :].strip("/") if wanted else ""
            keys = [path, posixpath.join(path, below) if below else posixpath.join(path, "postgresql.conf")]
        for key in keys:
            if key in files.found:
                files.used.add(key)
                return files.found[key], True
        seen = seen or target.endswith(".conf")
    return None, seen
