"""supervisord.conf: the programs that Supervisor keeps running, and how often each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.commands import conceal
from pooltlint.model.environment import profile_of, variable
from pooltlint.model.facts import Amount, DeploymentFile, Script, Service, Variable
from pooltlint.model.source import line_starts, place
from pooltlint.readers.ini_nodes import Entry, entries

_INLINE = re.compile(r"\s;.*\Z", re.DOTALL)
_OUTSIDE = re.compile(r"%\(ENV_(\w+)\)s")
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^,]*)\s*(?:,|\Z)")


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a configuration of Supervisor (supervisord.org, "Configuration File").

    ``instances`` is ``numprocs``. ``environment`` of ``[supervisord]`` holds for every program, and
    ``%(ENV_X)s`` is a variable from outside. ``;`` behind a blank begins a comment. Never raises.
    """
    found, problems, comments = entries(path, data)
    starts = line_starts(data)
    sections: dict[str, dict[str, Entry]] = {}
    for each in found:
        sections.setdefault(each.section, {})[each.name] = each
    shared = tuple(_environment(path, starts, sections.get("supervisord", {}).get("environment"), ""))
    return DeploymentFile(
        path=path,
        profile=profile_of(path),
        platform="Supervisor",
        services=tuple(
            _service(path, starts, section.partition(":")[2].strip(), values)
            for section, values in sections.items()
            if section.startswith("program:") and "command" in values
        ),
        variables=shared,
        problems=tuple(problems),
        comments=comments,
        lines=starts,
    )


def _service(path: str, starts: list[int], name: str, values: dict[str, Entry]) -> Service:
    command, count, switch = values["command"], values.get("numprocs"), values.get("autostart")
    line = _OUTSIDE.sub(r"${\1}", _text(command)).replace("%%", "%")
    instances = None
    if count is not None:
        written = _text(count)
        number = int(written) if re.fullmatch(r"\d{1,6}", written) else None
        instances = Amount(number, place(path, starts, count.span), written)
    return Service(
        name=name,
        at=place(path, starts, command.header),
        environment=tuple(_environment(path, starts, values.get("environment"), name)),
        command=Script(name, conceal(line), place(path, starts, command.span), "start", name),
        instances=instances,
        optional=switch is not None and _text(switch).lower() in ("false", "off", "no", "0"),
    )


def _text(entry: Entry) -> str:
    return _INLINE.sub("", entry.text).strip()


def _environment(path: str, starts: list[int], entry: Entry | None, service: str) -> Iterator[Variable]:
    if entry is None:
        return
    at = place(path, starts, entry.span)
    for pair in _PAIR.finditer(_text(entry)):
        value = _OUTSIDE.sub(r"${\1}", pair[2].strip("\"'")).replace("%%", "%")
        yield variable(pair[1], value, at, profile_of(path), service)
