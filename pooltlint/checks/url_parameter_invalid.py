"""A connection string that its driver rejects, or takes for something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.finding import Edit, Finding, Fix
from pooltlint.model.source import Place
from pooltlint.model.topology import Refusal
from pooltlint.model.url import MASK

_WRITTEN = re.compile(r"(?:.*/)?(?:[^/]*\.?env(?:[.-][^/]*)?|[^/]*compose[^/]*\.ya?ml)")
"""Files in which a value stands as it is between the ends of its place: dotenv and compose files."""


def check(refusal: Refusal) -> Iterator[Finding]:
    """What is refused, by whom, and with which words."""
    url = refusal.url
    at = url.at or (refusal.user.at if refusal.user is not None else None)
    if at is None:
        return
    name = url.name or "this connection string"
    parts = _listed(refusal.parts)
    subject = f"{parts} in {name}" if parts else name
    why = refusal.why
    yield Finding(
        at,
        f"{subject[:1].upper()}{subject[1:]} {why}.",
        refusal.remedy,
        (refusal.user,) if refusal.user is not None and refusal.user.at != at else (),
        refusal.certainty,
        _fix(refusal, at),
    )


def _listed(parts: tuple[str, ...]) -> str:
    shown = [f"`{each}`" for each in parts]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""


def _fix(refusal: Refusal, at: Place) -> Fix | None:
    """The replacement, where the value is written out: positions are counted from its nearer end."""
    url, text = refusal.url, refusal.url.text
    if (
        not refusal.instead
        or url.at is None
        or url.declared
        or at.line != at.end_line
        or not _WRITTEN.fullmatch(at.path)
    ):
        return None
    if not text.isascii() or not url.name or "$" in text or "#" in text:
        return None
    edits = []
    for old, new in refusal.instead:
        start = text.rfind(old)
        if start == 0:
            begin = at.start
        elif start > 0 and MASK not in text[start:]:
            begin = at.end - (len(text) - start)
        else:
            return None
        edits.append(Edit(Place(at.path, begin, begin + len(old), at.line, at.line), new))
    title = "; ".join(f"Write {new} instead of {old}" for old, new in refusal.instead)
    return Fix(title, tuple(edits))
