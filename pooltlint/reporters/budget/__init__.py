"""The arithmetic of connections on paper: one file per format, over one list of rows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TextIO

from pooltlint.model.budget import Budget

FORMATS = ("text", "json", "markdown", "svg")


def render(
    budgets: Sequence[Budget], out: TextIO, *, form: str = "text", colour: bool = False, width: int | None = None
) -> None:
    """Write the budgets. ``form``: one of :data:`FORMATS`; ``colour`` and ``width`` (columns) are for the text alone."""
    if form == "text":
        from pooltlint.reporters.budget import text

        text.render(budgets, out, colour, width)
    else:
        import_module(f"{__name__}.{form}").render(budgets, out, colour)
