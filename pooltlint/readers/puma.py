"""Puma's config/puma.rb: how many workers and threads it says, as far as plain Ruby says it. Nothing is run."""

from __future__ import annotations

import re

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.value import OneOf, Unknown, Value
from pooltlint.readers.erb_nodes import ruby

MOST_BYTES = 100_000
"""Larger files are not read: no hand-written configuration comes near."""

_LINE = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?P<call>workers|threads|preload_app!?|plugin|port)\b(?P<given>[^\n#]*)"
    r"|(?P<local>[a-z_]\w*)[ \t]*=(?!=)(?P<worth>[^\n#]*))",
    re.MULTILINE,
)
_BLOCK = re.compile(r"^[ \t]*(?:if|unless|case|while|on_\w+|before_\w+|after_\w+)\b[^\n]*|^[ \t]*end\b", re.MULTILINE)
_GUARD = re.compile(r"(?<![\w.!?])(?:if|unless)\b(.*)\Z")
_TAKEN = re.compile(r"production|> *1\b")
"""Conditions that hold in production, or whose failing changes nothing: one worker is as many processes as none."""
_CORES = re.compile(r"(?:::)?Concurrent\.\w*processor_count|Etc\.nprocessors")


def read(path: str, data: bytes) -> ProgramFile:
    """``workers``, ``threads.minimum``, ``threads.maximum``, ``preload_app`` and ``plugin``, as Puma's DSL names them.

    What stands behind or inside an ``if`` other than for production is one of two values, the other one unknown; the
    number of CPUs is ``None`` (Puma 6 ``lib/puma/dsl.rb``).
    Never raises; what cannot be read is a problem.
    """
    if len(data) > MOST_BYTES:
        return ProgramFile(path, "Puma", problems=(Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes"),))
    starts = line_starts(data)
    source = data.decode("latin-1")
    known: dict[str, Value] = {}
    found: list[Assigned] = []
    for line in _LINE.finditer(source):
        sometimes = _inside_block(source, line.start())
        text = line["given"] if line["call"] else line["worth"]
        group = "given" if line["call"] else "worth"
        plain = _GUARD.sub("", text)
        guard = _GUARD.search(text)
        sometimes = sometimes or (guard is not None and not _TAKEN.search(guard[1]))
        plain = plain.strip()
        bracketed = plain.startswith("(") and plain.endswith(")")
        plain = plain[1:-1] if bracketed else plain
        start = line.start(group) + text.find(plain) if plain else line.start()
        at = place(path, starts, (start, start + len(plain) if plain else line.end()))

        def worth(code: str, *, sure: bool = not sometimes, at: Place = at) -> Value:
            code = _CORES.sub("nil", code.strip())
            value = known.get(code) or ruby("", code, at, plain=True)
            return value if sure else OneOf((value, Unknown(at)), at)

        if line["local"]:
            known[line["local"]] = worth(plain)
            continue
        match line["call"]:
            case "threads":
                parts = _arguments(plain)
                low, high = parts[0], parts[-1]
                found.append(Assigned("threads.minimum", worth(low), at))
                found.append(Assigned("threads.maximum", worth(high), at))
            case "workers":
                found.append(Assigned("workers", worth(plain), at))
            case "plugin":
                found.append(Assigned("plugin", ruby("", plain.replace(":", '"', 1) + '"', at, plain=True), at))
            case "preload_app" | "preload_app!":
                found.append(Assigned("preload_app", worth(plain or "true"), at))
    return ProgramFile(path, "Puma", tuple(found), lines=starts)


def _arguments(text: str) -> list[str]:
    """Arguments parted by the commas outside of brackets and quotes."""
    parts, level, start = [], 0, 0
    quote = ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            level += 1
        elif char in ")]}":
            level -= 1
        elif char == "," and level == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _inside_block(source: str, end: int) -> bool:
    """Does something that may not run in production surround this place."""
    blocks: list[bool] = []
    for each in _BLOCK.finditer(source, 0, end):
        if not each[0].strip().startswith("end"):
            blocks.append(not _TAKEN.search(each[0]))
        elif blocks:
            blocks.pop()
    return any(blocks)
