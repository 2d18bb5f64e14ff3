"""Helm values: what a chart's templates are filled with, and the services of charts whose keys everybody uses alike."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from msgspec.structs import replace

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import (
    Amount,
    BouncerFile,
    Bundle,
    DeploymentFile,
    PoolerSettings,
    ServerSettings,
    Service,
    Variable,
)
from pooltlint.model.source import line_starts
from pooltlint.model.url import mask
from pooltlint.readers import go_templates, yaml_nodes
from pooltlint.readers.kubernetes_nodes import VALUES, File, ReadAs, at, items, key_of, literal, pairs, plain, text
from pooltlint.readers.yaml_nodes import Map, Node, Scalar

_ENVIRONMENT = (
    "env",
    "envs",
    "envVars",
    "environment",
    "extraEnv",
    "extraEnvs",
    "extraEnvVars",
    "environmentVariables",
)
_POSTGRES = re.compile(r"(?:^|/)postgres(?:ql)?(?:-ha)?$|^postgres(?:ql)?$")
_MOST_VALUES = 2_000


def read(path: str, data: bytes, read_as: ReadAs | None = None) -> DeploymentFile:
    """Read a values file.

    - All scalars are variables of one bundle, :data:`VALUES`, by their dotted path: what the templates' values are.
    - The whole file, and each mapping one or two levels below, is a service where it has ``replicaCount`` (or
      ``replicas``) and an ``image``: named after the chart's folder or its key. ``autoscaling.maxReplicas`` counts
      with ``autoscaling.enabled``.
    - ``postgresql`` as in Bitnami's chart: ``primary.extendedConfiguration`` and ``primary.configuration`` are parts of
      a ``postgresql.conf``; a ``pgbouncer`` section with a ``config.pgbouncer`` (icoretech) is a pooler.

    Everything else says nothing for sure. Never raises; what cannot be read is a problem.
    """
    given = go_templates.without(data)
    documents, problems = yaml_nodes.compose(path, given)
    starts = line_starts(data)
    file = File(path, given, starts, profile_of(path), read_as)
    chart = posixpath.basename(posixpath.dirname(path))
    services: list[Service] = []
    servers: list[ServerSettings] = []
    poolers: list[PoolerSettings] = []
    bouncers: list[BouncerFile] = []
    variables: list[Variable] = []
    for node in documents:
        variables += _flat(file, node, "")
        for name, section in _sections(node, chart):
            services += _service(file, name, section)
            for each in _configured(file, name, section):
                match each:
                    case ServerSettings():
                        servers.append(each)
                    case BouncerFile():
                        bouncers.append(each)
                    case PoolerSettings():
                        poolers.append(each)
    top = documents[0] if documents else None
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Helm",
        services=tuple(services),
        bundles=(Bundle(VALUES, file.at(top), tuple(variables[:_MOST_VALUES])),) if top is not None else (),
        servers=tuple(servers),
        poolers=tuple(poolers),
        bouncers=tuple(bouncers),
        problems=tuple(problems) if given == data else (),
        comments=yaml_nodes.comments(given, documents),
        lines=starts,
    )


def _flat(file: File, node: Node, path: str) -> Iterator[Variable]:
    for key, value in pairs(node):
        name = f"{path}.{key.text}" if path else key.text
        if isinstance(value, Map):
            yield from _flat(file, value, name)
        elif isinstance(value, Scalar) and "\n" not in value.text:
            yield file.variable(name, value)


def _sections(node: Node, chart: str) -> Iterator[tuple[str, Map]]:
    """The file itself and the mappings up to two levels below, with their names; environment lists are no sections."""
    if not isinstance(node, Map):
        return
    yield chart, node
    for key, value in pairs(node):
        if isinstance(value, Map) and key.text not in ("image", "global", "resources", "autoscaling", *_ENVIRONMENT):
            yield key.text, value
            for below, inner in pairs(value):
                if isinstance(inner, Map) and (at(inner, "image") is not None and _count(inner) is not None):
                    yield below.text, inner


def _count(section: Map) -> Scalar | None:
    return next((each for name in ("replicaCount", "replicas") if isinstance(each := at(section, name), Scalar)), None)


def _service(file: File, name: str, section: Map) -> Iterator[Service]:
    count, image = _count(section), at(section, "image")
    key = key_of(section, "replicaCount") or key_of(section, "replicas")
    shown, where = _image(image)
    environment = tuple(_environment(file, name, section))
    if not environment and (count is None or not shown):
        return
    here = file.at(key) if key is not None else environment[0].at if environment else file.at(section)
    scaling = at(section, "autoscaling")
    most = file.amount(at(scaling, "maxReplicas")) if text(at(scaling, "enabled")).lower() == "true" else None
    limits = at(section, "resources", "limits")
    yield Service(
        name=name,
        at=here,
        image=mask(shown),
        image_at=file.at(where) if where is not None else None,
        environment=environment,
        instances=file.amount(count) if count is not None else None,
        most=most,
        cores=file.cores(at(limits, "cpu")),
        memory=file.memory(at(limits, "memory")),
    )


def _image(image: Node | None) -> tuple[str, Scalar | None]:
    """The image as one text: written so, or by ``registry``, ``repository`` and ``tag``."""
    if isinstance(image, Scalar):
        return text(image), image
    repository = at(image, "repository")
    if not isinstance(repository, Scalar) or not text(repository):
        return "", None
    registry, tag = text(at(image, "registry")), text(at(image, "tag"))
    return f"{registry}/{text(repository)}".lstrip("/") + (f":{tag}" if tag else ""), repository


def _environment(file: File, service: str, section: Map) -> Iterator[Variable]:
    for name in _ENVIRONMENT:
        node = at(section, name)
        for key, value in pairs(node):
            if isinstance(value, Scalar) and re.fullmatch(r"[A-Za-z_]\w*", key.text):
                yield file.variable(key.text, value, service)
        for each in items(node):
            called, given = text(at(each, "name")), at(each, "value")
            if called and isinstance(given, Scalar):
                yield file.variable(called, given, service)
            elif called:
                source = next((one for _, one in pairs(at(each, "valueFrom"))), None)
                bundle, wanted = text(at(source, "name")), text(at(source, "key"))
                refers = (f"{bundle}/{wanted}",) if plain(bundle) and plain(wanted) else ()
                yield Variable(called, file.at(each), file.profile, refers=refers, template=True, service=service)


def _configured(file: File, name: str, section: Map) -> Iterator[ServerSettings | PoolerSettings | BouncerFile]:
    """What a section says of PostgreSQL itself (Bitnami's chart) or of PgBouncer (icoretech's)."""
    if _POSTGRES.search(name):
        yield from _server(file, name, section)
    if "pgbouncer" in name:
        for key, value in (*pairs(section), *pairs(at(section, "config"))):
            whole = literal(file, value)
            if whole is not None and file.read_as is not None and key.text.replace("-", ".").endswith(".ini"):
                found = file.read_as("pgbouncer.ini", whole[0])
                if isinstance(found, BouncerFile):
                    yield replace(found, path=file.path, name=name)
        written = at(section, "config", "pgbouncer")
        if isinstance(written, Map):
            owner = key_of(at(section, "config"), "pgbouncer") or section
            yield PoolerSettings(
                "PgBouncer",
                name,
                file.at(owner),
                file.settings(written),
                instances=file.amount(_count(section)),
            )


def _server(file: File, name: str, section: Map) -> Iterator[ServerSettings]:
    primary = at(section, "primary")
    for key in ("configuration", "extendedConfiguration"):
        written = at(primary, key)
        whole = literal(file, written) if written is not None else None
        found = file.read_as("postgresql.conf", whole[0]) if whole is not None and file.read_as is not None else None
        if isinstance(found, DeploymentFile):
            limits = at(primary, "resources", "limits")
            count: Amount | None = Amount(1, file.at(written), "1") if written is not None else None
            for each in found.servers:
                cores, memory = file.cores(at(limits, "cpu")), file.memory(at(limits, "memory"))
                yield replace(each, name=name, cores=cores, memory=memory, instances=count)
    most = at(section, "postgresqlMaxConnections")  # charts before 11
    owner = key_of(section, "postgresqlMaxConnections")
    if isinstance(most, Scalar) and owner is not None and text(most):
        setting = file.setting("max_connections", owner, most)
        yield ServerSettings(name, file.at(most), {"max_connections": setting})
