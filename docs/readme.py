"""Writes what is generated in README.md anew: the outputs of commands and the table of rules (``make docs``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from docs.example_run import ROOT, said
from pooltlint.rulebook import Rulebook

README = ROOT / "README.md"
CHAPTERS = {
    "connections": "The life of a connection",
    "sizing": "How many connections",
    "pooling": "Behind a transaction pooler",
    "urls": "Connection strings",
    "settings": "The pooler's and the server's own settings",
}
"""The chapters of the rule book by the first tag of their rules."""
_CONSOLE = re.compile(r"(?m)^```console\n\$ (pooltlint.*)\n(?:.*\n)*?```$")
_RULES = re.compile(r"(?s)(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)")


def fresh(text: str, run: Callable[[str], str] = said) -> str:
    """The text with the output of every ``$ pooltlint …`` block and the table of rules as they are now."""
    text = _CONSOLE.sub(lambda found: f"```console\n$ {found[1]}\n{run(found[1])}```", text)
    return _RULES.sub(lambda _: rules(), text)


def rules() -> str:
    """The rules as Markdown tables, a chapter each, by their first tag."""
    book = Rulebook()
    chapters: dict[str, list[str]] = {heading: [] for heading in CHAPTERS.values()}
    for name in book.names:
        page = book.page(name)
        row = f"| [`{name}`](rules/{name}.md) | {page.rule.severity.word} | {page.title} |"
        chapters[CHAPTERS[page.rule.tags[0]]].append(row)
    lines: list[str] = []
    for heading, rows in chapters.items():
        lines += [f"### {heading}", "", "| rule | severity | what it finds |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def main(path: Path = README) -> None:
    """Rewrite the file."""
    path.write_text(fresh(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
