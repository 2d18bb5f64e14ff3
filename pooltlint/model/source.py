"""Where something stands in a file."""

from bisect import bisect_right

from msgspec import Struct

Span = tuple[int, int]
"""Half-open range of byte offsets into one file: ``(start, end)``."""


class Place(Struct, frozen=True, order=True, array_like=True, gc=False):
    """A region of one file.

    ``path`` is relative to the audited root and uses ``/``. ``start`` and ``end`` are byte
    offsets (half-open), ``line`` and ``end_line`` are 1-based. Columns are not kept: the
    reporters compute the kind they need from the file's own bytes.
    """

    path: str
    start: int
    end: int
    line: int
    end_line: int


def line_starts(data: bytes) -> list[int]:
    """Byte offset of the first byte of every line; ``\\n``, ``\\r\\n`` and a lone ``\\r`` end lines."""
    starts = [0]
    find = data.find
    if b"\r" not in data:
        at = find(b"\n")
        while at >= 0:
            starts.append(at + 1)
            at = find(b"\n", at + 1)
        return starts
    size = len(data)
    for at, byte in enumerate(data):
        if byte == 10 or (byte == 13 and not (at + 1 < size and data[at + 1] == 10)):
            starts.append(at + 1)
    return starts


def place(path: str, starts: list[int], span: Span) -> Place:
    """The place of a byte span, given the file's ``line_starts``."""
    start, end = span
    return Place(path, start, end, bisect_right(starts, start), bisect_right(starts, max(start, end - 1)))
