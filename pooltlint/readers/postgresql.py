"""postgresql.conf and pgpool.conf: the settings of one server, or of Pgpool-II in front of several."""

from __future__ import annotations

import re

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import DeploymentFile, PoolerSettings, ServerSettings, Setting
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import MASK, mask
from pooltlint.outline.nodes import Comment

MOST_BYTES = 1_000_000
"""Larger files are not read: the whole sample file has 30 KB."""

_LINE = re.compile(
    rb"(?m)^[ \t\v\f]*(?P<name>[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)?)"
    rb"(?:[ \t]*=[ \t]*|[ \t]+(?=['\w./\[{$<%+-]))"
    rb"(?P<value>'(?:[^'\\\r\n]|''|\\.)*'|(?:\{\{[^\r\n]*?\}\}|\{%[^\r\n]*?%\}|<%[^\r\n]*?%>|[^\s'#])*)"
    rb"(?P<rest>[^\r\n]*)"
)
_HOLE = re.compile(r"\$\{|\$\(|\{\{|\{%|<%|@@|^\$\w|<[A-Za-z][\w -]*>|__[A-Z_]+__")
_SECRET = re.compile(r"(?i)password|passwd|_key$|secret|passphrase")
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)|''")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_INCLUDES = frozenset({"include", "include_if_exists", "include_dir"})
_PGPOOL = frozenset(
    {"num_init_children", "max_pool", "backend_hostname0", "child_life_time", "backend_clustering_mode"}
)
_MOST_PROBLEMS = 20


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a postgresql.conf (PostgreSQL ``src/backend/utils/misc/guc-file.l``), or a pgpool.conf, told by its settings.

    Names are case-insensitive, ``=`` may be left out, of two settings the last one holds; ``#`` begins a comment
    anywhere. A value that a template fills in has no text. A line that is neither is a problem and left out:
    PostgreSQL would not start. Never raises.
    """
    starts = line_starts(data)
    profile = profile_of(path)
    if len(data) > MOST_BYTES or b"\0" in data:
        why = "not text" if len(data) <= MOST_BYTES else f"larger than {MOST_BYTES} bytes"
        return DeploymentFile(path, profile, problems=(Problem(path, 0, f"not read: {why}"),), lines=starts)
    settings: dict[str, Setting] = {}
    problems: list[Problem] = []
    partial = False
    template = bool(re.search(rb"\{%|<%", data))
    for start in starts:
        end = data.find(b"\n", start)
        line = data[start : end if end >= 0 else len(data)].rstrip(b"\r\n")
        body = line.strip()
        if not body or body.startswith(b"#"):
            continue
        found = _LINE.fullmatch(line)
        rest = found["rest"].strip() if found else b""
        if found is None or (rest and not rest.startswith(b"#")):
            if not template and not _HOLE.search(line.decode("utf-8", "replace")) and len(problems) < _MOST_PROBLEMS:
                at = place(path, starts, (start, start + len(line)))
                problems.append(Problem(path, at.line, "not a setting: PostgreSQL reads `name = value` here"))
            partial |= template
            continue
        name = found["name"].decode().lower()
        if name in _INCLUDES:
            partial = True
            continue
        quoted = found["value"].startswith(b"'")
        written = found["value"].decode("utf-8", "replace")
        text = _ESCAPE.sub(_character, written[1:-1]) if quoted else written
        first, last = found.span("value")
        shift = 1 if quoted else 0
        at = place(path, starts, (start + first + shift, start + last - shift))
        settings[name] = Setting(name, _shown(name, text), at, place(path, starts, _moved(found.span("name"), start)))
    platform = "Pgpool-II" if settings.keys() & _PGPOOL else "PostgreSQL"
    here = next((each.name_at for each in settings.values()), Place(path, 0, 0, 1, 1))
    name = path.rpartition("/")[2]
    port = settings.get("port")
    number = port.number if port is not None else None
    return DeploymentFile(
        path=path,
        profile=profile,
        platform=platform,
        servers=(ServerSettings(name, here, settings, partial=partial or template),)
        if platform == "PostgreSQL" and settings
        else (),
        poolers=(PoolerSettings("Pgpool-II", name, here, settings, ports=(number or 9999,)),)
        if platform == "Pgpool-II"
        else (),
        problems=tuple(problems),
        comments=_comments(data),
        lines=starts,
    )


def _moved(span: tuple[int, int], by: int) -> tuple[int, int]:
    return span[0] + by, span[1] + by


def _shown(name: str, text: str) -> str | None:
    if _HOLE.search(text):
        return None
    return (
        MASK if text and _SECRET.search(name) and not text.isdigit() and name != "password_encryption" else mask(text)
    )


def _character(found: re.Match[str]) -> str:
    escaped = found[1]
    if escaped is None:
        return "'"
    return chr(int(escaped, 8)) if escaped.isdigit() and escaped[0] < "8" else _SHORT.get(escaped, escaped)


def _comments(data: bytes) -> tuple[Comment, ...]:
    if b"pooltlint" not in data:
        return ()
    return tuple(
        Comment(each["text"].decode("utf-8", "replace").strip(), each.span())
        for each in re.finditer(rb"(?m)#(?P<text>[^\r\n]*)", data)
        if b"pooltlint" in each["text"]
    )
