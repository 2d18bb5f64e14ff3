"""What an application keeps in its configuration, by name: ``app.config["NAME"] = …``, ``class Config: NAME = …``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pooltlint.link.roles import role
from pooltlint.link.sites import where
from pooltlint.link.values import Values, Worth
from pooltlint.model.environment import profile_of
from pooltlint.model.facts import Profile
from pooltlint.model.source import Place
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes

_NOT_RUNNING = (Profile.TEST, Profile.CI, Profile.DEVELOPMENT)
_FILLERS = frozenset({"update", "from_mapping", "setdefault"})


def of(values: Values, name: str, belongs: Callable[[str], bool]) -> Iterator[tuple[Worth, Place]]:
    """What Python modules set under a name, with the places; those of tests and of development are left out.

    ``belongs``: is a file part of the application in question.
    """
    for path, view in values:
        if view.module.language != "python" or role(path) is not None or profile_of(path) in _NOT_RUNNING:
            continue
        for node, function in _given(view, name) if belongs(path) else ():
            yield values.of(path, function, node), where(values, path, node.span)


def _given(view: Scopes, name: str) -> Iterator[tuple[nodes.Expr, int]]:
    """The expressions that a module sets under a name, each with the function it stands in."""
    for binding in view.names[0].get(name, ()):
        if binding.kind == "assign" and binding.value is not None:
            yield binding.value, 0
    for index, cls in enumerate(view.module.classes):
        if profile_of(_words(cls.name)) in _NOT_RUNNING:
            continue
        for binding in view.attributes[index].get(name, ()):
            if binding.kind == "assign" and binding.value is not None:
                yield binding.value, binding.function
    for assign, function in view.members.get(name, ()):
        if isinstance(assign.target, nodes.Index) and assign.value is not None:
            yield assign.value, function
    for site in view.sites:
        if isinstance(site.call.callee, nodes.Member) and site.call.callee.name in _FILLERS:
            for each in site.call.args:
                if each.name == name:
                    yield each.value, site.function
                elif isinstance(each.value, nodes.Record):
                    yield from ((entry.value, site.function) for entry in each.value.entries if entry.key == name)


def _words(name: str) -> str:
    """``TestingConfig`` as ``testing.config``, so that its words can be told."""
    return "".join(f".{each.lower()}" if each.isupper() else each for each in name).lstrip(".")
