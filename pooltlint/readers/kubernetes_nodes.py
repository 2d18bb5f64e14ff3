"""Kubernetes objects as nodes: one manifest or values file, and how to get at what is in it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pooltlint.model.environment import variable
from pooltlint.model.facts import (
    Amount,
    BouncerFile,
    Bundle,
    DeploymentFile,
    Entrance,
    Facts,
    PoolerSettings,
    Profile,
    Scaling,
    ServerSettings,
    Service,
    Setting,
    Variable,
)
from pooltlint.model.source import Place, Span, place
from pooltlint.model.url import MASK, mask, safe
from pooltlint.readers.go_templates import restored
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside, merged, repeated

ReadAs = Callable[[str, bytes], Facts | None]
"""Reads bytes as the file of that name would be read; ``None`` for a name that says nothing."""

Piece = Service | Bundle | ServerSettings | PoolerSettings | Scaling | Entrance | BouncerFile | DeploymentFile
"""What an object of a manifest amounts to; a :class:`DeploymentFile` is a file inside of it."""

VALUES = ".Values"
"""The bundle under which the scalars of a chart's values are kept, by their dotted path."""

VALUE = re.compile(r"\{\{[_ ]*\$?\.Values\.([\w.]+)(?:[_ ]+(?:int|quote|squote|toString|default [^}]*))*[_ ]*\}\}")
"""An action that is nothing but one of the values, perhaps with a default."""

_EXPANSION = re.compile(r"\$\$\(|\$\(([A-Za-z_][\w.-]*)\)")
_PARAMETER = re.compile(r"\$\{+(\w+)\}+")
_QUANTITY = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(m|[kKMGTPE]i?)?")
_SCALE = {"": 1.0, "m": 0.001}
_SCALE |= {unit: 1000.0**power for power, unit in enumerate("KMGTPE", 1)} | {"k": 1000.0}
_SCALE |= {f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", 1)}
_MIB = 1024 * 1024
_KINDS = frozenset(
    "deployment deploy statefulset daemonset job cronjob cron pod hpa autoscaler autoscaling scaledobject keda"
    " workload app main service svc manifest all".split()
)
"""Words of a template's file name that only say which kind of object it holds."""


@dataclass(frozen=True, slots=True)
class File:
    """One manifest file. ``data`` are its bytes as written, templates and all."""

    path: str
    data: bytes
    starts: list[int]
    profile: Profile
    read_as: ReadAs | None = None

    def at(self, node: Node) -> Place:
        """The place of a node, that of a scalar without quotes."""
        return place(self.path, self.starts, inside(node) if isinstance(node, Scalar) else node.span)

    def span(self, start: int, end: int) -> Place:
        """The place of a byte span."""
        return place(self.path, self.starts, (start, end))

    def setting(self, name: str, key: Node, value: Scalar) -> Setting:
        """A setting as written; what may be a secret is masked."""
        written = text(value)
        shown = None if "{{" in written or "$" in written else mask(written)
        if shown is not None and safe(name, shown) == MASK and _secret(name):
            shown = MASK
        return Setting(name, shown, self.at(value), self.at(key))

    def settings(self, node: Node | None) -> dict[str, Setting]:
        """The scalars of a mapping as settings, by key."""
        return {key.text: self.setting(key.text, key, value) for key, value in pairs(node) if isinstance(value, Scalar)}

    def amount(self, node: Node | None) -> Amount | None:
        """A whole number; ``None`` where nothing is written."""
        if not isinstance(node, Scalar) or not text(node):
            return None
        written = text(node)
        return Amount(int(written) if re.fullmatch(r"\d{1,9}", written) else None, self.at(node), mask(written))

    def cores(self, node: Node | None) -> Amount | None:
        """CPUs of a Kubernetes quantity, rounded up (``500m`` is one)."""
        return self._quantity(node, 1.0, up=True)

    def memory(self, node: Node | None) -> Amount | None:
        """MiB of a Kubernetes quantity, rounded down."""
        return self._quantity(node, _MIB, up=False)

    def variable(self, name: str, value: Scalar, service: str = "") -> Variable:
        """An environment variable, with ``$(OTHER)`` as Kubernetes fills it in; one of a chart's values refers to it."""
        written = text(value)
        filled = VALUE.fullmatch(written)
        if filled is not None:
            refers = (f"{VALUES}/{filled[1]}",)
            return Variable(name, self.at(value), self.profile, refers=refers, template=True, service=service)
        return variable(name, expanded(written), self.at(value), self.profile, service)

    def _quantity(self, node: Node | None, unit: float, *, up: bool) -> Amount | None:
        if not isinstance(node, Scalar) or not text(node):
            return None
        found = _QUANTITY.fullmatch(text(node))
        if found is None:
            return Amount(None, self.at(node), mask(text(node)))
        many = float(found[1]) * _SCALE[found[2] or ""] / unit
        return Amount(int(-(-many // 1)) if up else int(many), self.at(node), text(node))


def pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    """Keys and values of a mapping, ``<<`` merged; nothing for anything else.

    A key that stands there twice with different values (the branches of a template) has neither.
    """
    if not isinstance(node, Map):
        return []
    found = merged(node)
    twice = {each.text for each in repeated(node)}
    return [(key, _either(node, key) if key.text in twice else value) for key, value in found] if twice else found


def _either(node: Map, wanted: Scalar) -> Node:
    values = [value for key, value in node.pairs if isinstance(key, Scalar) and key.text == wanted.text]
    same = {each.text if isinstance(each, Scalar) else "{" for each in values}
    return values[-1] if len(same) == 1 else Scalar("{{ twice }}", "str", values[-1].span)


def at(node: Node | None, *keys: str) -> Node | None:
    """The node below the keys, ``None`` where there is none."""
    for wanted in keys:
        node = next((value for key, value in pairs(node) if key.text == wanted), None)
    return node


def key_of(node: Node | None, name: str) -> Scalar | None:
    """The key of that name itself."""
    return next((key for key, _ in pairs(node) if key.text == name), None)


def text(node: Node | None) -> str:
    """What a scalar says, ``""`` for null and for anything else."""
    return restored(node.text).strip() if isinstance(node, Scalar) and node.tag != "null" else ""


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list."""
    return node.items if isinstance(node, Seq) else ()


def expanded(written: str) -> str:
    """``$(OTHER)`` as ``${OTHER}``; ``$$(`` is no reference (Kubernetes API reference, EnvVar)."""
    if "$(" not in written:
        return written
    return _EXPANSION.sub(lambda found: "$(" if found[1] is None else f"${{{found[1]}}}", written)


def plain(name: str) -> bool:
    """Is it a name and no template of one."""
    return bool(name) and "{{" not in name and "$" not in name


def hosts(name: str, namespace: str) -> Iterator[str]:
    """The host names of a Kubernetes Service (Kubernetes documentation, "DNS for Services and Pods")."""
    yield name
    if plain(namespace):
        yield from (f"{name}.{namespace}{tail}" for tail in ("", ".svc", ".svc.cluster.local"))


def one_thing(name: str) -> bool:
    """Is it a name, or a name with parameters (``shop-${SUFFIX}``): whatever these are, it is the same thing wherever it stands."""
    return plain(_PARAMETER.sub("", name)) and bool(re.search(r"[a-z0-9]{2}", _PARAMETER.sub("", name)))


def name_of(node: Map) -> Scalar | None:
    """The object's name where it is a plain one, or one with parameters that nobody fills in."""
    found = at(node, "metadata", "name")
    return found if isinstance(found, Scalar) and (plain(text(found)) or one_thing(text(found))) else None


def filled(node: Node, known: Mapping[str, str]) -> Node:
    """The node with ``${NAME}`` and ``${{NAME}}`` replaced by what is known, in the same places (OpenShift templates)."""
    match node:
        case Scalar():
            written = restored(node.text)
            if "${" not in written:
                return node
            new = _PARAMETER.sub(lambda found: known.get(found[1], found[0]), written)
            return Scalar(new, node.tag if node.tag != "null" else "str", node.span, node.style)
        case Map():
            return Map(tuple((key, filled(value, known)) for key, value in node.pairs), node.span, node.tag)
        case Seq():
            return Seq(tuple(filled(each, known) for each in node.items), node.span, node.tag)


def called(file: File, found: Node | None) -> str:
    """What to call an object: its name, or what is left of a templated one with the chart's name before it.

    ``""`` where there is no name. A chart's own name stands for one that is a template throughout, with what the
    file's name says beyond the kind of object (``templates/worker-deployment.yaml`` is ``chart-worker``).
    """
    name = text(found)
    if not name or plain(name):
        return name
    folder, _, stem = file.path.rpartition("/")
    before, templates, _ = folder.rpartition("templates")
    chart = posixpath.basename(before.rstrip("/")) if templates and "{{" in name else ""
    rest = re.sub(r"-{2,}", "-", re.sub(r"\{\{.*?\}\}|\$\{?\w*\}?", "", name)).strip("-._ ")
    if not rest:
        parts = [each for each in re.split(r"[-_.]", stem.rpartition(".")[0]) if each.lower() not in _KINDS]
        rest = "-".join(parts) if parts != [chart] else ""
    return "-".join(filter(None, (chart, rest))) or stem.partition(".")[0]


def literal(file: File, value: Node) -> tuple[bytes, Span] | None:
    """A block scalar (``|``) as a file of its own: everything around it is blank, so that places stay what they are."""
    if not isinstance(value, Scalar) or value.style != "|":
        return None
    start, end = value.span
    start = file.data.find(b"\n", start, end) + 1 or end
    around = re.compile(rb"[^\r\n]")
    return around.sub(b" ", file.data[:start]) + file.data[start:end], (start, end)


def _secret(name: str) -> bool:
    return bool(re.search(r"(?i)pass|secret|token|private", name))
