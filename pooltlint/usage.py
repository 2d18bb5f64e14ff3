"""What a person got wrong on the command line or in the settings, and what to type instead."""

from __future__ import annotations

from collections.abc import Iterable


class UsageError(Exception):
    """The run cannot start as asked: exit code 2. The message says what is wrong and what to type."""


def meant(word: str, known: Iterable[str]) -> str:
    """`` Did you mean …?`` for the nearest known words, else the list of them when it is short."""
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(word.lower(), names, n=2, cutoff=0.6)
    if near:
        return f" Did you mean {' or '.join(map(repr, near))}?"
    return f" Known: {', '.join(names)}." if len(names) <= 16 else ""
