"""The story: discover, extract, link, judge, suppress, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from pooltlint.discover import CODE, Found
from pooltlint.drivers import words
from pooltlint.extract import OWN_WORD, Files, Rounds, extract
from pooltlint.failures import bug
from pooltlint.judge import judge
from pooltlint.link import link
from pooltlint.link.roles import role
from pooltlint.model.demand import Demand
from pooltlint.model.facts import BouncerFile, DeploymentFile, EnvFile, Facts, Manifest, ProgramFile, Unread
from pooltlint.model.finding import Report, Verdict
from pooltlint.model.topology import Runs, Topology
from pooltlint.rulebook import Rulebook
from pooltlint.settings import Settings
from pooltlint.sources import Sources
from pooltlint.suppress import suppress

_SURROUNDINGS = frozenset({"commands", "puma", "ruby_queues", "tsconfig", "uwsgi"})
"""Readers whose files mean nothing unless something else speaks of Postgres."""


class Survey(Struct, frozen=True):
    """What was read and what it amounts to, before anything is judged."""

    facts: tuple[Facts, ...]
    topology: Topology


def survey(found: Found, settings: Settings, jobs: int = 1, tell: Callable[[str], None] = lambda stage: None) -> Survey:
    """Read the files and link what they say. ``tell`` is given the name of each stage that begins."""
    tell("reading")
    files = Files(found.root, found.files)
    code = [each for each in found.files if each.reader in CODE and role(each.path) is not Runs.TEST]
    demands = frozenset(Demand((word,)) for word in (*words(), OWN_WORD)) if code else frozenset()
    settled = [each for each in found.files if each.reader not in _SURROUNDINGS | CODE]
    facts = list(extract(files, [*code, *settled], demands, jobs))
    if not any(map(_speaks, facts)):
        return Survey(tuple(sorted(facts, key=lambda each: each.path)), Topology())
    facts += extract(files, [each for each in found.files if each.reader in _SURROUNDINGS], demands, jobs)
    facts.sort(key=lambda each: each.path)
    tell("linking")
    rounds = Rounds(files, code, (each.path for each in facts), jobs)
    try:
        topology = link(facts, settings, rounds, found.platforms)
    except Exception as error:  # what needs no linking can still be judged
        alone = tuple(each for each in facts if isinstance(each, BouncerFile))
        topology = Topology(bouncer_files=alone, problems=(bug(error, "", "link"),))
    return Survey(tuple(sorted((*facts, *rounds.found), key=lambda each: each.path)), topology)


def audit(
    found: Found,
    settings: Settings,
    rules: Collection[str],
    book: Rulebook,
    sources: Sources,
    *,
    jobs: int = 1,
    tell: Callable[[str], None] = lambda stage: None,
) -> Report:
    """Everything that is wrong with the files found, under the given rules, as the settings want it shown."""
    started = time.perf_counter()
    surveyed = survey(found, settings, jobs, tell)
    tell("judging")
    judged = judge(surveyed.topology, rules, book, settings.severity)
    told = suppress(judged.verdicts, surveyed.facts, settings, book, sources, rules, whole=found.whole)
    problems = {each for facts in surveyed.facts for each in facts.problems}
    problems.update(found.problems, surveyed.topology.problems, judged.problems, told.problems)
    return Report(
        verdicts=_shown(told.verdicts, settings),
        hushed=told.hushed,
        problems=tuple(sorted(problems)),
        files=len(found.files),
        seconds=time.perf_counter() - started,
    )


def _shown(verdicts: Sequence[Verdict], settings: Settings) -> tuple[Verdict, ...]:
    return tuple(
        each
        for each in verdicts
        if each.severity >= settings.min_severity and each.finding.certainty >= settings.certainty
    )


def _speaks(facts: Facts) -> bool:
    """Does a file say anything of Postgres, so that scripts and workflows matter?"""
    match facts:
        case Manifest() | Unread():
            return False
        case ProgramFile(program="Laravel" | "Ecto", settings=settings):
            return any(each.name.endswith((".driver", ".url", ".hostname")) for each in settings)
        case ProgramFile(settings=settings):
            return any("postgres" in str(each.value) for each in settings if each.name == "url")
        case EnvFile(variables=variables):
            return any(each.dsn for each in variables)
        case DeploymentFile(platform=platform) as file if platform != "Docker Compose":
            held = [*file.variables, *(one for each in file.services for one in each.environment)]
            held += [one for each in file.bundles for one in each.variables]
            return bool(file.servers or file.poolers or file.bouncers) or any(each.dsn for each in held)
        case _:
            return True
