"""render.yaml: the services of a Render blueprint, their commands, variables, instances and databases."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from pooltlint.model.facts import (
    Bundle,
    DeploymentFile,
    Script,
    ServerSettings,
    Service,
    Variable,
    Work,
)
from pooltlint.model.url import Dsn, mask
from pooltlint.readers.platform_nodes import File, at, items, opened, pairs, text
from pooltlint.readers.yaml_nodes import Node, Scalar

_KINDS = {"web": Work.SERVICE, "pserv": Work.SERVICE, "worker": Work.SERVICE, "cron": Work.CRON}
_PORT = 5432
_BOUNCER = re.compile(r"/[\w.-]*pgbouncer[\w.-]*\Z")
"""A repository of somebody else that the service is built from (Render's own guide to PgBouncer does it so)."""


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a render.yaml (render.com documentation, "Blueprint YAML reference").

    - ``instances`` is ``numInstances``, of an autoscaled service ``scaling.minInstances`` with ``most`` from
      ``maxInstances``. Static sites and key-value stores are no services.
    - ``fromDatabase``'s ``connectionString`` leads to the server of that name; ``fromGroup`` is a bundle.
    - ``rootDir`` is the service's folder; paths of images are relative to the repository.

    Never raises; what cannot be read is a problem.
    """
    file, top, problems, comments = opened(path, data)
    services: list[Service] = []
    scripts: list[Script] = []
    bundles: list[Bundle] = []
    servers: list[ServerSettings] = []
    for part in _parts(top):
        databases = {text(at(each, "name")): each for each in items(at(part, "databases"))}
        servers += (server for each in databases.values() if (server := _server(file, each)) is not None)
        for each in items(at(part, "services")):
            name = at(each, "name")
            if isinstance(name, Scalar) and text(name) and text(at(each, "type")) in _KINDS:
                variables = tuple(_variables(file, at(each, "envVars"), text(name), databases))
                services.append(_service(file, each, name, variables))
                scripts += _scripts(file, each, text(name), variables)
        for each in items(at(part, "envVarGroups")):
            name = at(each, "name")
            if name is not None and text(name):
                found = tuple(_variables(file, at(each, "envVars"), "", databases))
                bundles.append(Bundle(text(name), file.at(name), found))
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Render",
        services=tuple(services),
        bundles=tuple(bundles),
        servers=tuple(servers),
        scripts=tuple(scripts),
        problems=problems,
        comments=comments,
        lines=file.starts,
    )


def _parts(top: Node | None) -> Iterator[Node | None]:
    """What stands at the top, and in the environments of projects."""
    yield top
    for project in items(at(top, "projects")):
        yield from items(at(project, "environments"))
    yield from items(at(top, "ungrouped"))


def _service(file: File, node: Node, name: Scalar, variables: tuple[Variable, ...]) -> Service:
    own, kind = text(name), _KINDS[text(at(node, "type"))]
    docker = text(at(node, "runtime") or at(node, "env")) == "docker"
    image, repository = at(node, "image", "url"), at(node, "repo")
    if image is None and _BOUNCER.search(text(repository)):
        image = repository
    scaling = at(node, "scaling")
    command = at(node, "dockerCommand") if docker else at(node, "startCommand")
    dockerfile = text(at(node, "dockerfilePath")) or "Dockerfile"
    root = text(at(node, "rootDir"))
    return Service(
        name=own,
        at=file.at(name),
        image=mask(text(image)),
        image_at=file.at(image) if image is not None and text(image) else None,
        names=(own,),
        environment=variables,
        bundles=tuple(found for each in items(at(node, "envVars")) if (found := text(at(each, "fromGroup")))),
        command=file.command(command or at(node, "startCommand"), own, service=own),
        build=posixpath.normpath(posixpath.join(root, dockerfile)) if docker else "",
        folder="" if text(image) else root or ("." if not docker else ""),
        kind=kind,
        instances=file.amount(at(scaling, "minInstances") or at(node, "numInstances")),
        most=file.amount(at(scaling, "maxInstances")),
    )


def _scripts(file: File, node: Node, service: str, variables: tuple[Variable, ...]) -> Iterator[Script]:
    for key, role in (
        ("buildCommand", "build"),
        ("preDeployCommand", "release"),
        ("initialDeployHook", "release"),
    ):
        script = file.command(at(node, key), key, role, service, variables)
        if script is not None:
            yield script


def _variables(file: File, node: Node | None, service: str, databases: dict[str, Node]) -> Iterator[Variable]:
    for each in items(node):
        key, value = text(at(each, "key")), at(each, "value")
        source, other = at(each, "fromDatabase"), at(each, "fromService")
        if not key:
            continue
        if value is not None:
            yield file.variable(key, value, service)
        elif other is not None and text(at(other, "property")) in ("host", "hostport"):
            here = file.at(at(other, "name") or other)
            plain = text(at(other, "name")).lower() if text(at(other, "property")) == "host" else None
            yield Variable(key, here, file.profile, text=plain, template=plain is None, service=service)
        elif source is not None and text(at(source, "property")) == "connectionString":
            database = text(at(source, "name"))
            inner = text(at(databases.get(database), "databaseName"))
            dsn = Dsn("postgresql", (database.lower(),), (_PORT,), inner)
            yield Variable(key, file.at(at(source, "name") or source), file.profile, dsn, service=service)
        elif source is not None and text(at(source, "property")) == "host":
            here = file.at(at(source, "name") or source)
            yield Variable(key, here, file.profile, text=text(at(source, "name")).lower(), service=service)
        else:
            yield Variable(key, file.at(each), file.profile, template=True, service=service)


def _server(file: File, node: Node) -> ServerSettings | None:
    name = at(node, "name")
    if name is None or not text(name):
        return None
    plan = next((file.setting("plan", key, value) for key, value in pairs(node) if key.text == "plan" and isinstance(value, Scalar)), None)  # fmt: skip
    return ServerSettings(
        text(name),
        file.at(name),
        names=(text(name).lower(),),
        product="Render Postgres",
        plan=plan,
        version=text(at(node, "postgresMajorVersion")),
    )
