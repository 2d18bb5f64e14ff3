"""Workloads and what stands around them: pods with their containers, variables, Services and autoscalers."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator

from msgspec.structs import replace

from pooltlint.model.commands import conceal, quoted
from pooltlint.model.environment import variable
from pooltlint.model.facts import (
    Amount,
    BouncerFile,
    Bundle,
    DeploymentFile,
    Entrance,
    Scaling,
    Script,
    Service,
    Variable,
    Work,
)
from pooltlint.model.source import Place
from pooltlint.model.url import mask
from pooltlint.readers.kubernetes_nodes import (
    File,
    Piece,
    at,
    called,
    expanded,
    hosts,
    items,
    key_of,
    literal,
    name_of,
    one_thing,
    pairs,
    plain,
    text,
)
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq

_TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Rollout": ("spec", "template"),
    "DeploymentConfig": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
"""Where the pod is in each kind of workload (Kubernetes API reference; Argo Rollouts, OpenShift)."""

_ROLLING = ("Deployment", "Rollout", "DeploymentConfig")
_KNATIVE = "autoscaling.knative.dev/"


def workload(file: File, kind: str, node: Map) -> Iterator[Piece]:
    """The containers of a workload, each a service: named after it, ``workload/container`` where it has several.

    Init containers run to their end before the others start, unless they are sidecars (``restartPolicy:
    Always``, Kubernetes 1.29). A DaemonSet's instances are one per node, which no file says.
    """
    pod = at(node, *_TEMPLATES[kind]) if _TEMPLATES[kind] else node
    if not isinstance(pod, Map):
        return
    yield from _containers(file, kind, node, pod)


def knative(file: File, node: Map) -> Iterator[Piece]:
    """A Knative Service, scaled between ``min-scale`` and ``max-scale`` (Knative documentation, "Configuring scale bounds")."""
    template = at(node, "spec", "template")
    name = name_of(node)
    if not isinstance(template, Map) or name is None:
        return
    marks = {key.text.removeprefix(_KNATIVE).lower().replace("-", ""): value for key, value in pairs(at(template, "metadata", "annotations")) if key.text.startswith(_KNATIVE)}  # fmt: skip
    least, most = file.amount(marks.get("minscale")), file.amount(marks.get("maxscale"))
    if most is not None and most.count == 0:
        most = replace(most, count=None)
    namespace = text(at(node, "metadata", "namespace"))
    for each in _containers(file, "Knative", node, template):
        if isinstance(each, Service):
            each = replace(each, names=tuple(hosts(text(name), namespace)), instances=least, most=most)
        yield each


def _containers(file: File, kind: str, node: Map, pod: Map) -> Iterator[Service]:
    name, spec = at(node, "metadata", "name"), at(pod, "spec")
    workload_name = called(file, name)
    if not workload_name or not isinstance(name, Scalar) or not isinstance(spec, Map):
        return
    regular, first = items(at(spec, "containers")), items(at(spec, "initContainers"))
    volumes = {text(at(each, "name")): _volume(each) for each in items(at(spec, "volumes"))}
    labels = tuple((key.text, text(value)) for key, value in pairs(at(pod, "metadata", "labels")) if plain(text(value)))
    instances, surge = _scale(file, kind, node)
    work = {"Job": Work.JOB, "CronJob": Work.CRON}.get(kind, Work.SERVICE)
    for each in (*regular, *first):
        if not isinstance(each, Map):
            continue
        own = re.sub(r"\{\{.*?\}\}|\$\{?\w*\}?", "", text(at(each, "name"))).strip("-._ ")
        initial = each in first and text(at(each, "restartPolicy")) != "Always"
        alone = len(regular) == 1 and each in regular
        shown = workload_name if alone or not own else f"{workload_name}/{own}"
        image = at(each, "image")
        limits = at(each, "resources", "limits")
        yield Service(
            name=shown,
            at=file.at(name),
            image=mask(text(image)),
            image_at=file.at(image) if isinstance(image, Scalar) and text(image) else None,
            ports=tuple(_ports(each)),
            environment=tuple(_environment(file, shown, at(each, "env"))),
            bundles=tuple(dict.fromkeys(_bundles(at(each, "envFrom")))),
            mounts=tuple(_mounts(each, volumes)),
            command=_command(file, shown, at(each, "command"), at(each, "args")),
            kind=Work.JOB if initial else work,
            instances=instances,
            surge=surge,
            cores=file.cores(at(limits, "cpu")),
            memory=file.memory(at(limits, "memory")),
            labels=() if initial else labels,
        )


def _scale(file: File, kind: str, node: Map) -> tuple[Amount | None, Amount | None]:
    """How many run, and how many more during a rollout (Kubernetes API reference, DeploymentStrategy)."""
    spec, name = at(node, "spec"), key_of(node, "kind")
    here = file.at(name) if name is not None else file.at(node)
    if kind == "DaemonSet":
        instances: Amount | None = Amount(None, here, "one per node")
    elif kind == "Pod":
        instances = Amount(1, here, "1")
    else:
        counted = {"Job": at(spec, "parallelism"), "CronJob": at(spec, "jobTemplate", "spec", "parallelism")}
        instances = file.amount(counted.get(kind, at(spec, "replicas")))
    strategy = at(spec, "strategy")
    if kind not in _ROLLING:
        return instances, Amount(0, here, kind)
    way = at(strategy, "type")
    if text(way) == "Recreate":
        return instances, Amount(0, file.at(way), "Recreate") if way is not None else None
    steps = (
        ("canary",) if kind == "Rollout" else ("rollingParams",) if kind == "DeploymentConfig" else ("rollingUpdate",)
    )
    surge = file.amount(at(strategy, *steps, "maxSurge"))
    percent = re.fullmatch(r"(\d{1,3})%", surge.text) if surge is not None else None
    if surge is not None and percent is not None and instances is not None and instances.count is not None:
        surge = replace(surge, count=math.ceil(instances.count * int(percent[1]) / 100))
    return instances, surge


def _ports(container: Map) -> Iterator[tuple[int, int]]:
    for each in items(at(container, "ports")):
        number = text(at(each, "containerPort"))
        if re.fullmatch(r"\d{1,5}", number):
            yield 0, int(number)


def _environment(file: File, service: str, node: Node | None) -> Iterator[Variable]:
    """The variables of a container; one that is taken from a ConfigMap or Secret refers to ``bundle/key``."""
    found: dict[str, Variable] = {}
    for each in items(node):
        name, value = text(at(each, "name")), at(each, "value")
        source = next((one for _, one in pairs(at(each, "valueFrom"))), None)
        if not name:
            continue
        if isinstance(value, Scalar):
            found[name] = file.variable(name, value, service)
        elif source is not None:
            bundle, key = text(at(source, "name")), at(source, "key")
            refers = (f"{bundle}/{text(key)}",) if (plain(bundle) or one_thing(bundle)) and plain(text(key)) else ()
            place = file.at(key if isinstance(key, Scalar) else each)
            found[name] = Variable(name, place, file.profile, refers=refers, template=True, service=service)
        elif value is None and at(each, "name") is not None and isinstance(each, Map):
            found[name] = Variable(name, file.at(each), file.profile, template=True, service=service)
    return iter(found.values())


def _bundles(node: Node | None) -> Iterator[str]:
    """The ConfigMaps and Secrets of ``envFrom``; with a prefix their names are others and none of ours."""
    for each in items(node):
        if not text(at(each, "prefix")):
            for kind in ("configMapRef", "secretRef"):
                name = text(at(each, kind, "name"))
                if plain(name):
                    yield name


def _volume(node: Node) -> str:
    for kind, key, folder in (("configMap", "name", "configmap"), ("secret", "secretName", "secret")):
        name = text(at(node, kind, key))
        if plain(name):
            return f"{folder}/{name}"
    sources = [text(at(each, "configMap", "name")) for each in items(at(node, "projected", "sources"))]
    named = [each for each in sources if plain(each)]
    return f"configmap/{named[0]}" if named else f"volume/{text(at(node, 'name'))}"


def _mounts(container: Map, volumes: dict[str, str]) -> Iterator[tuple[str, str]]:
    for each in items(at(container, "volumeMounts")):
        source, target = volumes.get(text(at(each, "name"))), text(at(each, "mountPath"))
        if source and target:
            yield source, target


def _command(file: File, service: str, command: Node | None, arguments: Node | None) -> Script | None:
    """``args`` stand behind ``command`` (Kubernetes documentation, "Define a Command and Arguments for a Container")."""
    both = [each for each in (command, arguments) if isinstance(each, Seq) and each.items]
    words = [expanded(text(each)) for found in both for each in items(found) if isinstance(each, Scalar)]
    if not words:
        return None
    first, last = both[0].span[0], both[-1].span[1]
    return Script(service, conceal(quoted(words)), file.span(min(first, last), max(first, last)), "start", service)


# --- what stands around them ---


def configuration(file: File, node: Map, *, secret: bool = False) -> Iterator[Piece]:
    """A ConfigMap or Secret: its variables as a bundle, and the configuration files in it.

    What is base64 is only kept as far as a masked connection string or a harmless value goes.
    """
    name = name_of(node)
    if name is None:
        return
    variables = []
    for key, value in pairs(at(node, "stringData" if secret else "data")):
        whole = literal(file, value)
        if whole is not None:
            yield from inside(file, text(name), key.text, whole[0])
        if isinstance(value, Scalar) and "\n" not in text(value):
            variables.append(file.variable(key.text, value))
    for key, value in pairs(at(node, "data")) if secret else ():
        if isinstance(value, Scalar):
            variables.append(_decoded(file, key.text, value))
    yield Bundle(text(name), file.at(name), tuple(variables))


def _decoded(file: File, name: str, value: Scalar) -> Variable:
    here: Place = file.at(value)
    try:
        plain_text = base64.b64decode(re.sub(r"\s", "", text(value)), validate=True).decode().strip()
    except (ValueError, binascii.Error):
        return Variable(name, here, file.profile, template=True)
    if "\n" in plain_text:
        return Variable(name, here, file.profile)
    found = variable(name, plain_text, here, file.profile)
    return replace(found, refers=(), template=False)


def inside(file: File, bundle: str, name: str, data: bytes) -> Iterator[Piece]:
    """A file that stands inside this one. ``data``: this file with everything else blank."""
    found = file.read_as(name, data) if file.read_as is not None else None
    if isinstance(found, BouncerFile):
        yield replace(found, path=file.path, name=bundle)
    elif isinstance(found, DeploymentFile):
        yield replace(
            found,
            poolers=tuple(replace(each, bundle=bundle) for each in found.poolers),
            servers=tuple(replace(each, bundle=bundle) for each in found.servers),
        )


def entrance(file: File, node: Map) -> Iterator[Piece]:
    """A Service with a selector."""
    name, selector = name_of(node), at(node, "spec", "selector")
    chosen = tuple((key.text, text(value)) for key, value in pairs(selector) if text(value))
    if name is None or not chosen or not all(plain(value) for _, value in chosen):
        return
    ports = []
    for each in items(at(node, "spec", "ports")):
        published, target = text(at(each, "port")), text(at(each, "targetPort"))
        if re.fullmatch(r"\d{1,5}", published):
            ports.append((int(published), int(target) if re.fullmatch(r"\d{1,5}", target) else 0))
    names = tuple(hosts(text(name), text(at(node, "metadata", "namespace"))))
    yield Entrance(names, chosen, file.at(name), tuple(ports))


def autoscaler(file: File, node: Map) -> Iterator[Piece]:
    """A HorizontalPodAutoscaler, or KEDA's ScaledObject with its ``maxReplicaCount`` (100 when not set, keda.sh)."""
    spec = at(node, "spec")
    keda = at(spec, "maxReplicaCount") is not None
    most = file.amount(at(spec, "maxReplicaCount") if keda else at(spec, "maxReplicas"))
    target = called(file, at(spec, "scaleTargetRef", "name"))
    if most is not None and target:
        yield Scaling(target, most, most.at)


def kustomization(file: File, node: Map) -> Iterator[Piece]:
    """Kustomize's generators: the literals of ``configMapGenerator`` and ``secretGenerator`` as bundles."""
    for kind in ("configMapGenerator", "secretGenerator"):
        for each in items(at(node, kind)):
            name = at(each, "name")
            variables = []
            for literals in items(at(each, "literals")):
                key, equals, written = text(literals).partition("=")
                if equals and isinstance(literals, Scalar):
                    variables.append(variable(key, written.strip("'\""), file.at(literals), file.profile))
            if isinstance(name, Scalar) and variables:
                yield Bundle(text(name), file.at(name), tuple(variables))
