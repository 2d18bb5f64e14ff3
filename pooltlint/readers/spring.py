"""Spring Boot's application.properties and application.yml: the data source and the size of its Hikari pool."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import mask, mask_whole
from pooltlint.model.value import FromEnv, Literal, Unknown, Value
from pooltlint.readers import yaml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, inside, merged

_WANTED = {
    "spring.datasource.url": "url",
    "spring.datasource.jdbcurl": "url",
    "spring.datasource.hikari.jdbcurl": "url",
    "spring.datasource.hikari.maximumpoolsize": "maximum-pool-size",
    "spring.datasource.hikari.minimumidle": "minimum-idle",
    "spring.r2dbc.url": "url",
    "spring.r2dbc.pool.maxsize": "maximum-pool-size",
    "spring.config.activate.onprofile": "profile",
    "spring.profiles": "profile",
    "server.tomcat.threads.max": "threads",
}
"""Spring's names in their uniform form (Spring Boot reference, "Relaxed Binding": dashes and case do not count)."""

_PROPERTY = re.compile(r"^[ \t]*(?P<name>[\w.\-\[\]]+)[ \t]*[=:][ \t]*(?P<value>[^\n\r]*?)[ \t]*\r?$", re.MULTILINE)
_HOLE = re.compile(r"\$\{([A-Za-z_][\w.-]*)(?::([^${}]*))?\}")
_MOST_LEVELS = 12


def read(path: str, data: bytes) -> ProgramFile:
    """``url``, ``maximum-pool-size``, ``minimum-idle`` and ``threads``; ``scope`` is the profile they are active in.

    ``${NAME:default}`` is a variable with its default. User-info is masked. Never raises.
    """
    starts = line_starts(data)
    name = path.rpartition("/")[2]
    scope = (re.match(r"application-([\w-]+)\.", name) or ["", ""])[1]
    problems: list[Problem] = []
    found: list[Assigned] = []
    if name.endswith(".properties"):
        for line in _PROPERTY.finditer(data.decode("latin-1")):
            wanted = _WANTED.get(_uniform(line["name"]))
            if wanted:
                at = place(path, starts, line.span("value"))
                found.append(Assigned(wanted, _value(line["value"], at), at, scope))
    else:
        documents, problems = yaml_nodes.compose(path, data)
        for document in documents:
            own = [
                Assigned(wanted, _value(scalar.text, at), at, scope)
                for key, scalar in _leaves(document, "", 0)
                if (wanted := _WANTED.get(key))
                for at in (place(path, starts, inside(scalar)),)
            ]
            active = [str(getattr(each.value, "value", "")) for each in own if each.name == "profile"]
            found += [Assigned(each.name, each.value, each.at, active[0] if active else scope) for each in own]
    kept = tuple(each for each in found if each.name != "profile")
    return ProgramFile(path, "Spring", kept, tuple(problems), lines=starts)


def _uniform(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def _leaves(node: Node, above: str, level: int) -> Iterator[tuple[str, Scalar]]:
    if isinstance(node, Map) and level < _MOST_LEVELS:
        for key, value in merged(node):
            yield from _leaves(value, f"{above}.{_uniform(key.text)}" if above else _uniform(key.text), level + 1)
    elif isinstance(node, Scalar):
        yield above, node


def _value(text: str, at: Place) -> Value:
    hole = _HOLE.fullmatch(text)
    if hole:
        return FromEnv(hole[1], at, _plain(hole[2], at) if hole[2] is not None else None)
    return Unknown(at) if "${" in text and "://" not in text else _plain(text, at)


def _plain(text: str, at: Place) -> Value:
    if text.isascii() and text.isdigit() and len(text) < 8:
        return Literal(int(text), at)
    return Literal(mask_whole(text) if "://" in text else mask(text), at)
