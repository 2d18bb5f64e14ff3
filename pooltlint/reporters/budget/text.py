"""A budget for the terminal: the sum, a bar for every part of it, and where each number was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO

from pooltlint.model.budget import Budget, Verdict
from pooltlint.redaction import neutral
from pooltlint.reporters.budget.rows import advice, answer, missing, read, rows, threads, title, where

Style = Callable[[str, str], str]
_BAR = 40
_LEAST = 8
"""The longest bar, and how short it may get in a narrow terminal."""
_COLOURS = {"name": "1", "dim": "2", "good": "32", "bad": "31", "unsure": "33", "pooler": "36"}
_ASCII = str.maketrans(
    {"×": "x", "−": "-", "≥": ">=", "█": "#", "▒": "!", "░": ".", "│": "|", "…": "...", "→": "->", "·": "-", "─": "-"}
)
"""What stands for what where only ASCII can be written."""


def render(budgets: Sequence[Budget], out: TextIO, colour: bool = False, width: int | None = None) -> None:
    """Write all of them; in ASCII where the output has no other characters. Bars get shorter where ``width`` is small."""
    if not budgets:
        out.write("Nothing here opens connections to Postgres, as far as pooltlint can see.\n")
        return
    text = "\n".join("".join(f"{line}\n" for line in _budget(each, colour, width)) for each in budgets)
    if "utf" not in (getattr(out, "encoding", None) or "utf-8").lower():
        text = text.translate(_ASCII).encode("ascii", "replace").decode()
    out.write(text)


def _budget(budget: Budget, colour: bool, width: int | None) -> Iterator[str]:
    def style(text: str, how: str) -> str:
        return f"\x1b[{_COLOURS[how]}m{text}\x1b[0m" if colour and text and how else text

    tone = {Verdict.FITS: "good", Verdict.OVER: "bad", Verdict.DEPLOY: "bad"}.get(budget.verdict, "unsure")
    yield style(neutral(title(budget)), "name")
    yield ""
    lines = [
        (row.kind, "  " * (row.kind == "client") + neutral(row.name), neutral(row.sum), row) for row in rows(budget)
    ]
    usable, most, surge = budget.usable, budget.most, budget.surge
    largest = max(
        [most.count + surge.count, usable or 0, *(row.most.count for *_, row in lines if row.kind != "client"), 1]
    )
    left = max([len(name) for _, name, _, _ in lines] + [len("during a deploy"), len("server allows")])
    middle = max([len(text) for _, _, text, _ in lines] + [20])
    wide = max([len(row.most.shown) for *_, row in lines] + [len(most.shown), 4])
    narrow = max([len(row.idle.shown) for *_, row in lines] + [4])
    taken = left + middle + narrow + wide + 10
    scale = largest * _BAR / min(_BAR, max(_LEAST, (width or taken + _BAR) - taken))
    yield style(f"  {'':{left}}  {'':{middle}}  {'idle':>{narrow}}  {'most':>{wide}}", "dim")
    for kind, name, text, row in lines:
        bar = (
            style("█" * _length(row.most.count, scale), {"pooler": "pooler"}.get(kind, "")) if kind != "client" else ""
        )
        shown = f"  {name:{left}}  {text:{middle}}  {row.idle.shown:>{narrow}}  {row.most.shown:>{wide}}"
        yield (style(shown, "dim") if kind == "client" else f"{shown}  {bar}").rstrip()
    yield f"  {'together':{left}}  {'':{middle}}  {budget.idle.shown:>{narrow}}  {most.shown:>{wide}}  {_whole(most.count, usable, scale, style)}"
    if surge.count or not surge.exact:
        both = most + surge
        bar = _whole(both.count, usable, scale, style)
        yield f"  {'during a deploy':{left}}  {f'{most.shown} + {surge.shown}':{middle}}  {'':{narrow}}  {both.shown:>{wide}}  {bar}"
    if budget.supply is not None:
        allowed = str(usable) if usable is not None else "?"
        bar = style("░" * _length(usable or 0, scale), "dim")
        yield f"  {'server allows':{left}}  {neutral(budget.supply.sum):{middle}}  {'':{narrow}}  {allowed:>{wide}}  {bar}".rstrip()
    yield ""
    yield "  " + style(answer(budget), tone)
    for share in budget.shares:
        if share.clients is not None and share.terms:
            processes, limit = share.instances.low, share.clients.shown
            allowed = f"{limit} clients" + (f" in each of {processes} processes" if processes > 1 else "")
            yield f"  {neutral(share.name)} takes {allowed}; up to {share.demand.shown} come."
    yield from _list("Threads", (neutral(each) for each in threads(budget)), style)
    yield from _list("What would fit", (neutral(each) for each in advice(budget)), style)
    numbers = [
        (neutral(name), number.shown, neutral(where(number.at)), neutral(number.why)) for name, number in read(budget)
    ]
    columns = [max((len(each[at]) for each in numbers), default=0) for at in range(3)]
    yield from _list(
        "Where the numbers were read",
        (
            f"{name:{columns[0]}}  {shown:>{columns[1]}}  {place:{columns[2]}}  {style(why, 'dim')}"
            for name, shown, place, why in numbers
        ),
        style,
    )
    gaps = dict.fromkeys(
        f"{neutral(each.text)}{f'  ({neutral(where(each.at))})' if each.at else ''}" for each in missing(budget)
    )
    yield from _list("Not known, so the sum is a lower bound", gaps, style)


def _list(head: str, lines: Iterable[str], style: Style) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield "  " + style(head, "name")
        yield from (f"    {each}".rstrip() for each in found)


def _length(count: int, scale: float) -> int:
    return max(1, round(count * _BAR / scale)) if count else 0


def _whole(count: int, usable: int | None, scale: float, style: Style) -> str:
    """A bar whose part beyond the limit is drawn apart."""
    inside = count if usable is None else min(count, usable)
    full, fits = _length(count, scale), _length(inside, scale)
    return "█" * fits + style("▒" * (full - fits), "bad")
