"""Writes what is generated in README.md anew: the outputs of commands and the table of rules (``make docs``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from docs.example_run import ROOT, said
from pooltlint.rulebook import Rulebook

README = ROOT / "README.md"
_CONSOLE = re.compile(r"(?m)^```console\n\$ (pooltlint.*)\n(?:.*\n)*?```$")
_RULES = re.compile(r"(?s)(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)")


def fresh(text: str, run: Callable[[str], str] = said) -> str:
    """The text with the output of every ``$ pooltlint …`` block and the table of rules as they are now."""
    text = _CONSOLE.sub(lambda found: f"```console\n$ {found[1]}\n{run(found[1])}```", text)
    return _RULES.sub(lambda _: rules(), text)


def rules() -> str:
    """The rules as a Markdown table."""
    book = Rulebook()
    rows = [
        f"| [`{name}`](rules/{name}.md) | {page.rule.severity.word} | {page.title} |"
        for name, page in ((name, book.page(name)) for name in book.names)
    ]
    return "\n".join(["| rule | severity | what it finds |", "| --- | --- | --- |", *rows, ""])


def main(path: Path = README) -> None:
    """Rewrite the file."""
    path.write_text(fresh(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
