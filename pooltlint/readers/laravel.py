"""Laravel's config/database.php: the pgsql connection, as far as plain values and env() say it. Nothing is run."""

from __future__ import annotations

import re

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import mask_whole
from pooltlint.model.value import FromEnv, Literal, Unknown, Value

MOST_BYTES = 200_000
"""Larger files are not read: no hand-written configuration comes near."""

_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|//[^\n]*|#(?!\[)[^\n]*|/\*.*?\*/|[\[\](),]|=>", re.DOTALL)
_DEFAULT = re.compile(r"^[ \t]*['\"]default['\"][ \t]*=>[ \t]*([^\n]*?),?[ \t]*(?://[^\n]*)?\r?$", re.MULTILINE)
_CONNECTION = re.compile(r"^[ \t]*['\"](\w+)['\"][ \t]*=>[ \t]*(\[|array\()", re.MULTILINE)
_KEY = re.compile(r"\s*(?:(?://|#)[^\n]*\s*)*['\"](\w+)['\"]\s*\Z")
_ENV = re.compile(r"env\(\s*['\"](\w+)['\"]\s*(?:,\s*(.*?)\s*,?\s*)?\)", re.DOTALL)
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\$]|\\.)*)\"")
_EMULATED = re.compile(r"PDO::ATTR_EMULATE_PREPARES\s*=>\s*(true|false|1|0)\b")
_WANTED = frozenset({"driver", "url", "host", "port", "database", "search_path", "schema", "pooled"})


def read(path: str, data: bytes) -> ProgramFile:
    """``default``, and ``name.key`` for every connection whose driver is ``pgsql``.

    ``emulate_prepares`` is the option of PDO. ``env('X', default)`` is a variable (laravel.com, "Database: Getting
    Started"). User-info is masked. Never raises.
    """
    if len(data) > MOST_BYTES:
        return ProgramFile(path, "Laravel", problems=(Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes"),))
    starts, source = line_starts(data), data.decode("latin-1")
    settings: list[Assigned] = []
    default = _DEFAULT.search(source)
    if default:
        at = place(path, starts, default.span(1))
        settings.append(Assigned("default", _value(default[1], at), at))
    for found in _CONNECTION.finditer(source):
        own = _entries(source, found.end(2))
        driver = next((written for key, written, _ in own if key == "driver"), "")
        if driver.strip("'\"") != "pgsql":
            continue
        for key, written, span in own:
            at = place(path, starts, span)
            emulated = _EMULATED.search(written) if key == "options" else None
            if emulated:
                where = place(path, starts, (span[0] + emulated.start(), span[0] + emulated.end()))
                settings.append(
                    Assigned(f"{found[1]}.emulate_prepares", Literal(emulated[1] in ("true", "1"), where), where)
                )
            elif key == "options" and "EMULATE_PREPARES" in written:
                settings.append(Assigned(f"{found[1]}.emulate_prepares", Unknown(at), at))
            elif key in _WANTED:
                settings.append(Assigned(f"{found[1]}.{key}", _value(written, at), at))
    return ProgramFile(path, "Laravel", tuple(settings), lines=starts)


def _entries(source: str, at: int) -> list[tuple[str, str, tuple[int, int]]]:
    """The ``'key' => value`` of an array from behind its opening bracket, with the value's region."""
    found: list[tuple[str, str, tuple[int, int]]] = []
    depth, begin, key = 0, at, ""
    for token in _TOKEN.finditer(source, at):
        what = token[0]
        if what in "[(":
            depth += 1
        elif what in "])" and depth:
            depth -= 1
        elif depth == 0 and what == "=>":
            named = _KEY.match(source[begin : token.start()])
            key, begin = (named[1] if named else ""), token.end()
        elif depth == 0 and what in ",])":
            written = source[begin : token.start()]
            start = begin + len(written) - len(written.lstrip())
            if key:
                found.append((key, written.strip(), (start, start + len(written.strip()))))
            key, begin = "", token.end()
            if what != ",":
                break
    return found


def _value(written: str, at: Place) -> Value:
    outside = _ENV.fullmatch(written.strip())
    if outside:
        return FromEnv(outside[1], at, _value(outside[2], at) if outside[2] else None)
    plain = _TEXT.fullmatch(written.strip())
    if plain:
        text = (plain[1] if plain[1] is not None else plain[2]).encode("latin-1").decode("utf-8", "replace")
        return Literal(mask_whole(text) if "://" in text else text, at)
    if re.fullmatch(r"\d{1,7}", written.strip()):
        return Literal(int(written), at)
    return Literal(written.strip() == "true", at) if written.strip() in ("true", "false") else Unknown(at)
