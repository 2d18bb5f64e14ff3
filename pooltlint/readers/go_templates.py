"""Go templates (Helm) made readable as the YAML around them, byte for byte in the same places."""

from __future__ import annotations

import re

_ACTION = re.compile(
    rb"\{\{-?[ \t]*/\*.*?\*/[ \t]*-?\}\}|\{\{(?:\"(?:[^\"\\\n]|\\.)*\"|`[^`]*`|[^\"`}]|\}(?!\}))*?\}\}", re.DOTALL
)
_OPENS = re.compile(rb"\{\{-?\s*(?:if|with|range|define|block)\b")
_ELSE = re.compile(rb"\{\{-?\s*else\b")
_ENDS = re.compile(rb"\{\{-?\s*end\b")
_OPENING, _CLOSING = "\u02c2".encode(), "\u02c3".encode()
_UNSAFE = re.compile(rb"[^\w.$ ]")
_WRITTEN = re.compile(rb"[^\r\n]")


def without(data: bytes, *, alternatives: bool = True) -> bytes:
    """The same number of bytes, with the same lines, and no template action in the way of a YAML parser.

    Lines that hold nothing but actions (``{{- if … }}``, ``{{ toYaml … }}``) become blank or a comment, an action that
    makes lines of its own (``nindent``) becomes blank. Any other becomes a word between two characters that
    :func:`restored` turns back into ``{{`` and ``}}``.
    Without ``alternatives``, what stands behind an ``{{ else }}`` becomes blank as well.
    """
    if b"{{" not in data:
        return data
    found = bytearray(data)
    lines: list[tuple[int, int]] = []
    for each in _ACTION.finditer(data):
        start, end = each.span()
        first = data.rfind(b"\n", 0, start) + 1
        last = data.find(b"\n", end)
        last = len(data) if last < 0 else last
        alone = not _ACTION.sub(b"", data[first:last]).strip()
        if alone or b"\n" in each[0] or b"nindent" in each[0]:
            found[start:end] = _WRITTEN.sub(b" ", each[0])
            lines += [(first, last)] if alone else []
        else:
            found[start:end] = _OPENING + _UNSAFE.sub(b"_", each[0][2:-2]) + _CLOSING
    for start, end in () if alternatives else _alternatives(data):
        found[start:end] = _WRITTEN.sub(b" ", bytes(found[start:end]))
    for first, last in reversed(dict.fromkeys(lines)):
        _unindent(found, first, last)
    return bytes(found)


def restored(text: str) -> str:
    """The text of a value with its actions marked as such again."""
    return text.replace("\u02c2", "{{").replace("\u02c3", "}}") if "\u02c2" in text else text


def _alternatives(data: bytes) -> list[tuple[int, int]]:
    """From every ``{{ else }}`` to the ``{{ end }}`` that belongs to it."""
    spans: list[tuple[int, int]] = []
    opened: list[int] = []
    for each in _ACTION.finditer(data):
        if _OPENS.match(each[0]):
            opened.append(-1)
        elif _ELSE.match(each[0]) and opened and opened[-1] < 0:
            opened[-1] = each.end()
        elif _ENDS.match(each[0]) and opened:
            start = opened.pop()
            if start >= 0:
                spans.append((start, each.start()))
    return spans


def _unindent(found: bytearray, first: int, last: int) -> None:
    """A blank line longer than the indentation of what follows would break a block scalar: a comment does not."""
    following = re.compile(rb"\n([ ]*)(?=[^\s])").search(found, last)
    if following is None:
        return
    column = following.end() - following.start() - 1
    line = found[first:last].rstrip(b"\r")
    if not line.strip() and len(line) > column:
        found[first + column] = ord("#")
