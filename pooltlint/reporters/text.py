"""For a person at a terminal or in a build log: each finding with its code, its chain of evidence and what to type."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from enum import Enum
from itertools import accumulate
from typing import TYPE_CHECKING, TextIO

from pooltlint.model.finding import Finding, Hushed, Note, Problem, Report, Severity, Verdict
from pooltlint.model.source import Place
from pooltlint.redaction import neutral, prose
from pooltlint.rulebook import DOCS, Rulebook
from pooltlint.sources import Shown, Sources

if TYPE_CHECKING:
    pass


class Tone(Enum):
    """How a piece of the report looks in colour; the values are rich's style words."""

    PLAIN = ""
    STRONG = "bold"
    FAINT = "dim"
    ERROR = "bold red"
    WARNING = "bold yellow"
    NOTE = "bold blue"
    FIX = "green"


Line = list[tuple[str, Tone]]

_TONES = {Severity.ERROR: Tone.ERROR, Severity.WARNING: Tone.WARNING, Severity.NOTE: Tone.NOTE}
_FRAME_LINES = 3
_UNBOUNDED = 160
"""Cells of code shown per line when the output has no width of its own."""
_PROBLEMS = 20
_PLAINER = str.maketrans({"│": "|", "━": "^", "…": "~", "·": "-", "┃": "|"})


def render(
    report: Report,
    book: Rulebook,
    sources: Sources,
    out: TextIO,
    *,
    colour: bool = False,
    width: int | None = None,
    quiet: bool = False,
    show_hushed: bool = False,
) -> None:
    """Write the report.

    ``width``: cells of the terminal, to which messages are wrapped; ``None`` (a pipe or a log) keeps
    every message on the line of its place, so that it can be searched. ``colour``: with rich, which
    is imported only then; at a terminal rule names are links, once the documentation has an address.
    ``quiet``: no problems and no summary. ``show_hushed``: also what was silenced, and by what.
    """
    lines = _report(report, sources, max(width, 40) if width else None, quiet=quiet, show_hushed=show_hushed)
    encoding = getattr(out, "encoding", None) or "utf-8"
    if not colour:
        for line in lines:
            out.write(_encodable("".join(text for text, _ in line).rstrip() + "\n", encoding))
        return
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    console: Console = Console(file=out, force_terminal=True, color_system="standard", no_color=False, highlight=False)
    names = frozenset(book.names) if DOCS and out.isatty() else frozenset()
    for line in lines:
        shown = Text()
        for text, tone in line:
            style = Style.parse(tone.value) if tone.value else Style.null()
            if text in names:
                style += Style(link=f"{DOCS}{text}")
            shown.append(_encodable(text, encoding), style)
        console.print(shown, soft_wrap=True)


def _report(report: Report, sources: Sources, width: int | None, *, quiet: bool, show_hushed: bool) -> Iterator[Line]:
    explained: set[str] = set()
    verdicts = sorted(report.verdicts, key=lambda verdict: (verdict.finding.at, verdict.rule))
    for verdict in verdicts:
        yield from _verdict(verdict, sources, width, more=verdict.rule not in explained)
        explained.add(verdict.rule)
        yield []
    if show_hushed:
        for each in report.hushed:
            yield from _hushed(each, sources)
    if quiet:
        return
    if report.problems:
        yield from _problems(report.problems)
        yield []
    yield _summary(report)


def _hushed(hushed: Hushed, sources: Sources) -> Iterator[Line]:
    finding = hushed.verdict.finding
    reason = f"{hushed.by}: {hushed.reason}" if hushed.reason else hushed.by
    yield [(_where(finding.at, sources), Tone.STRONG), ("  hushed  ", Tone.FAINT), (hushed.verdict.rule, Tone.PLAIN)]
    yield [("  ", Tone.PLAIN), (prose(finding.message), Tone.FAINT)]
    yield [("  by:   ", Tone.FAINT), (prose(reason), Tone.PLAIN)]
    yield []


def _verdict(verdict: Verdict, sources: Sources, width: int | None, *, more: bool) -> Iterator[Line]:
    finding = verdict.finding
    tone = _TONES[verdict.severity]
    header: Line = [
        (_where(finding.at, sources), Tone.STRONG), ("  ", Tone.PLAIN), (verdict.severity.word, tone),
        ("  ", Tone.PLAIN), (verdict.rule, Tone.PLAIN),
    ]  # fmt: skip
    message = prose(finding.message)
    if width is None:
        yield [*header, ("  ", Tone.PLAIN), (message, Tone.PLAIN)]
    else:
        yield header
        for part in _wrapped(message, width - 2):
            yield [("  ", Tone.PLAIN), (part, Tone.PLAIN)]
    room = (width or _UNBOUNDED) - 2
    frame = list(_frame(finding.at, sources, room, tone))
    if frame:
        yield []
        yield from frame
    if finding.because:
        yield []
        yield from _chain(finding, sources, room)
    closing = [("fix", prose(finding.remedy), Tone.FIX)] if finding.remedy else []
    if more:
        closing.append(("more", f"pooltlint explain {verdict.rule}", Tone.FAINT))
    if closing:
        yield []
    for label, text, tone in closing:
        parts = _wrapped(text, room - 6) if width else [text]
        yield [("  ", Tone.PLAIN), (f"{label + ':':6}", Tone.FAINT), (parts[0], tone)]
        for part in parts[1:]:
            yield [(" " * 8, Tone.PLAIN), (part, tone)]


def _where(at: Place, sources: Sources) -> str:
    return f"{neutral(at.path)}:{at.line}:{sources.columns(at)[0]}"


def _frame(at: Place, sources: Sources, room: int, tone: Tone) -> Iterator[Line]:
    """Up to three lines of the region with their numbers; one line is underlined, several get a bar."""
    numbers = list(range(at.line, max(at.line, at.end_line) + 1))
    shown = {number: _spread(sources.shown(at, number)) for number in numbers[:_FRAME_LINES] + numbers[-1:]}
    if not any(each.text.strip() for each in shown.values()):
        return
    gap = len(numbers) > _FRAME_LINES
    if gap:
        numbers = [*numbers[: _FRAME_LINES - 1], numbers[-1]]
    digits = max(4, len(str(numbers[-1])))
    margin = min(_indentation(shown[number].text) for number in numbers if shown[number].text.strip())
    for number in numbers:
        if gap and number == numbers[-1]:
            yield [("  " + " " * digits + " ", Tone.PLAIN), ("…", Tone.FAINT)]
        text, start, cells = _cut(shown[number], margin, room - digits - 3)
        bar = ("│ ", Tone.FAINT) if len(numbers) == 1 else ("┃ ", tone)
        yield [("  ", Tone.PLAIN), (f"{number:{digits}} ", Tone.FAINT), bar, (text, Tone.PLAIN)]
        if len(numbers) == 1:
            mark = "━" * max(1, cells)
            yield [("  " + " " * digits + " ", Tone.PLAIN), bar, (" " * start, Tone.PLAIN), (mark, tone)]


def _chain(finding: Finding, sources: Sources, room: int) -> Iterator[Line]:
    """The notes in order, numbered; each with its place and, unless the frame shows it already, its line."""
    framed = {(finding.at.path, number) for number in range(finding.at.line, finding.at.end_line + 1)}
    for index, note in enumerate(finding.because, 1):
        yield from _note(index, note, sources, room, framed)


def _note(index: int, note: Note, sources: Sources, room: int, framed: set[tuple[str, int]]) -> Iterator[Line]:
    lead = f"  {f'{index}.':3} "
    follow = " " * len(lead)
    for part in _wrapped(prose(note.text), room - 4):
        yield [(lead, Tone.FAINT), (part, Tone.PLAIN)]
        lead = follow
    if note.at is None:
        return
    where = f"{neutral(note.at.path)}:{note.at.line}"
    shown = _spread(sources.shown(note.at, note.at.line))
    if (note.at.path, note.at.line) in framed or not shown.text.strip():
        yield [(follow, Tone.PLAIN), (where, Tone.FAINT)]
        return
    code, _, _ = _cut(shown, _indentation(shown.text), max(room - 6 - len(where), 30))
    yield [(follow, Tone.PLAIN), (where, Tone.FAINT), ("  ", Tone.PLAIN), (code, Tone.FAINT)]
    framed.add((note.at.path, note.at.line))


def _problems(problems: tuple[Problem, ...]) -> Iterator[Line]:
    yield [("Not checked", Tone.WARNING)]
    for problem in problems[:_PROBLEMS]:
        where = neutral(problem.path) + (f":{problem.line}" if problem.line else "")
        rule: Line = [("  ", Tone.PLAIN), (problem.rule, Tone.FAINT)] if problem.rule else []
        yield [("  ", Tone.PLAIN), (where, Tone.PLAIN), *rule, ("  ", Tone.PLAIN), (prose(problem.message), Tone.PLAIN)]
    if len(problems) > _PROBLEMS:
        yield [(f"  and {len(problems) - _PROBLEMS} more", Tone.FAINT)]


def _summary(report: Report) -> Line:
    line: Line = []
    for severity in sorted(Severity, reverse=True):
        count = sum(verdict.severity is severity for verdict in report.verdicts)
        if count:
            line += [(", ", Tone.PLAIN)] if line else []
            line.append((_counted(count, severity.word), _TONES[severity]))
    line = line or [("No findings", Tone.FIX)]
    rest = [f"{len(report.hushed)} hushed"] if report.hushed else []
    if report.problems:
        rest.append(_counted(len(report.problems), "problem"))
    rest.append(f"{_counted(report.files, 'file')} in {report.seconds:.2f} s")
    return [*line, ("".join(f" · {each}" for each in rest), Tone.FAINT)]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _cells(text: str) -> list[int]:
    """How many terminal cells each character takes: 2 for wide ones, 0 for those that join the one before."""
    if text.isascii():
        return [1] * len(text)
    return [
        0 if unicodedata.combining(each) or each in "\u200c\u200d\ufe0e\ufe0f"
        else 2 if unicodedata.east_asian_width(each) in "WF"
        else 1
        for each in text
    ]  # fmt: skip


def _spread(shown: Shown) -> Shown:
    """The line with tabs as spaces up to the next multiple of four cells."""
    if "\t" not in shown.text:
        return shown
    pieces, at = [], 0
    for each, cells in zip(shown.text, _cells(shown.text), strict=True):
        piece = " " * (4 - at % 4) if each == "\t" else each
        at += len(piece) if each == "\t" else cells
        pieces.append(piece)
    offsets = [0, *accumulate(map(len, pieces))]
    return Shown("".join(pieces), offsets[shown.start], offsets[shown.end])


def _cut(shown: Shown, margin: int, room: int) -> tuple[str, int, int]:
    """What of a line fits ``room`` cells around its region: text, first cell of the region, cells of the region."""
    text = shown.text[margin:].rstrip()
    start, end = (min(max(offset - margin, 0), len(text)) for offset in (shown.start, shown.end))
    at = [0, *accumulate(_cells(text))]
    if at[-1] <= room:
        return text, at[start], at[end] - at[start]
    first, region = 0, at[end] - at[start]
    if at[end] > room - 1:
        lead = (room - region) // 2 if region < room else room // 4
        left = min(at[start] - lead, at[-1] - room + 1)
        first = min(bisect_left(at, left), start)
    before = "…" if first else ""
    after = "…" if at[-1] - at[first] > room - len(before) else ""
    last = bisect_right(at, at[first] + room - len(before) - len(after)) - 1
    begins = min(max(at[start] - at[first], 0) + len(before), room - 1)
    return before + text[first:last] + after, begins, min(region, room - begins)


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _wrapped(text: str, room: int) -> list[str]:
    """The text in lines of at most ``room`` cells, broken at blanks; a longer word keeps a line for itself."""
    lines, used = [""], 0
    for word in text.split():
        cells = sum(_cells(word))
        if used and used + 1 + cells > room:
            lines.append(word)
            used = cells
        else:
            lines[-1] += f" {word}" if used else word
            used += cells + bool(used)
    return lines


def _encodable(text: str, encoding: str) -> str:
    """The text as far as the output's encoding can say it: frames in ASCII and escapes where it cannot."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAINER).encode(encoding, "backslashreplace").decode(encoding)
    return text
