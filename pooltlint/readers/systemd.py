"""systemd's units: what a service starts, before and itself, and its variables."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from shlex import split

from pooltlint.model.commands import conceal
from pooltlint.model.environment import profile_of, variable
from pooltlint.model.facts import Amount, DeploymentFile, Script, Service, Variable, Work
from pooltlint.model.source import line_starts, place
from pooltlint.readers.ini_nodes import Entry, entries

_SPECIFIER = re.compile(r"(?<!%)(?:%%)*%[a-zA-Z]")
_PREFIX = "@-:+!|"
"""What may stand before the program of an ``Exec…=`` line (systemd.service(5), "Command Lines")."""


def looks_like(data: bytes) -> bool:
    """Whether a ``*.service`` file is a unit: runit and others call theirs so, too."""
    return re.search(rb"(?m)^\[Service\]", data) is not None


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a ``*.service`` unit (systemd.service(5), systemd.exec(5)), called like its file.

    A later ``Environment=`` of a name holds; an empty one takes all earlier ones back. ``%i`` and other specifiers
    are filled in at start. A unit of ``Type=oneshot`` is a job; of a template (``name@.service``) nobody knows how
    many run. Never raises.
    """
    found, problems, comments = entries(path, data, backslash=True)
    starts = line_starts(data)
    mine = [each for each in found if each.section == "Service"]
    name = posixpath.basename(path).removesuffix(".service")
    services: tuple[Service, ...] = ()
    variables = _environment(path, starts, mine)
    scripts = [_script(path, starts, each, "script") for each in mine if each.name == "ExecStartPre" and each.text]
    begun = [each for each in mine if each.name == "ExecStart" and each.text]
    if begun:
        at = place(path, starts, begun[-1].name_at)
        kind = next((each.text for each in reversed(mine) if each.name == "Type"), "")
        services = (
            Service(
                name=name.removesuffix("@"),
                at=at,
                environment=tuple(variables.values()),
                env_files=tuple(each.text.lstrip("-") for each in mine if each.name == "EnvironmentFile" and each.text),
                command=_script(path, starts, begun[-1], "start", name.removesuffix("@")),
                kind=Work.JOB if kind == "oneshot" else Work.SERVICE,
                instances=Amount(None, at, "one for each name it is started by") if name.endswith("@") else None,
            ),
        )
    return DeploymentFile(
        path=path,
        profile=profile_of(path),
        platform="systemd",
        services=services,
        scripts=tuple(scripts),
        problems=tuple(problems),
        comments=comments,
        lines=starts,
    )


def _script(path: str, starts: list[int], entry: Entry, role: str, service: str = "") -> Script:
    command = entry.text.lstrip(_PREFIX).replace("%%", "%")
    return Script(service or entry.name, conceal(command), place(path, starts, entry.span), role, service)


def _environment(path: str, starts: list[int], mine: Iterable[Entry]) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    for each in mine:
        if each.name != "Environment":
            continue
        if not each.text:
            found.clear()
        at, profile = place(path, starts, each.span), profile_of(path)
        for name, value in _assignments(each.text):
            if _SPECIFIER.search(value):
                found[name] = Variable(name, at, profile, template=True)
            else:
                found[name] = variable(name, value.replace("%%", "%"), at, profile)
    return found


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    try:
        words = split(text)
    except ValueError:  # a quote that does not close
        return
    for word in words:
        name, given, value = word.partition("=")
        if given and name:
            yield name, value
