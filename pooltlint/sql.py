"""What a piece of SQL does to the session it runs in: a token classifier, no parser.

It reads only as far as it must: comments, quotes and dollar quotes are skipped as PostgreSQL's lexer
does (PostgreSQL documentation, section 4.1), placeholders of all drivers (``$1``, ``%s``, ``%(x)s``,
``:x``, ``?``) are tokens like others. A hole where code puts in text is written as ``\\x00``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from pooltlint.model.topology import Sql

HOLE = "\x00"
"""Stands for text that is put in at run time."""

TRACKED = frozenset({"client_encoding", "datestyle", "timezone", "standard_conforming_strings", "application_name", "intervalstyle"})
"""Parameters PgBouncer restores per client: the first five always (``src/varcache.c``), IntervalStyle
by the default of ``track_extra_parameters`` (``src/main.c``, since 1.20)."""

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*|/\*)
    | (?P<string>[eEbBxXnN]?'(?:[^'\\]|''|\\.)*(?:'|\Z)|[uU]&'(?:[^']|'')*(?:'|\Z))
    | (?P<quoted>"(?:[^"]|"")*(?:"|\Z))
    | (?P<dollar>\$(?P<tag>[A-Za-z_\x80-\uffff][A-Za-z0-9_\x80-\uffff]*)?\$)
    | (?P<place>\$\d+|%\([^)]*\)s|%s|(?<!:):[A-Za-z_]\w*|\?)
    | (?P<word>[A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]*)
    | (?P<number>\d[\d.eE+]*)
    | (?P<hole>\x00)
    | (?P<sign>::|:=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SESSION_LOCKS = {
    "pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared",
}
_UNLOCKS = {"pg_advisory_unlock", "pg_advisory_unlock_shared", "pg_advisory_unlock_all"}
_XACT_LOCKS = {
    "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared", "pg_try_advisory_xact_lock", "pg_try_advisory_xact_lock_shared",
}
_LONGEST = 200_000
"""Characters of SQL that are looked at."""


class Classified(Struct, frozen=True):
    """One effect of one statement. ``subject``: the setting, channel, function or table it names. ``start``,
    ``end``: character offsets of the telling part in the text."""

    sql: Sql
    subject: str = ""
    start: int = 0
    end: int = 0


class _Token(Struct, frozen=True):
    kind: str
    text: str
    start: int
    end: int


def classify(text: str) -> tuple[Classified, ...]:
    """What each statement of a text does, in order; a statement that does nothing to its session is ``OTHER``.

    Function calls with an effect (locks, ``set_config``, ``pg_notify``) count wherever they stand in a statement.
    """
    found: list[Classified] = []
    statement: list[_Token] = []
    for token in _tokens(text[:_LONGEST]):
        if token.text == ";" and token.kind == "sign":
            found.extend(_statement(statement))
            statement = []
        else:
            statement.append(token)
    found.extend(_statement(statement))
    return tuple(found)


def _tokens(text: str) -> Iterator[_Token]:
    at, size = 0, len(text)
    while at < size:
        match = _TOKEN.match(text, at)
        assert match is not None
        kind = match.lastgroup or "sign"
        if kind == "tag":
            kind = "dollar"
        end = match.end()
        if kind == "comment" and match[0] == "/*":
            end = _comment_end(text, end)
        elif kind == "dollar":
            close = text.find(match[0], end)
            end = size if close < 0 else close + len(match[0])
            kind = "string"
        if kind not in ("space", "comment"):
            yield _Token(kind, text[at:end], at, end)
        at = end


def _comment_end(text: str, at: int) -> int:
    depth = 1  # PostgreSQL's block comments nest
    while depth:
        close = text.find("*/", at)
        opened = text.find("/*", at)
        if close < 0:
            return len(text)
        if 0 <= opened < close:
            depth, at = depth + 1, opened + 2
        else:
            depth, at = depth - 1, close + 2
    return at


def _statement(tokens: list[_Token]) -> Iterator[Classified]:
    if not tokens:
        return
    words = [each.text.lower() if each.kind in ("word",) else each.text for each in tokens]
    first = words[0]
    span = (tokens[0].start, tokens[-1].end)
    led = _led(first, words, tokens)
    if led is not None:
        yield Classified(led[0], led[1], *span)
    called = False
    for each in _functions(words, tokens):
        called = True
        yield each
    if led is None and not called:
        yield Classified(Sql.OTHER, "", *span)


def _led(first: str, words: list[str], tokens: list[_Token]) -> tuple[Sql, str] | None:
    """The effect that the leading words of a statement have, if any."""
    second = words[1] if len(words) > 1 else ""
    match first:
        case "begin":
            return Sql.BEGIN, ""
        case "start" if second == "transaction":
            return Sql.BEGIN, ""
        case "commit" if second == "prepared":
            return None
        case "commit" | "end":
            return Sql.COMMIT, ""
        case "rollback" if second == "prepared":
            return None
        case "rollback" if "to" in words[1:4]:
            return Sql.SAVEPOINT, ""
        case "rollback" | "abort":
            return Sql.ROLLBACK, ""
        case "savepoint" | "release":
            return Sql.SAVEPOINT, ""
        case "prepare" if second == "transaction":
            return None
        case "prepare":
            return Sql.PREPARE, second
        case "execute":
            return Sql.EXECUTE, second
        case "deallocate":
            return Sql.DEALLOCATE, words[2] if second == "prepare" and len(words) > 2 else second
        case "discard":
            return Sql.DISCARD, second
        case "listen":
            return Sql.LISTEN, _name(tokens[1]) if len(tokens) > 1 else ""
        case "unlisten":
            return Sql.UNLISTEN, _name(tokens[1]) if len(tokens) > 1 else ""
        case "notify":
            return Sql.NOTIFY, _name(tokens[1]) if len(tokens) > 1 else ""
        case "load" if len(tokens) > 1 and tokens[1].kind == "string":
            return Sql.LOAD, ""
        case "set":
            return _set(words, tokens)
        case "reset":
            name = _setting(words, tokens, 1)
            return (Sql.SET_TRACKED, name) if name in TRACKED else (Sql.RESET, name)
        case "create":
            return _create(words, tokens)
        case "declare" if "hold" in words and words[words.index("hold") - 1] == "with":
            return Sql.HOLD_CURSOR, _name(tokens[1]) if len(tokens) > 1 else ""
        case _:
            return None


def _set(words: list[str], tokens: list[_Token]) -> tuple[Sql, str] | None:
    at, local = 1, False
    if len(words) > 1 and words[1] in ("local", "session"):
        local = words[1] == "local"
        following = words[2] if len(words) > 2 else ""
        if words[1] == "session" and following == "characteristics":
            return Sql.SET, "session characteristics"
        at = 2
    head = words[at] if len(words) > at else ""
    if head in ("transaction", "constraints"):
        return Sql.SET_LOCAL, head
    if head == "role":
        return (Sql.SET_LOCAL if local else Sql.SET_ROLE), "role"
    if head == "authorization" or (head == "session" and words[at + 1: at + 2] == ["authorization"]):
        return (Sql.SET_LOCAL if local else Sql.SET_ROLE), "session authorization"
    name = _setting(words, tokens, at)
    if not name:
        return None
    if name not in ("time zone", "timezone", "names", "schema", HOLE) and not _assigns(words[at:]):
        return None  # UPDATE … SET split off, or prose
    if local:
        return Sql.SET_LOCAL, name
    return (Sql.SET_TRACKED if name in TRACKED else Sql.SET), name


def _assigns(words: list[str]) -> bool:
    return any(each in ("=", "to") for each in words[1:8])


def _setting(words: list[str], tokens: list[_Token], at: int) -> str:
    """The name of a parameter at a position: ``a.b`` and ``TIME ZONE`` included."""
    if at >= len(words):
        return ""
    if tokens[at].kind == "hole":
        return HOLE
    if tokens[at].kind not in ("word", "quoted"):
        return ""
    name = _name(tokens[at]).lower()
    if name == "time" and words[at + 1: at + 2] == ["zone"]:
        return "timezone"
    if name == "names":
        return "client_encoding"
    if name == "schema" and at + 1 < len(tokens) and tokens[at + 1].kind in ("string", "place"):
        return "schema"
    while at + 2 < len(tokens) and tokens[at + 1].text == "." and tokens[at + 2].kind in ("word", "quoted", "hole"):
        name += "." + _name(tokens[at + 2]).lower()
        at += 2
    return name


def _create(words: list[str], tokens: list[_Token]) -> tuple[Sql, str] | None:
    at = 1
    if words[at: at + 1] and words[at] in ("global", "local"):
        at += 1
    if words[at: at + 1] not in (["temp"], ["temporary"]):
        return None
    at += 1
    if words[at: at + 1] not in (["table"], ["view"], ["sequence"], ["recursive"], ["unlogged"]):
        return None
    table = words[at] == "table"
    at += 1
    if words[at: at + 3] == ["if", "not", "exists"]:
        at += 3
    name = _name(tokens[at]) if at < len(tokens) else ""
    dropped = any(words[i: i + 3] == ["on", "commit", "drop"] for i in range(at, len(words)))
    return (Sql.TEMPORARY_TABLE_DROPPED if table and dropped else Sql.TEMPORARY_TABLE), name


def _functions(words: list[str], tokens: list[_Token]) -> Iterator[Classified]:
    for at, word in enumerate(words[:-1]):
        if words[at + 1] != "(" or tokens[at].kind != "word":
            continue
        span = (tokens[at].start, tokens[at].end)
        if word in _SESSION_LOCKS:
            yield Classified(Sql.LOCK, word, *span)
        elif word in _UNLOCKS:
            yield Classified(Sql.UNLOCK, word, *span)
        elif word in _XACT_LOCKS:
            yield Classified(Sql.XACT_LOCK, word, *span)
        elif word == "pg_notify":
            yield Classified(Sql.NOTIFY, _string(tokens, at + 2), *span)
        elif word == "set_config":
            arguments = _arguments(tokens, at + 1)
            name = _string(tokens, at + 2).lower()
            third = arguments[2][0].text.lower() if len(arguments) > 2 and len(arguments[2]) == 1 else ""
            third = third.strip("'")
            if third in ("true", "t", "on", "1", "yes"):
                yield Classified(Sql.SET_CONFIG_LOCAL, name, *span)
            elif third in ("false", "f", "off", "0", "no"):
                yield Classified(Sql.SET_TRACKED if name in TRACKED else Sql.SET_CONFIG, name, *span)


def _arguments(tokens: list[_Token], at: int) -> list[list[_Token]]:
    """The arguments of a call whose opening parenthesis stands at a position."""
    depth, found = 0, [[]]  # type: int, list[list[_Token]]
    for token in tokens[at:]:
        if token.kind == "sign" and token.text in "([":
            depth += 1
            if depth == 1:
                continue
        elif token.kind == "sign" and token.text in ")]":
            depth -= 1
            if depth == 0:
                break
        elif token.kind == "sign" and token.text == "," and depth == 1:
            found.append([])
            continue
        found[-1].append(token)
    return found


def _string(tokens: list[_Token], at: int) -> str:
    return tokens[at].text[1:-1] if at < len(tokens) and tokens[at].kind == "string" and tokens[at].text.startswith("'") else ""


def _name(token: _Token) -> str:
    return token.text[1:-1] if token.kind == "quoted" else token.text
