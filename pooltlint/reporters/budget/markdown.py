"""A budget as Markdown, for the comment of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TextIO

from pooltlint.model.budget import Budget, Verdict
from pooltlint.redaction import neutral
from pooltlint.reporters.budget.rows import advice, answer, missing, read, rows, threads, title, where

_SIGNS = {Verdict.FITS: "✅", Verdict.OVER: "❌", Verdict.DEPLOY: "❌"}


def render(budgets: Sequence[Budget], out: TextIO, colour: bool = False) -> None:
    """A section for each budget."""
    if not budgets:
        out.write("Nothing here opens connections to Postgres, as far as pooltlint can see.\n")
    out.write("\n".join("".join(f"{line}\n" for line in _budget(each)) for each in budgets))


def _budget(budget: Budget) -> Iterator[str]:
    yield f"### {_text(title(budget))}"
    yield ""
    yield f"{_SIGNS.get(budget.verdict, '⚠️')} **{_text(answer(budget))}**"
    yield ""
    yield "| service | connections | idle | most |"
    yield "| --- | --- | ---: | ---: |"
    for row in rows(budget):
        name = f"↳ {_text(row.name)} (to the pooler)" if row.kind == "client" else _text(row.name)
        yield f"| {name} | {_text(row.sum)} | {row.idle.shown} | {row.most.shown} |"
    yield f"| **together** | | {budget.idle.shown} | **{budget.most.shown}** |"
    if budget.surge.count or not budget.surge.exact:
        yield f"| during a deploy | {budget.most.shown} + {budget.surge.shown} | | {(budget.most + budget.surge).shown} |"
    if budget.supply is not None:
        usable = budget.usable if budget.usable is not None else "?"
        yield f"| server allows | {_text(budget.supply.sum)} | | **{usable}** |"
    yield from _list("What would fit", [_text(each) for each in advice(budget)])
    yield from _list("Threads", [_text(each) for each in threads(budget)])
    gaps = [f"{_text(each.text)}{f' ({_code(where(each.at))})' if each.at else ''}" for each in missing(budget)]
    yield from _list("Not known, so the sum is a lower bound", list(dict.fromkeys(gaps)))
    yield ""
    yield "<details><summary>Where the numbers were read</summary>"
    yield ""
    for name, number in read(budget):
        place = f", {_code(where(number.at))}" if number.at else ""
        yield f"- {_text(name)}: **{_text(number.shown)}**, {_text(number.why)}{place}"
    yield ""
    yield "</details>"


def _list(head: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{head}:"
        yield ""
        yield from (f"- {each}" for each in lines)


def _text(text: str) -> str:
    """Text in which nothing is markup, a mention or a link."""
    text = neutral(text).replace("\n", " ")
    text = re.sub(r"([\\`*_{}\[\]<>|#~$!])", r"\\\1", text)
    return re.sub(r"@(?=\w)", "@\u200b", text).replace("://", ":\u200b//")


def _code(text: str) -> str:
    return "`" + neutral(text).replace("`", "'").replace("|", "/") + "`"
