"""What takes its time outside of the database: one file per family of libraries that talk to other machines, or wait.

A module of this package has a constant ``OUTSIDE``. It names, as data, the symbols of packages and the methods
of the objects they make whose call waits for somebody else. Modules are walked: adding a library is adding a line.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module


@dataclass(frozen=True, slots=True)
class Outside:
    """One library, or several that speak alike.

    ``what``: what it waits for, in words that end "while it waits for …". ``symbols``: a dotted symbol, or an object
    that one makes when it is called (``httpx.Client()``) → the last names of what is called on it; ``""`` is being
    called itself. ``spared``: names that make a call harmless when they lie in between (``stripe.webhooks``).
    ``promises``: its calls return at once, and only who awaits them waits.
    """

    what: str
    symbols: Mapping[str, frozenset[str]]
    promises: bool = False
    spared: frozenset[str] = frozenset()


def names(text: str) -> frozenset[str]:
    """Names separated by white space; ``()`` stands for calling the symbol itself."""
    return frozenset("" if each == "()" else each for each in text.split())


@cache
def outsides() -> tuple[Outside, ...]:
    """Every library known, by module."""
    return tuple(
        each
        for info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name)
        for each in import_module(f"{__name__}.{info.name}").OUTSIDE
    )


@cache
def symbols() -> Mapping[str, Outside]:
    """Every symbol with its library."""
    return {symbol: each for each in outsides() for symbol in each.symbols}


@cache
def packages() -> frozenset[str]:
    """The packages and modules that a file imports when it uses one of them itself."""
    found = set()
    for symbol in symbols():
        folder, _, name = symbol.rpartition("/")
        package = name.split(".", 1)[0].removesuffix("()")
        found.add(f"{folder}/{package}" if folder else package)
    return frozenset(found)


@cache
def last_names() -> frozenset[str]:
    """The last names of all calls that are known, those of functions included: no other call has to be asked about."""
    found = {name for each in outsides() for of in each.symbols.values() for name in of if name}
    called = {
        symbol.rpartition(".")[2].rpartition("/")[2] for symbol, each in symbols().items() if "" in each.symbols[symbol]
    }
    return frozenset(found | called)


def find(symbol: str) -> Outside | None:
    """The library behind what is called: ``requests.get``, ``openai.OpenAI().chat.completions.create``."""
    known = symbols()
    head, tail = symbol, ""
    last = symbol.rsplit(".", 1)[-1]
    while head:
        entry = known.get(head)
        if entry is not None:
            wanted = last if tail else ""
            if wanted not in entry.symbols[head] or entry.spared & set(tail.split(".")):
                return None
            return entry
        head, _, step = head.rpartition(".")
        tail = f"{step}.{tail}" if tail else step
    return None
