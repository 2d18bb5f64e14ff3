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
    process. ``serverless``: what it is usually deployed as, when it says so by itself.
    """

    name: str
    packages: tuple[str, ...]
    hot_reload: bool = False
    serverless: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A function that the framework calls. ``text`` says what it is: ``POST handler of a Next.js route``.

    ``runs`` ``ONCE``: a start-up hook; ``SCRIPT``: a command of a CLI.
    """

    function: int
    runs: Runs
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Look:
    """One code file as a framework module sees it.

    ``symbol(function, expr)``: the dotted package symbol an expression comes from (``fastapi.APIRouter``
    for a router object made by calling it, too), or ``""``. ``routine(function, expr)``: the index of
    the function of this file that an expression is, through wrappers (``wrap(handler)``), or -1.
    ``exported(name)``: likewise for an export. ``depends(*packages)``: does the package around this file depend on one of them.
    """

    path: str
    scopes: Scopes
    symbol: Callable[[int, Expr], str]
    routine: Callable[[int, Expr], int]
    exported: Callable[[str], int]
    depends: Callable[..., bool]

    @property
    def functions(self) -> tuple[Function, ...]:
        """The functions of the file."""
        return self.scopes.module.functions

    @property
    def sites(self) -> list[Site]:
        """The calls of the file."""
        return self.scopes.sites


@cache
def _modules() -> tuple[object, ...]:
    return tuple(import_module(f"{__name__}.{info.name}") for info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name))


@cache
def frameworks() -> tuple[Framework, ...]:
    """Every framework known."""
    return tuple(each for module in _modules() for each in getattr(module, "FRAMEWORKS", ()))


def entries(look: Look) -> Iterator[Entry]:
    """The entry points of one file, by all framework modules."""
    for module in _modules():
        find = getattr(module, "entries", None)
        if find is not None:
            yield from find(look)
