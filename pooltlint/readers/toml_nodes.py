"""TOML as nodes with byte positions, for the readers whose files are written in it.

The standard library reads TOML without positions and gives up at the first fault; this reader keeps
both the places and the rest of the file.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pooltlint.model.finding import Problem
from pooltlint.outline.nodes import Comment
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq

MOST_BYTES = 2_000_000
"""Larger files are not read here."""

MOST_LEVELS = 50
"""Deeper nesting of brackets is not read."""

_BLANK = re.compile(rb"[ \t]*")
_SPACE = re.compile(rb"(?:[ \t\r\n]+|#[^\n]*)*")
_LINE = re.compile(rb"[^\n]*\n?")
_BARE = re.compile(rb"[A-Za-z0-9_-]+")
_PLAIN = re.compile(rb"[^\s,\[\]{}#=\"']+(?: \d\d:[\d:.Z+-]+)?")
_LONG = re.compile(rb'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}', re.DOTALL)
_SHORT = re.compile(rb'"(?:[^"\\\r\n]|\\.)*"|\'[^\'\r\n]*\'')
_COMMENT = re.compile(_LONG.pattern + rb"|\"(?:[^\"\\\r\n]|\\.)*\"?|'[^'\r\n]*'?|#([^\r\n]*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[ \t]*\r?\n\s*|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class _WrongError(Exception):
    """The file breaks the grammar at the byte ``at``."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at


class Table(Struct):
    """A table while it is being read: pairs by key, and where it began."""

    pairs: dict[str, tuple[Scalar, Node | Table | list[Table]]]
    start: int
    end: int


def parse(path: str, data: bytes) -> tuple[Map, list[Problem], tuple[Comment, ...]]:
    """The document, what is wrong with it, and comments that hold ``pooltlint``.

    A line that breaks the grammar becomes a problem, and reading goes on behind it. Tables are in the
    order of their first mention; of a key given twice the first holds. Never raises; spans are byte
    offsets, those of texts with their quotes; a table's span runs from its header to its last value.
    """
    root = Table({}, 0, 0)
    if len(data) > MOST_BYTES:
        return _frozen(root), [Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes")], ()
    problems: list[Problem] = []
    current, at, size = root, 3 if data.startswith(b"\xef\xbb\xbf") else 0, len(data)
    while True:
        at = _space(data, at)
        if at >= size:
            break
        begin = at
        try:
            if data[at] == 91:  # "["
                current, at = _header(root, data, at)
            else:
                at = _pair(current, data, at)
            at = _rest(data, at)
        except _WrongError as error:
            if len(problems) < 20:
                problems.append(Problem(path, data.count(b"\n", 0, error.at) + 1, f"not valid TOML: {error}"))
            at = max(_line(data, max(begin, min(error.at, size))), begin + 1)
    return _frozen(root), problems, _comments(data)


def _space(data: bytes, at: int) -> int:
    found = _SPACE.match(data, at)
    return found.end() if found else at


def _blank(data: bytes, at: int) -> int:
    found = _BLANK.match(data, at)
    return found.end() if found else at


def _line(data: bytes, at: int) -> int:
    found = _LINE.match(data, at)
    return found.end() if found else len(data)


def _rest(data: bytes, at: int) -> int:
    """The start of the next line; only blanks and a comment may stand in between."""
    at = _blank(data, at)
    if at < len(data) and data[at] not in b"#\r\n":
        raise _WrongError(at, "something stands behind the value")
    return _line(data, at)


def _header(root: Table, data: bytes, at: int) -> tuple[Table, int]:
    many = data.startswith(b"[[", at)
    start, close = at, b"]]" if many else b"]"
    keys, at = _keys(data, at + len(close))
    if not data.startswith(close, at):
        raise _WrongError(at, "a table header that does not close")
    end = at + len(close)
    owner = root
    for key in keys[:-1]:
        owner = _below(owner, key, start)
    last = keys[-1]
    if not many:
        return _below(owner, last, start), end
    kept = owner.pairs.setdefault(last.text, (last, []))[1]
    table = Table({}, start, end)
    if isinstance(kept, list):
        kept.append(table)
    return table, end


def _below(owner: Table, key: Scalar, start: int) -> Table:
    """The table of that key, made if need be; a table that goes nowhere when something else has the key."""
    kept = owner.pairs.setdefault(key.text, (key, Table({}, start, key.span[1])))[1]
    if isinstance(kept, list) and kept:
        return kept[-1]
    return kept if isinstance(kept, Table) else Table({}, start, start)


def _pair(owner: Table, data: bytes, at: int) -> int:
    start = at
    keys, at = _keys(data, at)
    if data[at : at + 1] != b"=":
        raise _WrongError(at, "a key without value")
    value, at = _value(data, _blank(data, at + 1), 0)
    for key in keys[:-1]:
        owner = _below(owner, key, start)
    owner.pairs.setdefault(keys[-1].text, (keys[-1], value))
    owner.end = max(owner.end, at)
    return at


def _keys(data: bytes, at: int) -> tuple[list[Scalar], int]:
    """A dotted key and the offset of what follows it."""
    keys: list[Scalar] = []
    while True:
        at = _blank(data, at)
        found = _SHORT.match(data, at) or _BARE.match(data, at)
        if not found or len(keys) >= MOST_LEVELS:
            raise _WrongError(at, "a key was expected")
        style = found[0][:1].decode() if found[0][:1] in (b'"', b"'") else ""
        keys.append(Scalar(_unquoted(found[0], 1) if style else found[0].decode(), "str", found.span(), style))
        at = _blank(data, found.end())
        if data[at : at + 1] != b".":
            return keys, at
        at += 1


def _value(data: bytes, at: int, level: int) -> tuple[Node, int]:
    if level > MOST_LEVELS:
        raise _WrongError(at, "nested too deep")
    first = data[at : at + 1]
    if first == b"[":
        return _array(data, at, level)
    if first == b"{":
        return _inline(data, at, level)
    if first in (b'"', b"'"):
        long = data.startswith((b'"""', b"'''"), at)
        found = (_LONG if long else _SHORT).match(data, at)
        if not found:
            raise _WrongError(at, "a text that does not end")
        return Scalar(_unquoted(found[0], 3 if long else 1), "str", found.span(), first.decode()), found.end()
    found = _PLAIN.match(data, at)
    if not found:
        raise _WrongError(at, "a value was expected")
    word = found[0].decode("utf-8", "replace")
    tag = "bool" if word in ("true", "false") else "int" if re.fullmatch(r"[+-]?[\d_]+", word) else "other"
    return Scalar(word, tag, found.span()), found.end()


def _array(data: bytes, at: int, level: int) -> tuple[Node, int]:
    start, items = at, []
    at = _space(data, at + 1)
    while data[at : at + 1] != b"]":
        item, at = _value(data, at, level + 1)
        items.append(item)
        at = _space(data, at)
        if data[at : at + 1] == b",":
            at = _space(data, at + 1)
        elif data[at : at + 1] != b"]":
            raise _WrongError(at, "an array that does not go on")
    return Seq(tuple(items), (start, at + 1)), at + 1


def _inline(data: bytes, at: int, level: int) -> tuple[Node, int]:
    table = Table({}, at, at)
    at = _space(data, at + 1)
    while data[at : at + 1] != b"}":
        keys, at = _keys(data, at)
        if data[at : at + 1] != b"=":
            raise _WrongError(at, "a key without value")
        value, at = _value(data, _blank(data, at + 1), level + 1)
        owner = table
        for key in keys[:-1]:
            owner = _below(owner, key, table.start)
        owner.pairs.setdefault(keys[-1].text, (keys[-1], value))
        at = _space(data, at)
        if data[at : at + 1] == b",":
            at = _space(data, at + 1)
        elif data[at : at + 1] != b"}":
            raise _WrongError(at, "an inline table that does not go on")
    table.end = at + 1
    return _frozen(table), at + 1


def _unquoted(data: bytes, quotes: int) -> str:
    text = data[quotes:-quotes].decode("utf-8", "replace")
    if quotes == 3:
        text = text.removeprefix("\r\n") if text.startswith("\r") else text.removeprefix("\n")
    return _ESCAPE.sub(_character, text) if data[:1] == b'"' and "\\" in text else text


def _character(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    return _ESCAPES.get(found[3], found[3]) if found[3] else ""


def _frozen(table: Table) -> Map:
    pairs: list[tuple[Node, Node]] = []
    for key, value in table.pairs.values():
        node: Node
        if isinstance(value, Table):
            node = _frozen(value)
        elif isinstance(value, list):
            rows = tuple(_frozen(each) for each in value)
            node = Seq(rows, (rows[0].span[0], rows[-1].span[1]))
        else:
            node = value
        pairs.append((key, node))
        table.end = max(table.end, node.span[1])
    return Map(tuple(pairs), (table.start, max(table.start, table.end)))


def _comments(data: bytes) -> tuple[Comment, ...]:
    if b"pooltlint" not in data:
        return ()
    return tuple(
        Comment(data[found.start(1) : found.end(1)].decode("utf-8", "replace").strip(), found.span())
        for found in _COMMENT.finditer(data)
        if found[1] and b"pooltlint" in found[1]
    )
