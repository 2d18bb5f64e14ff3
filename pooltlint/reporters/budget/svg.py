"""A budget as a picture: a bar for each service against the line of what the server allows. Light and dark, no fonts from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from pooltlint.model.budget import Budget, Verdict
from pooltlint.redaction import neutral
from pooltlint.reporters.budget.rows import Row, answer, rows, title

_WIDTH = 860
_LEFT, _RIGHT = 170, 90
_BAR, _STEP = 20, 46
_HEAD, _FOOT = 74, 44
_MOST_ROWS = 40
_STYLE = """
    svg { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
    .ground { fill: #ffffff; } .title { fill: #1f2328; font-size: 16px; font-weight: 600; }
    .text { fill: #1f2328; font-size: 13px; } .soft { fill: #59636e; font-size: 12px; }
    .track { fill: #eff2f5; } .service { fill: #2f6fde; } .pooler { fill: #0f8a8a; } .client { fill: #b6c2cf; }
    .over { fill: #cf222e; } .limit { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 5 4; }
    .fits { fill: #1a7f37; } .unsure { fill: #9a6700; } .answer { font-size: 14px; font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; } .title, .text { fill: #f0f6fc; } .soft { fill: #9198a1; } .track { fill: #1b222c; }
      .service { fill: #4f8ff7; } .pooler { fill: #2bb3b3; } .client { fill: #3d4752; } .over { fill: #f85149; }
      .limit { stroke: #f0f6fc; } .fits { fill: #3fb950; } .unsure { fill: #d29922; }
    }"""


def render(budgets: Sequence[Budget], out: TextIO, colour: bool = False) -> None:
    """One picture with all budgets below one another."""
    parts, height = [], 0
    for budget in budgets:
        lines, tall = _budget(budget, height)
        parts += lines
        height += tall
    if not budgets:
        parts = ['  <text class="text" x="24" y="40">Nothing here opens connections to Postgres.</text>']
        height = 64
    said = " ".join(f"{title(each)}. {answer(each)}" for each in budgets) or "Nothing opens connections."
    out.write(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        f'role="img" aria-label="{_escaped(said)}">\n  <style>{_STYLE}\n  </style>\n'
        f'  <rect class="ground" width="{_WIDTH}" height="{height}" rx="8"/>\n'
    )
    out.write("\n".join(parts) + "\n</svg>\n")


def _budget(budget: Budget, top: int) -> tuple[list[str], int]:
    shown = list(rows(budget))[:_MOST_ROWS]
    most, both, usable = budget.most, budget.most + budget.surge, budget.usable
    bars: list[tuple[str, str, str, int, int]] = [
        (each.kind, _name(each), each.sum, each.most.count, each.most.count) for each in shown
    ]
    text = f"{most.shown} + {budget.surge.shown} while a new version rolls out" if both.count > most.count else ""
    bars.append(("service", "together", text, most.count, both.count))
    scale = max([usable or 0, both.count, *(count for kind, _, _, count, _ in bars if kind != "client"), 1]) * 1.04
    inner = _WIDTH - _LEFT - _RIGHT

    def at(count: int) -> float:
        return round(min(count / scale, 1) * inner, 1)

    lines = list(_head(budget, top))
    y = top + _HEAD
    for kind, name, said, count, more in bars:
        lines.append(
            f'  <text class="text" x="{_LEFT - 12}" y="{y + 15}" text-anchor="end">{_escaped(_cut(name, 22))}</text>'
        )
        lines.append(f'  <rect class="track" x="{_LEFT}" y="{y}" width="{inner}" height="{_BAR}" rx="3"/>')
        beyond = usable is not None and name == "together" and count > usable
        fits = usable if beyond and usable is not None else count
        lines.append(f'  <rect class="{kind}" x="{_LEFT}" y="{y}" width="{at(fits)}" height="{_BAR}" rx="3"/>')
        if beyond:
            lines.append(
                f'  <rect class="over" x="{_LEFT + at(fits)}" y="{y}" width="{round(at(count) - at(fits), 1)}" height="{_BAR}"/>'
            )
        if more > count:
            over = "over" if usable is not None and more > usable else kind
            lines.append(
                f'  <rect class="{over}" opacity="0.45" x="{_LEFT + at(count)}" y="{y}" width="{round(at(more) - at(count), 1)}" height="{_BAR}"/>'
            )
        lines.append(
            f'  <text class="text" x="{_WIDTH - _RIGHT + 10}" y="{y + 15}">{_escaped(_number(budget, name, shown, count))}</text>'
        )
        if said:
            lines.append(f'  <text class="soft" x="{_LEFT}" y="{y + 35}">{_escaped(_cut(said, 96))}</text>')
        y += _STEP if said else _STEP - 14
    if usable is not None:
        x = _LEFT + at(usable)
        lines.append(f'  <line class="limit" x1="{x}" y1="{top + _HEAD - 8}" x2="{x}" y2="{y}"/>')
        anchor = "end" if x > _WIDTH - 220 else "start"
        dx = -6 if anchor == "end" else 6
        lines.append(
            f'  <text class="soft" x="{x + dx}" y="{y + 12}" text-anchor="{anchor}">the server allows {usable}</text>'
        )
    return lines, y + _FOOT - top


def _head(budget: Budget, top: int) -> Iterator[str]:
    tone = {Verdict.FITS: "fits", Verdict.OVER: "over", Verdict.DEPLOY: "over"}.get(budget.verdict, "unsure")
    yield f'  <text class="title" x="24" y="{top + 30}">{_escaped(_cut(title(budget), 90))}</text>'
    yield f'  <text class="{tone} answer" x="24" y="{top + 54}">{_escaped(_cut(answer(budget), 110))}</text>'


def _name(row: Row) -> str:
    return f"{row.name} (clients)" if row.kind == "client" else row.name


def _number(budget: Budget, name: str, shown: Sequence[Row], count: int) -> str:
    if name == "together":
        return budget.most.shown
    return next((each.most.shown for each in shown if _name(each) == name and each.most.count == count), str(count))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _escaped(text: str) -> str:
    text = neutral(text)
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return text
