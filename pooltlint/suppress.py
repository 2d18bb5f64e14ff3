"""What the project itself has judged: comments and settings that hush findings, with their reasons."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from pooltlint.gitignore import Patterns
from pooltlint.model.facts import Facts
from pooltlint.model.finding import Hushed, Problem, Verdict
from pooltlint.rulebook import Rulebook
from pooltlint.settings import Settings, chosen
from pooltlint.sources import Sources
from pooltlint.usage import meant

_DIRECTIVE = re.compile(r"\bpooltlint:\s*([A-Za-z][\w-]*)\s*(?:\[([^\]\n]*)(\])?)?[ \t:-]*([^\n]*)")
_WORDS = ("ignore", "ignore-next-line", "ignore-file")
_OPENERS = re.compile(rb"^[ \t]*(?:#|//|/\*+|\{/\*|\*|;|--|<!--|<%#|\"\"\"|''')?[ \t*#/!;-]*$")
_COMMENT_LINE = re.compile(rb"^[ \t]*(?:#|//|/\*|\*|;|--|\{/\*|<!--)")
_CLOSERS = re.compile(r"\s*(?:\*+/\}?|-->|%>)\s*$")


class Told(Struct, frozen=True):
    """What is left to show, what was hushed and by what, and what is wrong with the comments."""

    verdicts: tuple[Verdict, ...]
    hushed: tuple[Hushed, ...]
    problems: tuple[Problem, ...]


class _Comment(Struct, frozen=True):
    """One comment of ours. ``lines``: those it holds for; empty for the whole file."""

    path: str
    line: int
    lines: frozenset[int]
    rules: tuple[str, ...]
    reason: str

    @property
    def name(self) -> str:
        return f"comment in {self.path}:{self.line}"


def suppress(
    verdicts: Sequence[Verdict],
    facts: Sequence[Facts],
    settings: Settings,
    book: Rulebook,
    sources: Sources,
    ran: Collection[str],
    *,
    whole: bool = True,
) -> Told:
    """Sort out the findings that a comment or ``per-path-ignores`` hushes.

    A comment on the line of any place of a finding's chain hushes it; ``ignore-file`` only where the
    finding itself stands. Comments without rules, with unknown rules, or (in a ``whole`` run, for rules
    that ``ran``) without anything to hush become problems.
    """
    problems: list[Problem] = []
    comments = [
        each for file in facts if file.comments for each in _comments(file, sources.data(file.path), book, problems)
    ]
    by_line: dict[tuple[str, int], list[_Comment]] = {}
    by_file: dict[str, list[_Comment]] = {}
    for comment in comments:
        for line in comment.lines:
            by_line.setdefault((comment.path, line), []).append(comment)
        if not comment.lines:
            by_file.setdefault(comment.path, []).append(comment)
    tags = {name: (lambda name=name: book.rule(name).tags) for name in book.names}
    per_path = [
        (pattern, Patterns([pattern]), chosen(rules, tags)) for pattern, rules in settings.per_path_ignores.items()
    ]

    kept: list[Verdict] = []
    hushed: list[Hushed] = []
    used: set[tuple[_Comment, str]] = set()
    for verdict in verdicts:
        at = verdict.finding.at
        found = [each for each in by_file.get(at.path, ()) if verdict.rule in each.rules]
        for path, line in _lines(verdict):
            found += [each for each in by_line.get((path, line), ()) if verdict.rule in each.rules]
        used.update((each, verdict.rule) for each in found)
        setting = next(
            (pattern for pattern, paths, rules in per_path if verdict.rule in rules and paths.covers(at.path)), None
        )
        if found:
            hushed.append(Hushed(verdict, found[0].name, found[0].reason))
        elif setting is not None:
            hushed.append(Hushed(verdict, f"per-path-ignores {setting!r} in {settings.path}"))
        else:
            kept.append(verdict)
    if whole:
        for comment in comments:
            for rule in comment.rules:
                if rule in ran and (comment, rule) not in used:
                    problems += [Problem(comment.path, comment.line, f"nothing to ignore: {rule} finds nothing here")]
    return Told(tuple(kept), tuple(hushed), tuple(sorted(set(problems))))


def _lines(verdict: Verdict) -> Iterator[tuple[str, int]]:
    """The first and last line of every place of a finding's chain."""
    for place in (verdict.finding.at, *(note.at for note in verdict.finding.because)):
        if place is not None:
            yield place.path, place.line
            if place.end_line != place.line:
                yield place.path, place.end_line


def _comments(file: Facts, data: bytes, book: Rulebook, problems: list[Problem]) -> Iterator[_Comment]:
    for comment in file.comments:
        line = bisect_right(file.lines, comment.span[0])
        for found in _DIRECTIVE.finditer(comment.text):
            at = line + comment.text.count("\n", 0, found.start())
            word, listed, closed, rest = found.groups()
            if word not in _WORDS:
                if listed is not None or meant(word, _WORDS).startswith(" Did"):
                    problems.append(
                        Problem(file.path, at, f"'pooltlint: {word}' is no comment of pooltlint.{meant(word, _WORDS)}")
                    )
                continue
            if listed is None or not closed or not listed.strip():
                problems.append(
                    Problem(file.path, at, f"'pooltlint: {word}' names no rule: write 'pooltlint: {word}[rule] reason'")
                )
                continue
            rules = [each.strip() for each in listed.split(",") if each.strip()]
            problems += [
                Problem(file.path, at, f"there is no rule {rule!r}.{meant(rule, book.names)}")
                for rule in rules
                if rule not in book
            ]
            known = tuple(dict.fromkeys(rule for rule in rules if rule in book))
            lines = frozenset[int]()
            if word != "ignore-file":
                here = at + (word == "ignore-next-line")
                alone = word == "ignore" and _alone(data, file.lines, line, comment.span[0])
                following = (
                    _next_code(data, file.lines, line, comment.span[1]) if alone or word == "ignore-next-line" else here
                )
                lines = frozenset((here, following))
            yield _Comment(file.path, at, lines, known, _CLOSERS.sub("", rest).strip())


def _alone(data: bytes, starts: list[int], line: int, offset: int) -> bool:
    """Does nothing but the comment's own marks stand before it on its line?"""
    return bool(_OPENERS.match(data[starts[line - 1] : offset]))


def _next_code(data: bytes, starts: list[int], line: int, end: int) -> int:
    """The first line after the comment that is neither blank nor a comment; the comment's own when there is none."""
    number = bisect_right(starts, max(end - 1, 0)) + 1
    while number <= len(starts):
        stop = starts[number] if number < len(starts) else len(data)
        text = data[starts[number - 1] : stop]
        if text.strip() and not _COMMENT_LINE.match(text):
            return number
        number += 1
    return line
