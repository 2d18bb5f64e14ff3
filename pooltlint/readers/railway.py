"""railway.json and railway.toml: the commands and replicas of one Railway service."""

from __future__ import annotations

import posixpath
import re

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import Amount, DeploymentFile, Service, Work
from pooltlint.readers.platform_nodes import File, at, opened, pairs, text
from pooltlint.readers.yaml_nodes import Node


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a railway.json or railway.toml (docs.railway.com, "Config as code reference"); it describes one service.

    ``environments.production`` overrides what stands at the top. Replicas of several regions add up. The service
    is called like the file's folder, ``app`` at the top. Never raises.
    """
    file, top, problems, comments = opened(path, data)
    services: tuple[Service, ...] = ()
    name = file.home

    def first(*keys: str) -> Node | None:
        own = at(top, "environments", "production", *keys)
        return own if own is not None else at(top, *keys)

    deploy = first("deploy")
    here = deploy or first("build")
    if here is not None:
        dockerfile = text(first("build", "dockerfilePath"))
        services = (
            Service(
                name=name,
                at=file.at(here),
                command=file.command(first("deploy", "startCommand"), name, service=name),
                build=_near(path, dockerfile),
                folder=".",
                kind=Work.CRON if text(first("deploy", "cronSchedule")) else Work.SERVICE,
                instances=_regions(file, first("deploy", "multiRegionConfig"))
                or file.amount(first("deploy", "numReplicas")),
            ),
        )
    scripts = (
        file.command(first("deploy", "preDeployCommand"), "preDeployCommand", "release", name),
        file.command(first("build", "buildCommand"), "buildCommand", "build", name),
    )
    return DeploymentFile(
        path=path,
        profile=profile_of(path),
        platform="Railway",
        services=services,
        scripts=tuple(each for each in scripts if each is not None),
        problems=problems,
        comments=comments,
        lines=file.starts,
    )


def _near(path: str, dockerfile: str) -> str:
    """The Dockerfile seen from the file's folder; it may be written as seen from the top of the repository."""
    if not dockerfile:
        return ""
    folder, plain = posixpath.dirname(path), posixpath.normpath(dockerfile.lstrip("/"))
    return plain.removeprefix(f"{folder}/") if folder else plain


def _regions(file: File, node: Node | None) -> Amount | None:
    counts = [(value, text(at(value, "numReplicas"))) for _, value in pairs(node)]
    if node is None or not counts:
        return None
    written = [each for _, each in counts]
    known = all(re.fullmatch(r"\d{1,6}", each) for each in written)
    return Amount(sum(map(int, written)) if known else None, file.at(node), " + ".join(each or "?" for each in written))
