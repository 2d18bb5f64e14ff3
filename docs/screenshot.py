"""Draws docs/screenshot.svg from a real run on the example repository (``make docs``)."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

from docs.example_run import shown

TARGET = Path(__file__).with_name("screenshot.svg")
WIDTH = 110
_REMOTE_FONT = re.compile(r"\s*@font-face \{.*?\}\n", re.DOTALL)


def drawn(output: str) -> str:
    """The coloured output of a terminal as an SVG that loads nothing from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("$ pooltlint\n" + output))
    svg = console.export_svg(title="pooltlint", unique_id="pooltlint")
    return _REMOTE_FONT.sub("\n", svg).replace("Fira Code", "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas")


def main() -> None:
    """Draw it."""
    TARGET.write_text(drawn(shown("pooltlint", WIDTH)), encoding="utf-8")


if __name__ == "__main__":
    main()
