"""INI as entries with byte positions, for the readers whose files are written in one of its dialects."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from pooltlint.model.finding import Problem
from pooltlint.model.source import Span
from pooltlint.outline.nodes import Comment

MOST_BYTES = 1_000_000
"""Larger files are not read here."""

_HEADER = re.compile(rb"[ \t]*\[([^\]\r\n]*)\][ \t]*(?:[#;].*)?")
_PAIR = re.compile(rb"([^=:\s\[#;][^=:]*?)[ \t]*[=:][ \t]*(.*?)[ \t]*")


class Entry(Struct, frozen=True):
    """One ``name = value``: its section, and where name, value and the section's header stand."""

    section: str
    name: str
    text: str
    span: Span
    name_at: Span
    header: Span


def entries(
    path: str, data: bytes, *, backslash: bool = False
) -> tuple[list[Entry], list[Problem], tuple[Comment, ...]]:
    """The entries in file order, lines that are none as problems, and comments that hold ``pooltlint``.

    A value goes on over lines that are indented; with ``backslash`` over those that follow one instead. A text
    that goes on is joined by blanks. Never raises.
    """
    if len(data) > MOST_BYTES:
        return [], [Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes")], ()
    found: list[Entry] = []
    problems: list[Problem] = []
    comments: list[Comment] = []
    section, header, goes_on = "", (0, 0), False
    for number, start, line in _lines(data):
        bare = line.strip()
        if goes_on or (not backslash and found and bare and line[:1] in b" \t" and not bare.startswith((b"#", b";"))):
            last = found[-1]
            more = bare.removesuffix(b"\\").rstrip() if backslash else bare
            end = start + len(line.rstrip())
            found[-1] = Entry(last.section, last.name, f"{last.text} {_text(more)}".strip(), (last.span[0], end), last.name_at, last.header)  # fmt: skip
            goes_on = backslash and bare.endswith(b"\\")
            continue
        if not bare or bare.startswith((b"#", b";")):
            if b"pooltlint" in bare:
                at = start + line.find(bare)
                comments.append(Comment(_text(bare[1:]).strip(), (at, at + len(bare))))
            continue
        opened, pair = _HEADER.fullmatch(line), _PAIR.fullmatch(line.strip(b"\xef\xbb\xbf"))
        if opened:
            section, header = _text(opened[1]).strip(), (start + opened.start(1), start + opened.end(1))
        elif pair:
            value = pair[2].removesuffix(b"\\").rstrip() if backslash else pair[2]
            at = start + pair.start(2)
            found.append(Entry(section, _text(pair[1]).strip(), _text(value), (at, at + len(value)), (start + pair.start(1), start + pair.end(1)), header))  # fmt: skip
            goes_on = backslash and pair[2].endswith(b"\\")
        elif len(problems) < 20:
            problems.append(Problem(path, number, "neither a section nor a name with a value"))
    return found, problems, tuple(comments)


def _lines(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        yield number, at, line.removesuffix(b"\r")
        at += len(line) + 1


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
