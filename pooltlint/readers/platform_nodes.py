"""Platforms' configuration as nodes: one file in YAML, TOML or JSON, and how to get at what is in it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from pooltlint.model.commands import conceal, quoted
from pooltlint.model.environment import profile_of, variable
from pooltlint.model.facts import Amount, Profile, Script, Setting, Variable
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import MASK, mask, safe
from pooltlint.outline.nodes import Comment
from pooltlint.readers import json_nodes, toml_nodes, yaml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside, merged

_MEMORY = re.compile(r"(\d{1,9})\s*([kKmMgG]?)(?:i?[bB])?")
_MIB = {"": 1.0, "k": 1 / 1024, "m": 1.0, "g": 1024.0}
_OPEN = re.compile(r"\$\{|\{\{|<[%\w-]|^\$[A-Za-z_]")
_PRIVATE = re.compile(r"(?i)pass|secret|token|private")


@dataclass(frozen=True, slots=True)
class File:
    """One file of a platform."""

    path: str
    starts: list[int]
    profile: Profile

    @property
    def home(self) -> str:
        """What to call what runs here when nothing names it: its folder's name, ``app`` at the top."""
        return posixpath.basename(posixpath.dirname(self.path)) or "app"

    def at(self, node: Node) -> Place:
        """The place of a node, that of a scalar without quotes."""
        return place(self.path, self.starts, inside(node) if isinstance(node, Scalar) else node.span)

    def amount(self, node: Node | None) -> Amount | None:
        """A whole number; ``None`` where nothing is written."""
        if not isinstance(node, Scalar) or not text(node):
            return None
        written = text(node)
        digits = written.replace("_", "") if node.tag == "int" else written
        return Amount(int(digits) if re.fullmatch(r"\d{1,9}", digits) else None, self.at(node), mask(written))

    def memory(self, node: Node | None, unit: str = "m") -> Amount | None:
        """MiB of ``512mb``, ``1gb`` or a bare number of ``unit`` (``k``, ``m``, ``g``)."""
        if not isinstance(node, Scalar) or not text(node):
            return None
        found = _MEMORY.fullmatch(text(node))
        count = int(int(found[1]) * _MIB[found[2].lower() or unit]) if found else None
        return Amount(count, self.at(node), mask(text(node)))

    def setting(self, name: str, key: Node, value: Scalar) -> Setting:
        """A setting as written; what may be a secret is masked, a template is ``None``."""
        written = text(value)
        shown = None if _OPEN.search(written) else mask(written)
        if shown is not None and _PRIVATE.search(name) and safe(name, shown) == MASK:
            shown = MASK
        return Setting(name, shown, self.at(value), self.at(key))

    def settings(self, node: Node | None, names: dict[str, str]) -> dict[str, Setting]:
        """The scalars of a mapping under other names; those that have none are left out."""
        return {
            names[key.text]: self.setting(names[key.text], key, value)
            for key, value in pairs(node)
            if key.text in names and isinstance(value, Scalar) and text(value)
        }

    def variable(self, name: str, value: Node, service: str = "", profile: Profile | None = None) -> Variable:
        """An environment variable; what is no plain value is filled in by somebody else."""
        at, profile = self.at(value), profile or self.profile
        if not isinstance(value, Scalar) or value.tag == "null":
            return Variable(name, at, profile, template=True, service=service)
        return variable(name, value.text, at, profile, service)

    def variables(self, node: Node | None, service: str = "", profile: Profile | None = None) -> tuple[Variable, ...]:
        """The variables of a mapping of names to values."""
        return tuple(self.variable(key.text, value, service, profile) for key, value in pairs(node))

    def command(
        self,
        node: Node | None,
        name: str,
        role: str = "start",
        service: str = "",
        environment: tuple[Variable, ...] = (),
    ) -> Script | None:
        """A command line, or a list of arguments; without secrets."""
        if isinstance(node, Seq):
            words = [each.text for each in node.items if isinstance(each, Scalar)]
            line = quoted(words)
        else:
            line = text(node)
        if node is None or not line:
            return None
        return Script(name, conceal(line), self.at(node), role, service, environment)


def opened(path: str, data: bytes) -> tuple[File, Node | None, tuple[Problem, ...], tuple[Comment, ...]]:
    """A YAML, TOML or JSON file by its name: its top node (``None``: nothing there), problems and comments.

    Of a YAML file the first document. Never raises.
    """
    file = File(path, line_starts(data), profile_of(path))
    if path.endswith((".yml", ".yaml")):
        documents, problems = yaml_nodes.compose(path, data)
        return file, documents[0] if documents else None, tuple(problems), yaml_nodes.comments(data, documents)
    if path.endswith(".toml"):
        top, problems, comments = toml_nodes.parse(path, data)
        return file, top, tuple(problems), comments
    found, problems, comments = json_nodes.parse(path, data)
    return file, found, tuple(problems), comments


def pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    """Keys and values of a mapping, ``<<`` merged; nothing for anything else."""
    return merged(node) if isinstance(node, Map) else []


def at(node: Node | None, *keys: str) -> Node | None:
    """The node below the keys, ``None`` where there is none."""
    for wanted in keys:
        node = next((value for key, value in pairs(node) if key.text == wanted), None)
    return node


def text(node: Node | None) -> str:
    """What a scalar says, ``""`` for null and for anything else."""
    return node.text.strip() if isinstance(node, Scalar) and node.tag != "null" else ""


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list."""
    return node.items if isinstance(node, Seq) else ()


def texts(node: Node | None) -> list[str]:
    """The texts of a list; a single text is a list of one."""
    return [found for each in (items(node) or (node,)) if (found := text(each))]
