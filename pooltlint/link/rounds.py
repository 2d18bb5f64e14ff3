"""The program grown outward, round by round, until no file that matters to a question is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from pooltlint.failures import attempted, gathered
from pooltlint.link import More
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.migrations import configuration
from pooltlint.link.program import Program
from pooltlint.link.sites import Known, borrowers, held, interesting, known, missing
from pooltlint.link.values import Instance, Values, branches
from pooltlint.model.demand import Demand
from pooltlint.model.facts import CodeFile, Facts
from pooltlint.model.finding import Problem
from pooltlint.outline.names import Scopes

ROUNDS = 5
"""How often the program may grow before what is still unseen stays unknown."""
_COMMON = 6
"""Names shorter than this are only looked for together with the name of their file."""

Found = dict[str, dict[int, Known]]
"""The calls that drivers know, by file and by number of the call's site."""


def grown(values: Values, lifetimes: Lifetimes, facts: Iterable[Facts], more: More, losses: list[Problem]) -> Found:
    """The calls that drivers know in a program grown until no file that matters is missing.

    A file in which following fails is left out, with one more of ``losses``.
    """

    def calls(path: str) -> dict[int, Known]:
        return {each.number: each for each in gathered(lambda: known(values, path), losses, "link.sites", path)}

    program = values.program
    asked: set[Demand] = set()
    made: set[tuple[str, int]] = set()
    offered: dict[str, set[str]] = {}
    entered: set[tuple[str, int]] = set()
    found: Found = {}
    fresh = [each.module for each in facts if isinstance(each, CodeFile)]
    for number in range(ROUNDS + 1):
        for module in fresh:
            attempted(partial(program.add, [module]), None, losses, "outline.names", module.path)
        values.forget()
        lifetimes.forget()
        paths = sorted(each.path for each in fresh if each.path in program.modules)
        found.update({path: calls(path) for path in paths})
        if number == ROUNDS:
            break
        wanted = set(configuration(more.files)) if number == 0 else set()
        names: dict[str, set[str]] = {}
        for path in paths:
            names[path] = attempted(partial(interesting, values, path, found[path]), set(), losses, "link.sites", path)
        for path in paths:
            for each in found[path].values():
                if each.construct is None:
                    continue
                wanted.update(missing(values, each))
                wanted.update(lifetimes.unseen(path, each.site))
                for maker in lifetimes.makers(path, each.site):
                    made.add(maker)
                    if maker[1] < 0:
                        names[path].add(program.modules[path].module.classes[-1 - maker[1]].name)
        for path, name in lifetimes.outward(made):
            names.setdefault(path, set()).add(name)
        for path in names:
            offered.setdefault(path, set()).update(names[path])
        for path in paths:
            names[path] |= passed_on(program, path, offered)
            offered[path] |= names[path]
        makers = {name for every in offered.values() for name in every}
        wanted.update(path for own in paths for path in borrowers(values, own, makers))
        wanted.update(path for own in paths for path in held(values, own, found[own].values(), entered))
        demands = {demand for path in names for demand in demands_of(values, path, names[path] - {""})} - asked
        asked |= demands
        fresh = [
            each.module for each in more(sorted(demands), sorted(wanted), program.resolve) if isinstance(each, CodeFile)
        ]
        if not fresh:
            break
    # what was read first may lead into what was read last
    return {path: calls(path) for path in sorted(program.modules)}


def passed_on(program: Program, path: str, offered: Mapping[str, set[str]]) -> set[str]:
    """The names that matter, of this module or of others, which it offers under another name or from elsewhere."""
    module = program.modules[path].module
    names: set[str] = set()
    if module.language == "python":
        if not path.endswith("__init__.py"):
            return names
        for each in module.imports:
            theirs = offered.get(program.resolve(path, each.module) or "", set()) if each.scope == 0 else set()
            names |= (
                theirs if each.name == "*" and each.local == "*" else {each.local} if each.name in theirs else set()
            )
        return names
    own = offered.get(path, set())
    imported = {each.local: each for each in module.imports}
    for export in module.exports:
        inner = imported.get(export.local)
        source = export.module or (inner.module if inner is not None else "")
        theirs = offered.get(program.resolve(path, source) or "", set()) if source else set()
        if export.name == "*":
            names |= theirs
        elif (export.imported if export.module else inner.name if inner is not None else "") in theirs or (
            export.local in own
        ):
            names.add(export.name)
    return names


def demands_of(values: Values, path: str, names: Iterable[str]) -> Iterator[Demand]:
    """What a file must hold to use what a module offers under some names.

    It must import the module. Names of methods, which objects carry everywhere, only have to occur; short ones
    (``db``, ``sql``) only beside the module's own: in JavaScript as the end of a specifier, or by the name of its
    package. An object of a library is of interest only to those who do with it what its driver knows.
    """
    program = values.program
    view = program.modules[path]
    spelled = program.spellings(path)
    whole = (b"import *",) if path.endswith(".py") else (b"export *",)
    exported = {each.name for each in view.module.exports}
    wide = "*" in exported or any(each.local == "*" for each in view.module.imports)
    names = sorted(names)
    if names:
        yield from (Demand((*whole, each), path) for each in spelled)
    for name in names:
        offers = name in view.names[0] or name in exported or wide
        members = _members(values, path, name) if offers else None
        narrow = Demand((), path, "" if members is None else name, members or ())
        if name == "default":  # others name it as they like: what they all hold is the way to the file
            yield from (Demand((each,), path, narrow.name, narrow.members) for each in spelled)
        elif len(name) < _COMMON or (name.islower() and "_" not in name):
            yield from (Demand((name.encode(), each), path, narrow.name, narrow.members) for each in spelled)
        elif offers:
            yield Demand((name.encode(),), path, narrow.name, narrow.members)
        else:
            yield Demand((name.encode(),))


def _members(values: Values, path: str, name: str) -> tuple[str, ...] | None:
    """What is of interest of a library's object: the members that its driver knows; ``None`` for anything else."""
    view: Scopes = values.program.modules[path]
    worth = values.offered(path, name) if view.module.language != "python" else values.name(path, 0, name)
    members: set[str] = set()
    for each in branches(worth):
        entry = values.shelf.types.get(each.type) if isinstance(each, Instance) else None
        if entry is None or "*" in entry[1].attributes:
            return None
        members |= entry[1].methods.keys() | entry[1].attributes.keys() | entry[1].free
    return tuple(sorted(members))
