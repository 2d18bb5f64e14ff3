"""Framework knowledge: what runs per request, per job or once, one file per family of frameworks.

A framework module has a constant ``FRAMEWORKS`` (what it is called, which packages announce it, what
it does to modules) and a generator ``entries(look)`` that yields the entry points of one code file.
Modules are walked: adding a framework is adding a file or a line.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from pooltlint.model.source import Span
from pooltlint.model.topology import Runs
from pooltlint.outline.names import Scopes, Site
from pooltlint.outline.nodes import Expr, Function


@dataclass(frozen=True, slots=True)
class Framework:
    """One framework. ``packages``: names in package.json or Python manifests that announce it.

    ``hot_reload``: its development server loads application modules again on every change, in one
    process. ``serverless``: what it is usually deployed as, when it says so by itself. ``versioned``: what it
    does with connections depends on its version.
    """

    name: str
    packages: tuple[str, ...]
    hot_reload: bool = False
    serverless: bool = False
    versioned: bool = False


@dataclass(frozen=True, slots=True)
class Handler:
    """A function of the repository; ``at`` is its name, or its first token, in its own file."""

    path: str
    function: int
    name: str
    at: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A function that the framework calls. ``text`` says what it is: ``POST handler of a Next.js route``.

    ``runs`` ``ONCE``: a start-up hook; ``SCRIPT``: a command of a CLI. ``span``: where the framework is
    told of it, in the file that was looked at.
    """

    handler: Handler
    runs: Runs
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Look:
    """One code file as a framework module sees it.

    ``symbol(function, expr)``: the dotted package symbol an expression comes from (``fastapi.APIRouter``
    for a router object made by calling it, too), or ``""``. ``handlers(function, expr)``: the functions of
    the repository that an expression may be, through wrappers (``wrap(handler)``), lists and imports;
    ``inside`` likewise, and into tables of functions at any depth. ``exported(name)``: likewise for an
    export. ``depends(*packages)``: does the package around this file depend on one of them.
    """

    path: str
    scopes: Scopes
    symbol: Callable[[int, Expr], str]
    handlers: Callable[[int, Expr], tuple[Handler, ...]]
    inside: Callable[[int, Expr], tuple[Handler, ...]]
    exported: Callable[[str], tuple[Handler, ...]]
    depends: Callable[..., bool]

    @property
    def functions(self) -> tuple[Function, ...]:
        """The functions of the file."""
        return self.scopes.module.functions

    @property
    def sites(self) -> list[Site]:
        """The calls of the file."""
        return self.scopes.sites

    def own(self, index: int, runs: Runs, text: str) -> Entry:
        """An entry point that this file declares itself: by a decorator, a base class, its name."""
        function = self.functions[index]
        return Entry(Handler(self.path, index, self.scopes.name_of(index), function.at), runs, text, function.at)

    def given(self, function: int, value: Expr, runs: Runs, text: str, span: Span) -> Iterator[Entry]:
        """The functions that an expression may be, handed to the framework at ``span``."""
        for each in self.handlers(function, value):
            yield Entry(each, runs, text, each.at if each.path == self.path and each.name else span)


@cache
def _modules() -> tuple[object, ...]:
    return tuple(
        import_module(f"{__name__}.{info.name}")
        for info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name)
    )


@cache
def frameworks() -> tuple[Framework, ...]:
    """Every framework known."""
    return tuple(each for module in _modules() for each in getattr(module, "FRAMEWORKS", ()))


@cache
def packages() -> frozenset[str]:
    """The packages of frameworks whose version matters."""
    return frozenset(name for each in frameworks() if each.versioned for name in each.packages)


def entries(look: Look) -> Iterator[Entry]:
    """The entry points of one file, by all framework modules."""
    for module in _modules():
        find = getattr(module, "entries", None)
        if find is not None:
            yield from find(look)
