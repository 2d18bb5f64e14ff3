"""*.sql files: what they set for a server, a database or a role, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import Owner, SessionDefault, Setting, SqlFile
from pooltlint.model.source import line_starts, place
from pooltlint.model.url import mask, safe
from pooltlint.outline.nodes import Comment

_HEAD = rb"(?i:\b(?:ALTER|CREATE)\s+(?:ROLE|USER|GROUP|DATABASE|SYSTEM)\b)"
_ASKED = re.compile(rb"(?i)\b(?:alter|create)\s+(?:role|user|group|database|system)\s[^;]{0,600}?\b(?:set|limit)\b")
_TEXT = rb"'[^']*(?:''[^']*)*'"
_SKIM = re.compile(
    rb"--[^\n]*|(?P<comment>/\*)|^\\[^\n]*|(?P<rows>(?i:^COPY\s)[^;']{0,2000}?(?i:\sFROM\s+stdin)[^;\n]{0,500};)"
    rb"|(?P<text>\b[eE]'(?:[^'\\]|\\.|'')*'|" + _TEXT + rb")"
    rb"|(?P<statement>" + _HEAD + rb"(?:" + _TEXT + rb"|[^;'])*)",
    re.MULTILINE | re.DOTALL,
)
"""Comments, psql's own commands, rows of a dump, strings (they may hold statements to be executed), and statements."""
_INNER = re.compile(_HEAD + rb"[^;]*")
_SET = re.compile(
    rb"(?is)\sSET\s+(?P<name>[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)"
    rb"(?:(?:\s*=\s*|\s+TO\s+)(?:''(?P<doubled>[^'\s;]+(?:\ [^'\s;]+)*)''|'(?P<quoted>[^']*(?:''[^']*)*)'"
    rb"|(?P<plain>[^\s;,'|]+(?:\s*,\s*[^\s;,'|]+)*)))"
)
_LIMIT = re.compile(rb"(?i)\b(?P<name>CONNECTION\s+LIMIT)\s*=?\s*(?P<value>-?\d{1,9})\b")
_OWNERS = {
    b"role": Owner.ROLE,
    b"user": Owner.ROLE,
    b"group": Owner.ROLE,
    b"database": Owner.DATABASE,
    b"system": Owner.SYSTEM,
}
_NAMED = re.compile(
    rb'(?is)^\w+\s+\w+\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:"(?P<quoted>[^"%{$]+)"|(?P<plain>[a-z_]\w*)(?![\w%{$]))'
)
_HOLE = re.compile(r"%[ILs]|\$\{|\{\{|<%|^:|\|\||\$\d|^%|^\{")


def looks_like(data: bytes) -> bool:
    """Whether a file sets something; dumps and migrations that do not are not looked at any further."""
    return _ASKED.search(data) is not None


def read(path: str, data: bytes) -> SqlFile:
    """Read ``ALTER ROLE/USER/DATABASE … SET``, ``ALTER SYSTEM SET`` and ``CONNECTION LIMIT`` (PostgreSQL documentation).

    Statements in strings and function bodies count, for ``DO`` and migrations execute them; comments and the rows
    of a dump do not. Names of roles and passwords are dropped. Never raises.
    """
    starts = line_starts(data)
    found: list[SessionDefault] = []
    for span in _statements(data):
        found += _settings(path, starts, data, span)
    return SqlFile(path, profile_of(path), tuple(found), comments=tuple(_comments(data)), lines=starts)


def _statements(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while (each := _SKIM.search(data, at)) is not None:
        at = each.end()
        if each["comment"] or each["rows"]:
            end = data.find(b"*/" if each["comment"] else b"\n\\.", at)
            if end < 0:
                return
            at = end + 2
        elif each["statement"] is not None:
            yield each.span("statement")
        elif each["text"] is not None:
            for inner in _INNER.finditer(data, *each.span("text")):
                yield inner.span()


def _settings(path: str, starts: list[int], data: bytes, span: tuple[int, int]) -> Iterator[SessionDefault]:
    whole = data[span[0] : span[1]]
    verb, kind = (each.lower() for each in whole.split(None, 2)[:2])
    owner = _OWNERS[kind]
    named = _NAMED.match(whole) if owner is Owner.DATABASE else None
    database = (named["quoted"] or named["plain"]).decode("utf-8", "replace") if named else ""
    told = _SET.search(whole) if verb == b"alter" else None
    limit = _LIMIT.search(re.sub(_TEXT, lambda text: b" " * len(text[0]), whole)) if owner is not Owner.SYSTEM else None
    for found, name in ((told, ""), (limit, "connection_limit")):
        if found is None:
            continue
        group = next(
            each for each in ("value", "doubled", "quoted", "plain") if found.groupdict().get(each) is not None
        )
        text = found[group].decode("utf-8", "replace").replace("''", "'")
        if group == "plain" and text.lower() == "default":
            continue
        name = name or found["name"].decode().lower()
        value_at, name_at = (
            place(path, starts, (span[0] + first, span[0] + last))
            for first, last in (found.span(group), found.span("name"))
        )
        shown = None if _HOLE.search(text) else mask(safe(name, text))
        yield SessionDefault(owner, Setting(name, shown, value_at, name_at), database)


def _comments(data: bytes) -> Iterator[Comment]:
    for each in re.finditer(rb"--(?P<text>[^\r\n]*)", data) if b"pooltlint" in data else ():
        if b"pooltlint" in each["text"]:
            yield Comment(each["text"].decode("utf-8", "replace").strip(), each.span())
