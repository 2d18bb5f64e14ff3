"""The audited files as reporters see them: lines without their secrets, and columns in the unit asked for."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

from pooltlint.model.source import Place, Span, line_starts
from pooltlint.model.url import MASK
from pooltlint.redaction import blocks, covered, merged, neutral, secrets

LIMIT = 8 * 1024 * 1024
"""Bytes beyond which a file is not opened again for a report."""

_NEAR = 4_000
"""Characters on either side of a region that are looked at in a line too long to be written by hand."""

_BOM = b"\xef\xbb\xbf"


class _Text(Struct, frozen=True):
    """One file: its bytes, its line starts, and the byte spans that are secret because of their surroundings."""

    data: bytes
    starts: list[int]
    hidden: list[Span]


class Shown(Struct, frozen=True):
    """One line as it may be printed, and where a region stands in it: code point offsets, half-open, from 0."""

    text: str
    start: int = 0
    end: int = 0


class Sources:
    """Files below one root, read when first asked for and kept; ``given`` stands in for files (standard input).

    Paths are those of :class:`~pooltlint.model.source.Place`. What is missing, too big, not a plain
    file or lies outside the root (through a link or ``..``) reads as empty: nothing here raises.
    """

    def __init__(self, root: Path, given: Mapping[str, bytes] | None = None) -> None:
        """``root``: the audited folder. ``given``: bytes by path, used instead of what the disk holds."""
        self._root = os.path.realpath(root)
        self._given = dict(given or {})
        self._texts: dict[str, _Text] = {}
        self._spans: dict[tuple[str, int, int], list[Span]] = {}

    def data(self, path: str) -> bytes:
        """The file's bytes, ``b""`` when it cannot be had."""
        return self._text(path).data

    def line(self, path: str, number: int) -> str:
        """The 1-based line without its end, secrets masked and tricks neutralised; ``""`` when there is none."""
        return self._shown(path, number, 0, 0).text

    def shown(self, at: Place, number: int) -> Shown:
        """The 1-based line as :meth:`line` gives it, with the part of it that belongs to ``at``."""
        return self._shown(at.path, number, at.start, at.end)

    def columns(self, at: Place) -> tuple[int, int]:
        """First column and the column after the last, 1-based, in code points; a byte order mark counts nothing."""
        first, last = self._within(at)
        return len(first) + 1, len(last) + 1

    def utf16_columns(self, at: Place) -> tuple[int, int]:
        """As :meth:`columns`, in UTF-16 code units: what SARIF consumers and editors count."""
        first, last = self._within(at)
        return _units(first) + 1, _units(last) + 1

    def confidential(self, path: str, number: int, characters: int) -> bool:
        """Whether any line that the next ``characters`` visible ones from this line on touch holds a secret."""
        text = self._text(path)
        while characters > 0 and 0 < number <= len(text.starts):
            if self._hidden(text, path, *_bounds(text, number)):
                return True
            characters -= len("".join(_decoded(text, *_bounds(text, number)).split())) + 1
            number += 1
        return False

    def harmless(self, path: str, text: str) -> bool:
        """Whether a text meant for this file holds nothing that :meth:`line` would mask."""
        extension = _extension(path)
        return not blocks(text) and not any(secrets(line, extension) for line in text.splitlines())

    def _text(self, path: str) -> _Text:
        found = self._texts.get(path)
        if found is None:
            data = self._given[path] if path in self._given else _read(self._root, path)
            # Latin-1 makes one character of each byte: the spans come out in bytes.
            found = self._texts[path] = _Text(data, line_starts(data), blocks(data.decode("latin-1")))
        return found

    def _within(self, at: Place) -> tuple[str, str]:
        """What stands before the region on its first line and before its end on its last line."""
        text = self._text(at.path)
        before = []
        for number, offset in ((at.line, at.start), (at.end_line, at.end)):
            start, end = _bounds(text, number)
            before.append(_decoded(text, start, min(max(offset, start), end)))
        return before[0], before[1]

    def _shown(self, path: str, number: int, region_start: int, region_end: int) -> Shown:
        text = self._text(path)
        start, end = _bounds(text, number)
        if end - start > 2 * _NEAR:
            middle = min(max(region_start, start), end)
            start, end = max(start, middle - _NEAR), min(end, middle + _NEAR)
        raw = _decoded(text, start, end)
        first = len(_decoded(text, start, min(max(region_start, start), end)))
        last = len(_decoded(text, start, min(max(region_end, start), end)))
        spans = self._hidden(text, path, start, end)
        return Shown(neutral(covered(raw, spans)), _moved(first, spans, after=False), _moved(last, spans, after=True))

    def _hidden(self, text: _Text, path: str, start: int, end: int) -> list[Span]:
        """Code point spans of the secrets between two byte offsets on one line."""
        known = self._spans.get((path, start, end))
        if known is not None:
            return known
        spans = secrets(_decoded(text, start, end), _extension(path))
        for block_start, block_end in text.hidden:
            if block_start < end and block_end > start:
                first = len(_decoded(text, start, max(block_start, start)))
                spans.append((first, len(_decoded(text, start, min(block_end, end)))))
        self._spans[path, start, end] = spans = merged(spans)
        return spans


def _read(root: str, path: str) -> bytes:
    try:
        real = os.path.realpath(os.path.join(root, path))
        if os.path.commonpath((root, real)) != root:
            return b""
        found = os.stat(real)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LIMIT:
            return b""
        with open(real, "rb") as file:
            return file.read(LIMIT)
    except (OSError, ValueError):
        return b""


def _bounds(text: _Text, number: int) -> Span:
    """Byte offsets of a 1-based line without its end; an empty span at the end when there is no such line."""
    if not 0 < number <= len(text.starts):
        return len(text.data), len(text.data)
    start = text.starts[number - 1]
    end = text.starts[number] if number < len(text.starts) else len(text.data)
    while end > start and text.data[end - 1] in b"\r\n":
        end -= 1
    return start, end


def _decoded(text: _Text, start: int, end: int) -> str:
    if start == 0 and text.data.startswith(_BOM):
        start = min(3, end)
    return text.data[start:end].decode("utf-8", "replace")


def _moved(index: int, spans: list[Span], *, after: bool) -> int:
    """Where a position lands once every span is replaced by the mask; inside one, before or after the mask."""
    shift = 0
    for start, end in spans:
        if index <= start:
            break
        if index < end:
            return start + shift + (len(MASK) if after else 0)
        shift += len(MASK) - (end - start)
    return index + shift


def _extension(path: str) -> str:
    return PurePosixPath(path).suffix[1:].lower()


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
