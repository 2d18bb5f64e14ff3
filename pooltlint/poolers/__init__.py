"""Pooler knowledge: one file per pooler or provider: how its connection strings look, what it can keep.

A module may have a function ``recognise(dsn) -> Sight | None``: what the host and port of a connection
string alone say. Host first, then port, then parameters; a variable's name is never looked at here.
Modules are walked: adding a provider is adding a file.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn


@dataclass(frozen=True, slots=True)
class Sight:
    """What a provider's connection string says of itself.

    ``pooler``: its name in messages, ``""`` when direct. ``why``: one clause that names the telling
    part (``the host ends in .pooler.supabase.com and the port is 6543``). ``prepared``: are
    protocol-level prepared statements kept apart per client there. ``direct``: how the direct address of the
    same provider looks, for remedies. ``startup``: parameters it accepts at connect beyond the
    tracked ones. ``version``: of the pooler, where the provider states it. ``pins``: session state does not
    break there, it keeps the client on one server connection.
    """

    mode: Mode
    pooler: str
    why: str
    prepared: Truth = Truth.UNKNOWN
    certainty: Certainty = Certainty.HIGH
    direct: str = ""
    startup: tuple[str, ...] = ()
    version: str = ""
    pins: bool = False
    pooled: str = ""
    """How the provider's pooler in front of the same database is reached, for direct addresses; ``""`` for none."""


@cache
def _modules() -> tuple[ModuleType, ...]:
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    found = (import_module(f"{__name__}.{name}") for name in names)
    return tuple(module for module in found if hasattr(module, "recognise"))


def recognise(dsn: Dsn) -> Sight | None:
    """What the provider that knows the host says; the surest of several, by file name where they are equally sure."""
    found = [sight for module in _modules() if (sight := module.recognise(dsn)) is not None]
    return max(found, key=lambda sight: sight.certainty, default=None)
