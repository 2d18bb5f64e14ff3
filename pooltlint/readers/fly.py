"""fly.toml: the process groups of a Fly app, its machines' size, its variables and its release command."""

from __future__ import annotations

import re

from pooltlint.model.facts import Amount, DeploymentFile, Service
from pooltlint.model.url import mask
from pooltlint.readers.platform_nodes import File, at, items, opened, pairs, text, texts
from pooltlint.readers.yaml_nodes import Map, Node, Scalar

_SIZE = re.compile(r"(?:shared|performance)-(?:cpu-)?(\d{1,3})x")


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a fly.toml (fly.io documentation, "Fly Launch configuration").

    Without ``[processes]`` there is one group, ``app``. How many machines run is not in the file:
    ``min_machines_running`` only says how many of them may not sleep. A release command runs in a machine of its
    own; ``bluegreen`` starts all machines a second time, ``canary`` one more. Never raises.
    """
    file, top, problems, comments = opened(path, data)
    groups: list[tuple[Scalar | Map, str, Node | None]] = [
        (key, key.text, value) for key, value in pairs(at(top, "processes"))
    ]
    named = at(top, "app")
    experimental = at(top, "experimental", "cmd")
    if not groups and isinstance(top, Map) and top.pairs:
        groups = [(named if isinstance(named, Scalar) else top, "app", experimental)]
    release = at(top, "deploy", "release_command")
    script = file.command(release, "release_command", "release")
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Fly",
        services=tuple(_service(file, top, key, name, command) for key, name, command in groups),
        variables=file.variables(at(top, "env")),
        scripts=(script,) if script is not None else (),
        problems=problems,
        comments=comments,
        lines=file.starts,
    )


def _service(file: File, top: Node | None, key: Node, name: str, command: Node | None) -> Service:
    build = at(top, "build")
    image, dockerfile = text(at(build, "image")), text(at(build, "dockerfile"))
    machine = next((each for each in items(at(top, "vm")) if not (own := texts(at(each, "processes"))) or name in own), None)  # fmt: skip
    return Service(
        name=name,
        at=file.at(key),
        image=mask(image),
        image_at=file.at(found) if image and (found := at(build, "image")) else None,
        command=file.command(command, name, service=name),
        build=dockerfile if not image else "",
        stage=text(at(build, "build-target")).lower(),
        folder="" if image else ".",
        ports=tuple(_ports(file, top, name)),
        surge=_surge(file, at(top, "deploy", "strategy")),
        cores=file.amount(at(machine, "cpus")) or _cores(file, at(machine, "size")),
        memory=file.memory(at(machine, "memory")) or file.memory(at(machine, "memory_mb")),
    )


def _ports(file: File, top: Node | None, name: str) -> list[tuple[int, int]]:
    found = []
    for each in (at(top, "http_service"), *items(at(top, "services"))):
        groups = texts(at(each, "processes"))
        port = file.amount(at(each, "internal_port"))
        if port is not None and port.count and (not groups or name in groups):
            found.append((0, port.count))
    return found


def _cores(file: File, size: Node | None) -> Amount | None:
    found = _SIZE.fullmatch(text(size))
    return Amount(int(found[1]), file.at(size), text(size)) if size is not None and found else None


def _surge(file: File, strategy: Node | None) -> Amount | None:
    if strategy is None:
        return None
    match text(strategy):
        case "bluegreen":
            return Amount(None, file.at(strategy), "100%")
        case "canary":
            return Amount(1, file.at(strategy), "canary")
        case _:
            return None
