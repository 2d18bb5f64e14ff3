"""Runs the checks over the topology and stamps what they find with rule and severity."""

from __future__ import annotations

import os
import typing
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

from msgspec import Struct

from pooltlint import checks
from pooltlint.failures import bug
from pooltlint.model.budget import Budget
from pooltlint.model.facts import BouncerFile, UserList
from pooltlint.model.finding import Finding, Problem, Severity, Verdict
from pooltlint.model.topology import (
    Checkout,
    Client,
    Closing,
    Deployable,
    Forked,
    Held,
    Migration,
    Outlived,
    Pooler,
    Prisma,
    Rails,
    Refusal,
    Statement,
    Topology,
    Transaction,
    Unended,
    Url,
)
from pooltlint.rulebook import Rulebook

SUBJECTS: dict[Any, Callable[[Topology], Iterable[Any]]] = {
    Topology: lambda topology: (topology,),
    Url: lambda topology: topology.urls,
    Client: lambda topology: topology.clients,
    Checkout: lambda topology: topology.checkouts,
    Held: lambda topology: topology.holds,
    Outlived: lambda topology: topology.outlived,
    Forked: lambda topology: topology.forked,
    Statement: lambda topology: topology.statements,
    Transaction: lambda topology: topology.transactions,
    Closing: lambda topology: topology.closings,
    Migration: lambda topology: topology.migrations,
    Pooler: lambda topology: topology.poolers,
    Prisma: lambda topology: topology.prisma,
    Rails: lambda topology: topology.rails,
    Refusal: lambda topology: topology.refusals,
    Unended: lambda topology: topology.unended,
    BouncerFile: lambda topology: topology.bouncer_files,
    UserList: lambda topology: topology.user_lists,
    Deployable: lambda topology: topology.deployables,
    Budget: lambda topology: topology.budgets,
}
"""What a check may ask for, by the type of its parameter."""


class Judged(Struct, frozen=True):
    """What the checks yielded, and where one of them failed."""

    verdicts: tuple[Verdict, ...]
    problems: tuple[Problem, ...]


@cache
def rules() -> tuple[str, ...]:
    """The rules that have a check: module names with hyphens, in alphabetical order."""
    found = {
        name.partition(".")[0] for folder in checks.__path__ for name in os.listdir(folder) if name.endswith(".py")
    }
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


@cache
def subject(rule: str) -> Any:
    """The type that a rule's check asks for: a member of the topology, or the topology itself."""
    hints = typing.get_type_hints(_check(rule))
    hints.pop("return", None)
    (asked,) = hints.values()
    return asked


def judge(topology: Topology, names: Iterable[str], book: Rulebook, severity: dict[str, Severity]) -> Judged:
    """Every finding of the named rules, ordered by place and rule, none twice.

    ``severity`` overrides the rule book's by rule. A check that raises loses only the item it was
    looking at: that becomes a problem that names the rule.
    """
    verdicts: list[Verdict] = []
    problems: list[Problem] = []
    for rule in sorted(names):
        try:
            check, items = _check(rule), SUBJECTS[subject(rule)](topology)
        except Exception as error:  # a check that cannot even be loaded must not take the others down
            problems.append(bug(error, "", rule))
            continue
        for item in items:
            path = getattr(getattr(item, "at", None), "path", "") or getattr(item, "path", "")
            found: list[Finding] = []
            try:
                found.extend(check(item))
            except Exception as error:  # a bug of this check: only the item at hand is lost
                problems.append(bug(error, path, rule))
            verdicts.extend(_stamped(rule, found, book, severity))
    unique = {(each.finding.at, each.rule, each.finding.message): each for each in verdicts}
    return Judged(tuple(unique[key] for key in sorted(unique)), tuple(sorted(set(problems))))


def _stamped(rule: str, findings: list[Finding], book: Rulebook, severity: dict[str, Severity]) -> Iterator[Verdict]:
    for finding in findings:
        page = book.rule(rule)
        level = severity.get(rule, page.severity)
        if finding.certainty > page.certainty:
            finding = Finding(finding.at, finding.message, finding.remedy, finding.because, page.certainty, finding.fix)
        yield Verdict(rule, level, finding)


def _check(rule: str) -> Callable[[Any], Iterable[Finding]]:
    module = import_module(f"{checks.__name__}.{rule.replace('-', '_')}")
    found: Callable[[Any], Iterable[Finding]] = module.check
    return found
