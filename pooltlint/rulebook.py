"""The rule book: one page per rule, which is its metadata, its documentation and its test."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from pooltlint.model.finding import Certainty, Severity

HEADINGS = ("What it finds", "Why it hurts", "Bad", "Good", "How to fix it", "When to ignore it", "References")
"""The ``##`` headings of a page, all of them, in this order."""

DOCS = ""
"""Address under which the pages can be read, ending in a slash; empty as long as there is none."""

FINDING, CHAIN = "◀", "◁"
"""What ends a line of a Bad case: the finding's line, a line of its chain. A rule's name may follow."""

DOCS = ""
"""Where the pages are published, ending in ``/``; reports link to rules only once this is set."""

_FENCE = re.compile(r"^(?P<marks>`{3,}|~{3,})")
_PATH = re.compile(r"^`([^`\s]+)`:?$")
_MARK = re.compile(
    rf"[ \t]*[{FINDING}{CHAIN}](?:[ \t]+[a-z0-9-]+)?(?:[ \t]*[{FINDING}{CHAIN}](?:[ \t]+[a-z0-9-]+)?)*[ \t]*$"
)
_ONE_MARK = re.compile(rf"([{FINDING}{CHAIN}])(?:[ \t]+([a-z0-9-]+))?")


class PageError(Exception):
    """A page of the rule book is not written as pages are; the message says which and what."""


class Reference(Struct, frozen=True):
    """Where more is written about a rule."""

    title: str
    url: str


class Rule(Struct, frozen=True):
    """What a page's front matter says.

    ``certainty``: the highest that the rule may claim. ``reach``: languages, empty for all.
    """

    name: str
    severity: Severity
    certainty: Certainty
    tags: tuple[str, ...]
    since: str
    references: tuple[Reference, ...] = ()
    reach: tuple[str, ...] = ()


class Mark(Struct, frozen=True, order=True):
    """A line that a Bad case marks: ``chain`` for ``◁``. ``rule``: of another rule, ``""`` for the page's own."""

    path: str
    line: int
    chain: bool = False
    rule: str = ""


class Case(Struct, frozen=True):
    """One ``### Bad`` or ``### Good``: files by path, without their marks. ``name`` is ``""`` for an only case."""

    name: str
    files: dict[str, bytes]
    marks: tuple[Mark, ...] = ()


class Page(Struct, frozen=True):
    """A whole page. ``title``: the sentence under its heading; ``sections``: Markdown by ``##`` heading."""

    rule: Rule
    title: str
    sections: dict[str, str]
    text: str
    bad: tuple[Case, ...]
    good: tuple[Case, ...]


class Rulebook:
    """All pages of one folder; each is read when first asked for, its body only for :meth:`page`."""

    def __init__(self, folder: str | None = None) -> None:
        """``folder`` holds ``<rule>.md``; without it, the pages that ship with pooltlint."""
        self._folder = folder or _home()
        self._rules: dict[str, Rule] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The rules that have a page, in alphabetical order."""
        try:
            found = os.listdir(self._folder)
        except OSError:
            return ()
        return tuple(sorted(each[:-3] for each in found if each.endswith(".md") and each[0].islower()))

    def __contains__(self, name: object) -> bool:
        """Has the rule a page?"""
        return name in self.names

    def __iter__(self) -> Iterator[Rule]:
        """The front matters of all pages, by name."""
        return map(self.rule, self.names)

    def rule(self, name: str) -> Rule:
        """A rule's front matter. Raises :class:`KeyError` without page, :class:`PageError` for a wrong one."""
        if name not in self._rules:
            if name not in self:
                raise KeyError(name)
            with open(self._path(name), encoding="utf-8") as file:
                self._rules[name] = _rule(name, "".join(_front(file)))
        return self._rules[name]

    def page(self, name: str) -> Page:
        """A rule's whole page. Raises as :meth:`rule` does."""
        rule = self.rule(name)
        with open(self._path(name), encoding="utf-8") as file:
            text = file.read().partition("\n+++\n")[2].strip() + "\n"
        return _page(rule, text)

    def tags(self) -> frozenset[str]:
        """All tags in use."""
        return frozenset(tag for rule in self for tag in rule.tags)

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, f"{name}.md")


def _home() -> str:
    """In the wheel the pages lie inside of the package, in the source tree beside it."""
    package = os.path.dirname(os.path.abspath(__file__))
    inside = os.path.join(package, "rules")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "rules")


def _front(lines: Iterator[str]) -> Iterator[str]:
    """The lines between the two ``+++`` lines."""
    if next(lines, "").rstrip() != "+++":
        return
    for line in lines:
        if line.rstrip() == "+++":
            return
        yield line


def _rule(name: str, front: str) -> Rule:
    import tomllib

    try:
        data: Mapping[str, Any] = tomllib.loads(front)
        unknown = data.keys() - {"severity", "certainty", "tags", "since", "references", "reach"}
        if unknown:
            raise PageError(f"{name}: unknown front matter {sorted(unknown)}")
        return Rule(
            name=name,
            severity=Severity[str(data["severity"]).upper()],
            certainty=Certainty[str(data["certainty"]).upper()],
            tags=tuple(data["tags"]),
            since=str(data["since"]),
            references=tuple(Reference(str(each["title"]), str(each["url"])) for each in data.get("references", ())),
            reach=tuple(data.get("reach", ())),
        )
    except KeyError as error:
        raise PageError(f"{name}: front matter has no, or a wrong, {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise PageError(f"{name}: front matter: {error}") from None


def _page(rule: Rule, text: str) -> Page:
    lines = text.splitlines()
    if not lines or lines[0] != f"# {rule.name}":
        raise PageError(f"{rule.name}: the first line after the front matter must be '# {rule.name}'")
    title = next((line.strip() for line in lines[1:] if line.strip()), "")
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line, fenced in _fenced(lines):
        if not fenced and line.startswith("## "):
            heading = line[3:].strip()
            if heading in sections:
                raise PageError(f"{rule.name}: heading {heading!r} twice")
            current = sections[heading] = []
        else:
            current.append(line)
    if tuple(sections) != HEADINGS:
        raise PageError(f"{rule.name}: headings must be {' · '.join(HEADINGS)}, not {' · '.join(sections)}")
    return Page(
        rule=rule,
        title=title,
        sections={heading: "\n".join(body).strip() for heading, body in sections.items()},
        text=text,
        bad=tuple(_cases(rule.name, "Bad", sections["Bad"])),
        good=tuple(_cases(rule.name, "Good", sections["Good"])),
    )


def _fenced(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it belongs to a fenced block (its fences included)."""
    fence = ""
    for line in lines:
        found = _FENCE.match(line)
        if fence:
            yield line, True
            if line.rstrip() == fence:
                fence = ""
        else:
            fence = found["marks"] if found else ""
            yield line, bool(fence)


def _cases(rule: str, kind: str, lines: list[str]) -> Iterator[Case]:
    """The cases of one section: one for each ``### Bad: name``, or a single one without sub-headings."""
    name, files, marks = "", dict[str, bytes](), list[Mark]()
    path, body, above = "", list[str](), ""
    inside = False
    seen: set[str] = set()
    for line, fenced in _fenced(lines):
        if not fenced and line.startswith("### "):
            if files:
                yield Case(name, files, tuple(marks))
            head, _, name = line[4:].partition(":")
            name = name.strip()
            if head.strip() != kind or not name or name in seen:
                raise PageError(f"{rule}: '{line}' must be '### {kind}: name', each name once")
            seen.add(name)
            files, marks = {}, []
        elif fenced and not inside:
            found = _PATH.match(above)
            if not found:
                raise PageError(f"{rule}: under {kind}, a file's path in backticks must stand directly above '{line}'")
            inside, path, body = True, found[1], []
            if path in files:
                raise PageError(f"{rule}: {kind} {name}: the file {path} stands there twice")
        elif inside and _FENCE.match(line) and not line.strip("`~ "):
            inside = False
            stripped, found_marks = unmarked(path, body)
            files[path] = stripped
            marks += found_marks
        elif inside:
            body.append(line)
        if not fenced:
            above = line.strip()
    if not files:
        raise PageError(f"{rule}: {kind} {name} has no file")
    yield Case(name, files, tuple(marks))


def unmarked(path: str, lines: list[str]) -> tuple[bytes, list[Mark]]:
    """A file's bytes without the marks, and the marks."""
    marks, plain = [], []
    for number, line in enumerate(lines, 1):
        found = _MARK.search(line)
        if found:
            marks += [Mark(path, number, sign == CHAIN, rule) for sign, rule in _ONE_MARK.findall(found[0])]
            line = line[: found.start()]
        plain.append(line)
    return "".join(f"{line}\n" for line in plain).encode(), marks


def folded(cases: tuple[Case, ...]) -> dict[str, Case]:
    """Cases by name."""
    return {case.name: case for case in cases}


def without_marks(text: str) -> str:
    """A page's Markdown as it is shown to people."""
    return "".join(f"{_MARK.sub('', line)}\n" for line in text.splitlines())
