"""Patterns of paths as git writes them: ``.gitignore`` files, ``exclude`` lists and per-path settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# fmt: off
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": " \\t", "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z", "print": " -~", "punct": "!-/:-@\\[-`{-~", "space": "\\s", "upper": "A-Z", "xdigit": "0-9a-fA-F",
}
# fmt: on
_GLOB = re.compile(r"[*?\[\\]")
_MOST_PATTERNS = 5_000
_LONGEST = 4_096


class Patterns:
    """A list of patterns relative to one folder; the last one that matches decides.

    Most patterns are a plain name, a plain path or ``*.suffix``: those are looked up, so that only
    the rest costs a regular expression per path.
    """

    __slots__ = ("_any_name", "_any_path", "_names", "_negated", "_only_folders", "_paths", "_rest", "_suffixes")

    def __init__(self, lines: Iterable[str]) -> None:
        """``lines``: as in a ``.gitignore``. What git would not understand is passed over."""
        self._negated: list[bool] = []
        self._only_folders: list[bool] = []
        self._names: dict[str, list[int]] = {}
        self._suffixes: dict[str, list[int]] = {}
        self._paths: dict[str, list[int]] = {}
        self._rest: list[tuple[int, bool, Callable[[str], object]]] = []
        sources: dict[bool, list[str]] = {True: [], False: []}
        for line in lines:
            if len(self._negated) >= _MOST_PATTERNS:
                break
            self._add(line, sources)
        # Most paths match none of the rest: one expression for all of them finds that out.
        self._any_path, self._any_name = (_either(sources[whole]) for whole in (True, False))

    def __bool__(self) -> bool:
        """Is there any pattern?"""
        return bool(self._negated)

    def verdict(self, path: str, folder: bool = False) -> bool | None:
        """Is this path ignored (``True``), taken back (``False``) or not mentioned (``None``)?

        ``path`` is relative to the patterns' folder. Its parent folders are not asked: see :meth:`covers`.
        """
        name = path.rpartition("/")[2]
        best = self._last(self._names.get(name), folder)
        best = max(best, self._last(self._paths.get(path), folder))
        if self._suffixes:
            dot = name.find(".")
            while dot >= 0:
                best = max(best, self._last(self._suffixes.get(name[dot:]), folder))
                dot = name.find(".", dot + 1)
        if self._rest and (self._any_path(path) or self._any_name(name)):
            for at, whole, match in self._rest:
                if at < best:
                    break
                if (folder or not self._only_folders[at]) and match(path if whole else name):
                    best = at
                    break
        return None if best < 0 else not self._negated[best]

    def covers(self, path: str, folder: bool = False) -> bool:
        """Is this path, or any folder it stands in, ignored? What is inside an ignored folder cannot be taken back."""
        at = path.find("/")
        while at >= 0:
            if self.verdict(path[:at], folder=True):
                return True
            at = path.find("/", at + 1)
        return bool(self.verdict(path, folder))

    def _last(self, found: list[int] | None, folder: bool) -> int:
        if found:
            for at in reversed(found):
                if folder or not self._only_folders[at]:
                    return at
        return -1

    def _add(self, line: str, sources: dict[bool, list[str]]) -> None:
        """One line of a ``.gitignore`` (gitignore(5), "PATTERN FORMAT")."""
        pattern = re.sub(r"(?<!\\)((?:\\\\)*)[ ]+$", r"\1", line.rstrip("\r\n"))
        if not pattern or pattern.startswith("#"):
            return
        negated = pattern.startswith("!")
        pattern = pattern[negated:]
        only_folders = pattern.endswith("/")
        pattern = pattern[:-1] if only_folders else pattern
        anchored = "/" in pattern
        pattern = pattern.removeprefix("/")
        if not pattern or len(pattern) > _LONGEST:
            return
        at = len(self._negated)
        if not _GLOB.search(pattern):
            (self._paths if anchored else self._names).setdefault(pattern, []).append(at)
        elif pattern.startswith("**/") and not _GLOB.search(pattern[3:]) and "/" not in pattern[3:]:
            self._names.setdefault(pattern[3:], []).append(at)
        elif not anchored and pattern.startswith("*.") and not _GLOB.search(pattern[1:]):
            self._suffixes.setdefault(pattern[1:], []).append(at)
        else:
            source = translated(pattern)
            try:
                self._rest.insert(0, (at, anchored, re.compile(source).fullmatch))
            except re.error:
                return
            sources[anchored].append(source)
        self._negated.append(negated)
        self._only_folders.append(only_folders)


def _either(sources: list[str]) -> Callable[[str], object]:
    return re.compile("|".join(f"(?:{each})" for each in sources)).fullmatch if sources else lambda text: None


def translated(pattern: str) -> str:
    """A regular expression for one pattern without its outer slashes (git's wildmatch with WM_PATHNAME).

    What stands between two stars is taken at its first occurrence and never looked for again: where a
    star follows, a later occurrence could match no more. So matching takes no exponential time.
    """
    pieces = [""]  # what stands between the "**/"
    chunks = [""]  # what stands between the stars of one path segment
    at, size = 0, len(pattern)
    # git compares what stands before the first wildcard by itself, so "**" right behind it counts as leading (dir.c).
    special = _GLOB.search(pattern)
    plain = special.start() if special else size
    while at < size:
        char = pattern[at]
        if char == "*":
            end = at
            while end < size and pattern[end] == "*":
                end += 1
            whole = (
                end - at == 2 and (at in (0, plain) or pattern[at - 1] == "/") and pattern[end : end + 1] in ("", "/")
            )
            if whole:
                pieces[-1] += _stars(chunks, "[^/]*")
                chunks = [""]
                if end == size:
                    pieces[-1] += "(?s:.+)"
                else:
                    end += 1
                    pieces.append("")
            else:
                chunks.append("")
            at = end
        elif char == "[":
            text, at = _bracket(pattern, at)
            chunks[-1] += text
        elif char == "/":
            pieces[-1] += _stars(chunks, "[^/]*") + "/"
            chunks = [""]
            at += 1
        else:
            at += char == "\\" and at + 1 < size
            chunks[-1] += "[^/]" if char == "?" else re.escape(pattern[at])
            at += 1
    pieces[-1] += _stars(chunks, "[^/]*")
    return _stars(pieces, "(?:[^/]*/)*")


def _stars(chunks: list[str], star: str) -> str:
    """Chunks with something repeated between them."""
    if len(chunks) == 1:
        return chunks[0]
    first, *middle, last = chunks
    return first + "".join(f"(?>{star}?{each})" for each in middle if each) + star + last


def _bracket(pattern: str, start: int) -> tuple[str, int]:
    """A ``[…]`` class that begins at ``start``, and where it ends; an unclosed one matches nothing, as in git."""
    at = start + 1
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    parts: list[str] = []
    first = at
    while at < len(pattern):
        char = pattern[at]
        if char == "]" and at > first:
            body = "".join(parts)
            return (f"[^/{body}]" if negated else f"(?!/)[{body}]"), at + 1
        named = re.match(r"\[:(\w+):\]", pattern[at:])
        if named:
            parts.append(_CLASSES.get(named[1], ""))
            at += named.end()
        elif char == "-" and at > first and pattern[at + 1 : at + 2] not in ("", "]"):
            parts.append("-")
            at += 1
        else:
            at += char == "\\"
            parts.append(re.escape(pattern[at : at + 1]))
            at += 1
    return "(?!)", len(pattern)
