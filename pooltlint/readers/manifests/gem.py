"""RubyGems: Gemfile and Gemfile.lock. No Ruby is run."""

from __future__ import annotations

import re

from pooltlint.model.facts import Dependency, Manifest
from pooltlint.model.source import line_starts, place
from pooltlint.outline.nodes import Comment

_GEM = re.compile(
    rb"gem[ \t(]+(?P<quote>['\"])(?P<name>[A-Za-z0-9._-]+)(?P=quote)"
    rb"(?P<rest>(?:[^\n#\\]|\\\r?\n|(?<=,)[ \t]*\r?\n){0,400})"
)
_VERSION = re.compile(rb"\A\s*,\s*(?:\[\s*)?(['\"])(\s*(?:[~<>=!]+\s*)?\d[^'\"]*)\1")
_GROUPED = re.compile(rb"group(?:s)?:\s*(\[[^\]]*\]|:\w+|['\"]\w+['\"])|:groups?\s*=>\s*(\[[^\]]*\]|:\w+)")
_LINE = re.compile(rb"(?m)^[ \t]*(?P<word>[a-z_]+)\b(?P<rest>[^\n]*)")
_LATE = frozenset({b"development", b"test", b"ci", b"lint", b"docs", b"doc"})
_LOCKED = re.compile(rb"(?m)^    ([A-Za-z0-9._-]+) \(([^)\s]+)\)")
_OPENS = frozenset({b"if", b"unless", b"case", b"while", b"begin", b"def"})


def read_gemfile(path: str, data: bytes) -> Manifest:
    """A ``Gemfile``. ``wanted`` joins several requirements with a comma; ``at`` runs from ``gem`` to the last of them.

    ``development`` where a ``group`` (block or option) names nothing but development, test and their like.
    """
    starts = line_starts(data)
    kept: list[Dependency] = []
    blocks: list[bool] = []  # one for each open block: is it a development group?
    for line in _LINE.finditer(data):
        word, rest = line["word"], re.sub(rb"#[^{].*", b"", line["rest"])
        if word == b"end":
            blocks = blocks[:-1]
        elif word == b"gem":
            found = _GEM.match(data, line.start("word"))
            if not found:
                continue
            wanted, end = [], found.end("quote") + len(found["name"]) + 1
            tail, offset = found["rest"], found.start("rest")
            while version := _VERSION.match(tail):
                wanted.append(version[2].decode("utf-8", "replace").strip())
                end = offset + version.end()
                tail, offset = tail[version.end() :], end
            grouped = _GROUPED.search(found["rest"])
            late = any(blocks) or bool(grouped and _is_late(grouped[1] or grouped[2]))
            at = place(path, starts, (found.start(), end))
            kept.append(Dependency("gem", found["name"].decode(), at, ", ".join(wanted), development=late))
        elif rest.rstrip().endswith(b"do") or re.search(rb"\bdo\s*\|[^|]*\|\s*$", rest):
            blocks.append(word == b"group" and _is_late(rest))
        elif word in _OPENS:
            blocks.append(False)
    return Manifest(path, "gem", tuple(kept), comments=_comments(data), lines=starts)


def _is_late(text: bytes) -> bool:
    names = set(re.findall(rb"[:'\"](\w+)", text))
    return bool(names) and names <= _LATE


def read_gemfile_lock(path: str, data: bytes, known: frozenset[str] | None = None) -> Manifest:
    """A ``Gemfile.lock``: gems of every source, once each, without platform. ``at`` is the line's text."""
    starts = line_starts(data)
    kept: dict[tuple[str, str], Dependency] = {}
    for found in _LOCKED.finditer(data):
        name = found[1].decode()
        if known is not None and name not in known:
            continue
        version = re.sub(r"-(?!\d+$).*", "", found[2].decode("utf-8", "replace"))
        kept.setdefault(
            (name, version),
            Dependency("gem", name, place(path, starts, (found.start() + 4, found.end())), locked=version),
        )
    return Manifest(path, "gem", tuple(kept.values()), lock=True, lines=starts)


def _comments(data: bytes) -> tuple[Comment, ...]:
    if b"pooltlint" not in data:
        return ()
    return tuple(
        Comment(found[1].decode("utf-8", "replace").strip(), found.span())
        for found in re.finditer(rb"(?m)(?:^|(?<=\s))#([^\r\n{][^\r\n]*)", data)
        if b"pooltlint" in found[1]
    )
