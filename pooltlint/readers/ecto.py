"""Ecto's repositories in config/*.exs, as far as plain values say them. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import mask_whole
from pooltlint.model.value import FromEnv, Literal, Unknown, Value

MOST_BYTES = 200_000
"""Larger files are not read: no hand-written configuration comes near."""

_REPOSITORY = re.compile(r"^[ \t]*config[ \t(]+:\w+,\s*((?:[A-Z]\w*\.)*\w*Repo)\b[ \t]*,", re.MULTILINE)
_PAIR = re.compile(r"\s*(?:#[^\n]*\n\s*)*([a-z_]\w*):[ \t]*\n?[ \t]*([^\n]*?)[ \t]*(,?)[ \t]*(?:#[^\n\"]*)?(?=\n|\Z)")
_ASSIGNMENT = r"^[ \t]*%s[ \t]*=\s*([^\n]*)"
_OUTSIDE = re.compile(r'System\.(?:get_env|fetch_env!)\(\s*"(\w+)"\s*(?:,\s*"([^"#]*)"\s*)?\)(?:\s*\|\|\s*"([^"#]*)")?')
_TEXT = re.compile(r'"((?:[^"\\#]|\\.|#(?!\{))*)"')
_WANTED = frozenset(
    {"url", "hostname", "port", "database", "pool_size", "pool_count", "prepare", "adapter", "parameters"}
)
_SCOPES = {
    "dev": "development",
    "test": "test",
    "prod": "production",
    "runtime": "production",
    "releases": "production",
}
_PRODUCTION = re.compile(r"config_env\(\)\s*==\s*:prod")


def read(path: str, data: bytes) -> ProgramFile:
    """``Module.Repo.key`` for the keys of every repository that matter to connections; ``scope`` is the environment.

    An atom is its name, ``System.get_env`` a variable, a name what is assigned to it before; what calls anything else
    is unknown (hexdocs.pm, Ecto.Repo and Postgrex). User-info is masked. Never raises.
    """
    if len(data) > MOST_BYTES:
        return ProgramFile(path, "Ecto", problems=(Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes"),))
    starts, source = line_starts(data), data.decode("latin-1")
    stem = path.rpartition("/")[2].removesuffix(".exs")
    guard = _PRODUCTION.search(source)
    settings: list[Assigned] = []
    for found in _REPOSITORY.finditer(source):
        scope = _SCOPES.get(stem, "")
        if stem == "runtime" and (guard is None or guard.start() > found.start()):
            scope = ""
        for name, written, span in _pairs(source, found.end()):
            if name in _WANTED:
                at = place(path, starts, span)
                settings.append(
                    Assigned(f"{found[1]}.{name}", _value(written, source[: found.start()], at, 0), at, scope)
                )
    return ProgramFile(path, "Ecto", tuple(settings), lines=starts)


def _pairs(source: str, at: int) -> Iterator[tuple[str, str, tuple[int, int]]]:
    while found := _PAIR.match(source, at):
        yield found[1], found[2], found.span(2)
        if not found[3]:
            return
        at = found.end()


def _value(written: str, before: str, at: Place, level: int) -> Value:
    inner = re.fullmatch(r"String\.to_integer\((.*)\)", written)
    written = inner[1].strip() if inner else written
    plain, outside = _TEXT.fullmatch(written), _OUTSIDE.match(written)
    if plain:
        return _literal(plain[1], at)
    if outside and (outside.end() == len(written) or written[outside.end() :].lstrip().startswith("||")):
        default = outside[2] if outside[2] is not None else outside[3]
        return FromEnv(outside[1], at, _literal(default, at) if default is not None else None)
    if re.fullmatch(r"[\d_]{1,9}", written):
        return Literal(int(written.replace("_", "") or "0"), at)
    if re.fullmatch(r":[a-z_]\w*", written):
        return Literal(written[1:], at)
    if re.fullmatch(r"[a-z_]\w*", written) and level < 3:
        assigned = list(re.finditer(_ASSIGNMENT % written, before, re.MULTILINE))
        if assigned:
            return _value(assigned[-1][1].strip(), before[: assigned[-1].start()], at, level + 1)
    return Unknown(at)


def _literal(written: str, at: Place) -> Literal:
    text = written.encode("latin-1").decode("utf-8", "replace")
    if text.isascii() and text.isdigit() and len(text) < 8:
        return Literal(int(text), at)
    return Literal(mask_whole(text) if "://" in text else text, at)
