"""Kubernetes manifests: workloads, configuration, Services, autoscalers, and operators' clusters and poolers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import (
    BouncerFile,
    Bundle,
    DeploymentFile,
    Entrance,
    PoolerSettings,
    Scaling,
    ServerSettings,
    Service,
)
from pooltlint.model.finding import Problem
from pooltlint.model.source import line_starts
from pooltlint.readers import go_templates, yaml_nodes
from pooltlint.readers.kubernetes import operators, workloads
from pooltlint.readers.kubernetes_nodes import File, Piece, ReadAs, at, filled, items, text
from pooltlint.readers.yaml_nodes import Map, Node

_WORKLOADS = frozenset(
    "Deployment StatefulSet DaemonSet ReplicaSet ReplicationController Rollout DeploymentConfig Job CronJob Pod".split()
)
_OPERATORS = {
    ("postgresql.cnpg.io", "Cluster"): operators.cloudnative_cluster,
    ("postgresql.cnpg.io", "Pooler"): operators.cloudnative_pooler,
    ("acid.zalan.do", "postgresql"): operators.zalando,
    ("postgres-operator.crunchydata.com", "PostgresCluster"): operators.crunchy,
    ("pgv2.percona.com", "PerconaPGCluster"): operators.crunchy,
    ("stackgres.io", "SGPoolingConfig"): operators.stackgres_pooling,
    ("stackgres.io", "SGPostgresConfig"): operators.stackgres_server,
}
_MOST_OBJECTS = 5_000
_MOST_CUTS = 5
_KINDS = (
    rb"[\"']?kind[\"']?:[ \t]*[\"']?(?:(?:Deployment|DeploymentConfig|StatefulSet|DaemonSet|ReplicaSet"
    rb"|ReplicationController|Rollout|Job|CronJob|Pod|Service|ConfigMap|Secret|HorizontalPodAutoscaler|ScaledObject"
    rb"|Cluster|Pooler|postgresql|PostgresCluster|PerconaPGCluster|SGPoolingConfig|SGPostgresConfig|Kustomization"
    rb"|List|Template)\b|\{\{)"
)
_KIND = re.compile(rb"(?m)^(?:\xef\xbb\xbf)?" + _KINDS)
_WITHIN = re.compile(rb"(?m)(?:^[ \t-]+|[{,][ \t]*)" + _KINDS)


def looks_like(data: bytes) -> bool:
    """Whether a YAML file is a manifest of something that is read here; the enormous ones are definitions of kinds."""
    if len(data) > yaml_nodes.MOST_BYTES and b"CustomResourceDefinition" in data:
        return False
    if b"apiVersion" not in data or b"kind" not in data:
        return b"configMapGenerator:" in data or b"secretGenerator:" in data
    if _KIND.search(data) is not None:
        return True
    # written as JSON, or with all of a document indented
    return b"CustomResourceDefinition" not in data and _WITHIN.search(data) is not None


def read(path: str, data: bytes, read_as: ReadAs | None = None) -> DeploymentFile:
    """Read a manifest; Go templates (Helm) stay as what they are: values that nobody knows.

    Documents, items of a ``List`` and objects of an OpenShift ``Template`` (with its parameters' values) are taken one
    by one, so that partial ones (Kustomize patches) and foreign ones do no harm. ``read_as`` reads files that stand inside of a ConfigMap. Never raises; what cannot be read is a problem.
    """
    plain, documents, problems = _parsed(path, data)
    starts = line_starts(data)
    file = File(path, plain, starts, profile_of(path), read_as)
    pieces: list[Piece] = []
    for node in _objects(documents):
        pieces += _read(file, node)
    services = _named_apart([each for each in pieces if isinstance(each, Service)])
    within = [each for each in pieces if isinstance(each, DeploymentFile)]
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Kubernetes",
        services=tuple(services),
        bundles=tuple(each for each in pieces if isinstance(each, Bundle)),
        servers=(
            *(each for each in pieces if isinstance(each, ServerSettings)),
            *(one for each in within for one in each.servers),
        ),
        poolers=(
            *(each for each in pieces if isinstance(each, PoolerSettings)),
            *(one for each in within for one in each.poolers),
        ),
        bouncers=tuple(each for each in pieces if isinstance(each, BouncerFile)),
        scalings=tuple(each for each in pieces if isinstance(each, Scaling)),
        entrances=tuple(each for each in pieces if isinstance(each, Entrance)),
        problems=(*problems, *(one for each in within for one in each.problems)),
        comments=yaml_nodes.comments(plain, documents),
        lines=starts,
    )


def _parsed(path: str, data: bytes) -> tuple[bytes, list[Node], list[Problem]]:
    """The bytes that were parsed, the documents and the problems.

    A template that is no YAML is nobody's fault: where its branches do not fit together only the first ones are
    read, and a document that even then breaks off somewhere is read up to there.
    """
    plain = go_templates.without(data)
    documents, problems = yaml_nodes.compose(path, plain)
    if b"{{" not in data:
        return plain, documents, problems
    if problems:
        plain = go_templates.without(data, alternatives=False)
        documents, problems = yaml_nodes.compose(path, plain)
    for _ in range(_MOST_CUTS):
        if not problems or not problems[0].line:
            break
        cut = line_starts(plain)[problems[0].line - 1]
        after = plain.find(b"\n---", cut)
        after = len(plain) if after < 0 else after
        plain = plain[:cut] + re.sub(rb"[^\r\n]", b" ", plain[cut:after]) + plain[after:]
        documents, problems = yaml_nodes.compose(path, plain)
    return plain, documents, []


def _objects(documents: Iterable[Node]) -> Iterator[Map]:
    waiting = list(documents)
    for _ in range(_MOST_OBJECTS):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, Map):
            kind = text(at(node, "kind"))
            if kind == "List":
                waiting = [*items(at(node, "items")), *waiting]
            elif kind == "Template":
                given = {text(at(each, "name")): text(at(each, "value")) for each in items(at(node, "parameters"))}
                known = {name: value for name, value in given.items() if name and value}
                waiting = [*(filled(each, known) for each in items(at(node, "objects"))), *waiting]
            else:
                yield node


def _read(file: File, node: Map) -> Iterator[Piece]:
    kind, group = text(at(node, "kind")), text(at(node, "apiVersion")).partition("/")[0]
    operator = _OPERATORS.get((group, kind))
    if operator is not None:
        yield from operator(file, node)
    elif kind == "Service" and group == "serving.knative.dev":
        yield from workloads.knative(file, node)
    elif kind in _WORKLOADS:
        yield from workloads.workload(file, kind, node)
    elif kind in ("ConfigMap", "Secret"):
        yield from workloads.configuration(file, node, secret=kind == "Secret")
    elif kind == "Service":
        yield from workloads.entrance(file, node)
    elif kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        yield from workloads.autoscaler(file, node)
    elif kind == "Kustomization" or not kind:
        yield from workloads.kustomization(file, node)


def _named_apart(services: list[Service]) -> Iterator[Service]:
    """No two services of one name: a second one (a Job beside a Deployment of its name) gets a number."""
    seen: dict[str, int] = {}
    for each in services:
        number = seen[each.name] = seen.get(each.name, 0) + 1
        if number == 1:
            yield each
            continue
        name = f"{each.name} ({number})"
        yield replace(
            each,
            name=name,
            environment=tuple(replace(one, service=name) for one in each.environment),
            command=replace(each.command, name=name, service=name) if each.command is not None else None,
        )
