"""What a piece of SQL does to the session it runs in: a token classifier, no parser.

It reads only as far as it must: comments, quotes and dollar quotes are skipped as PostgreSQL's lexer
does (PostgreSQL documentation, section 4.1), placeholders of all drivers (``$1``, ``%s``, ``%(x)s``,
``:x``, ``?``) are tokens like others. A hole where code puts in text is written as ``\\x00``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from pooltlint.model.topology import Sql

HOLE = "\x00"
"""Stands for text that is put in at run time."""

TRACKED = frozenset(
    {"client_encoding", "datestyle", "timezone", "standard_conforming_strings", "application_name", "intervalstyle"}
)
"""Parameters PgBouncer restores per client: the first five always (``src/varcache.c``), IntervalStyle
by the default of ``track_extra_parameters`` (``src/main.c``, since 1.20)."""

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*|/\*)
    | (?P<string>[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z)|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z))
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z))
    | (?P<dollar>\$(?P<tag>[A-Za-z_\x80-\uffff][A-Za-z0-9_\x80-\uffff]*)?\$)
    | (?P<place>\$\d+|%\([^)]*\)[sbt]|%[sbt]\b|(?<!:):[A-Za-z_]\w*|\?)
    | (?P<word>[A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]*)
    | (?P<number>\d[\d.eE+]*)
    | (?P<hole>\x00)
    | (?P<sign>::|:=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SESSION_LOCKS = {
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
}
_UNLOCKS = {"pg_advisory_unlock", "pg_advisory_unlock_shared", "pg_advisory_unlock_all"}
_XACT_LOCKS = {
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
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

    Function calls with an effect (locks, ``set_config``, ``pg_notify``) count wherever they stand in a
    statement that runs them, the body of ``DO`` included. Text that is no SQL is ``OTHER``: a leading word
    counts only with what the grammar lets follow it (``gram.y``).
    """
    found: list[Classified] = []
    statement: list[_Token] = []
    body = 0  # of CREATE FUNCTION … BEGIN ATOMIC: its statements run elsewhere
    for token in _tokens(text[:_LONGEST]):
        word = token.text.lower() if token.kind == "word" else ""
        if (
            word == "atomic"
            and statement
            and statement[0].text.lower() == "create"
            and statement[-1].text.lower() == "begin"
        ):
            body = 1
        elif body and word == "case":
            body += 1
        elif body and word == "end":
            body -= 1
        if token.text == ";" and token.kind == "sign" and not body:
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
    words = [each.text.lower() if each.kind == "word" else each.text for each in tokens]
    first = words[0] if tokens[0].kind == "word" else ""
    span = (tokens[0].start, tokens[-1].end)
    led = _led(first, words, tokens)
    if led is not None:
        yield Classified(led[0], led[1], *span)
    called = False
    for each in _called(first, words, tokens):
        called = True
        yield each
    if led is None and not called:
        yield Classified(Sql.OTHER, "", *span)


def _called(first: str, words: list[str], tokens: list[_Token]) -> Iterator[Classified]:
    """The effects of the functions that a statement calls; definitions only name them."""
    if first == "do":
        for token in tokens[1:]:
            if token.kind == "string":
                opening = 1 if token.text.startswith("'") else token.text.find("$", 1) + 1
                inner = list(_tokens(token.text[opening : -opening or None]))
                for each in _functions([one.text.lower() for one in inner], inner):
                    shift = token.start + opening
                    yield Classified(each.sql, each.subject, each.start + shift, each.end + shift)
    elif first == "create":
        if words[1:3] == ["materialized", "view"] or ("as" in words and not _STORED & set(words[:6])):
            yield from _functions(words, tokens)
    elif first not in _DEFINES:
        yield from _functions(words, tokens)


def _led(first: str, words: list[str], tokens: list[_Token]) -> tuple[Sql, str] | None:
    """The effect that the leading words of a statement have, if any."""
    second, third = (*words[1:3], "", "")[:2]
    size = len(words)
    match first:
        case "begin" if second in _AFTER_BEGIN:
            return Sql.BEGIN, ""
        case "start" if second == "transaction":
            return Sql.BEGIN, ""
        case "commit" | "end" if second in _AFTER_END:
            return Sql.COMMIT, ""
        case "rollback" if "to" in words[1:3]:
            return Sql.SAVEPOINT, ""
        case "rollback" | "abort" if second in _AFTER_END:
            return Sql.ROLLBACK, ""
        case "savepoint" if size == 2:
            return Sql.SAVEPOINT, ""
        case "release" if size == 2 or (size == 3 and second == "savepoint"):
            return Sql.SAVEPOINT, ""
        case "prepare" if size > 3 and _is_name(tokens[1]) and _PREPARABLE & set(words[3:]) and third in ("as", "("):
            return Sql.PREPARE, _name(tokens[1])
        case "execute" if size > 1 and _is_name(tokens[1]) and third in ("", "("):
            return Sql.EXECUTE, _name(tokens[1])
        case "deallocate" if size == 2 or (size == 3 and second == "prepare"):
            return Sql.DEALLOCATE, _name(tokens[-1])
        case "discard" if size == 2 and second in ("all", "plans", "sequences", "temp", "temporary"):
            return Sql.DISCARD, second
        case "listen" if size == 2 and _is_name(tokens[1]):
            return Sql.LISTEN, _name(tokens[1])
        case "unlisten" if size == 2 and (_is_name(tokens[1]) or second == "*"):
            return Sql.UNLISTEN, _name(tokens[1])
        case "notify" if size > 1 and _is_name(tokens[1]) and third in ("", ","):
            return Sql.NOTIFY, _name(tokens[1])
        case "drop" if second == "table" and size > 2:
            at = 4 if words[2:4] == ["if", "exists"] else 2
            return (Sql.DROP_TABLE, _name(tokens[at])) if at < size and _is_name(tokens[at]) else None
        case "load" if size == 2 and tokens[1].kind == "string":
            return Sql.LOAD, ""
        case "set":
            return _set(words, tokens)
        case "reset" if size > 1:
            name = _setting(words, tokens, 1)
            if size > 2 and "." not in name and name not in ("timezone", "session", "transaction"):
                return None
            if name == "session":
                name = "session authorization"
            return (Sql.SET_TRACKED, name) if name in TRACKED else (Sql.RESET, name)
        case "create":
            return _create(words, tokens)
        case "select" | "with" if (made := _into(words, tokens)) is not None:
            return Sql.TEMPORARY_TABLE, made
        case "declare" if "cursor" in words[2:7]:
            declared = words[: words.index("for")] if "for" in words else words
            return (Sql.HOLD_CURSOR, _name(tokens[1])) if declared[-2:] == ["with", "hold"] else None
        case _:
            return None


_AFTER_BEGIN = frozenset({"", "work", "transaction", "isolation", "read", "not", "deferrable"})
_AFTER_END = frozenset({"", "work", "transaction", "and"})
_PREPARABLE = frozenset({"select", "insert", "update", "delete", "merge", "values", "with", HOLE})
_DEFINES = frozenset({"comment", "grant", "revoke", "alter", "drop", "set", "reset", "listen", "notify"})
"""Statements that may name a function without calling it."""
_STORED = frozenset({"function", "procedure", "view", "policy", "trigger", "rule", "aggregate", "operator", "cast"})
"""What CREATE keeps to be run later."""


def _set(words: list[str], tokens: list[_Token]) -> tuple[Sql, str] | None:
    at, local = 1, False
    if len(words) > 2 and words[1] in ("local", "session") and words[2] not in ("=", "to"):
        local = words[1] == "local"
        if words[1] == "session" and words[2] == "characteristics":
            return (Sql.SET, "session characteristics") if words[3:5] == ["as", "transaction"] else None
        at = 1 if words[1] == "session" and words[2] == "authorization" else 2
    head, following = (*words[at : at + 2], "", "")[:2]
    ends = len(words)
    if head == "transaction" and following in ("isolation", "read", "not", "deferrable", "snapshot"):
        return Sql.SET_LOCAL, head
    if head == "constraints" and words[-1] in ("deferred", "immediate"):
        return Sql.SET_LOCAL, head
    if head == "role" and ends == at + 2:
        return (Sql.SET_LOCAL if local else Sql.RESET if following == "none" else Sql.SET_ROLE), "role"
    if head in ("role", "session_authorization") and following in ("=", "to") and ends == at + 3:
        cleared = words[-1].strip("'") in ("none", "default")
        return (Sql.SET_LOCAL if local else Sql.RESET if cleared else Sql.SET_ROLE), head.replace("_", " ")
    if head == "xml" and following == "option" and words[-1] in ("document", "content"):
        return (Sql.SET_LOCAL if local else Sql.SET), "xmloption"
    if head == "session" and following == "authorization" and ends == at + 3:
        return (
            Sql.SET_LOCAL if local else Sql.RESET if words[-1] == "default" else Sql.SET_ROLE
        ), "session authorization"
    name = _setting(words, tokens, at)
    alone = head in ("time", "names", "schema") and name in ("timezone", "client_encoding", "search_path")
    if not name or not (alone or _assigns(words[at:], tokens[at:])):
        return None  # UPDATE … SET split off, or prose
    if local:
        return Sql.SET_LOCAL, name
    if words[-1] == "default" and not alone:
        return (Sql.SET_TRACKED if name in TRACKED else Sql.RESET), name
    return (Sql.SET_TRACKED if name in TRACKED else Sql.SET), name


def _assigns(words: list[str], tokens: list[_Token]) -> bool:
    """``name = …`` or ``name TO …``: one value or a list of them behind it, and no further words."""
    at = 1
    while words[at : at + 1] == ["."]:
        at += 2
    if words[at:] == ["from", "current"]:
        return True
    if words[at : at + 1] not in (["="], ["to"]) or len(words) < at + 2:
        return False
    loose = [each.kind in ("sign", "hole") for each in tokens[at + 1 :]]
    return all(one or other for one, other in pairwise(loose))


def _setting(words: list[str], tokens: list[_Token], at: int) -> str:
    """The name of a parameter at a position: ``a.b`` and ``TIME ZONE`` included."""
    if at >= len(words) or not _is_name(tokens[at]):
        return ""
    name = _name(tokens[at]).lower()
    if name == "time" and words[at + 1 : at + 2] == ["zone"]:
        return "timezone"
    if name == "names" and at + 2 >= len(tokens):
        return "client_encoding"
    if name == "schema" and at + 2 == len(tokens) and tokens[at + 1].kind in ("string", "place", "hole"):
        return "search_path"
    while at + 2 < len(tokens) and tokens[at + 1].text == "." and _is_name(tokens[at + 2]):
        name += "." + _name(tokens[at + 2]).lower()
        at += 2
    return name


def _into(words: list[str], tokens: list[_Token]) -> str | None:
    """The table of ``SELECT … INTO TEMP name``."""
    for at, word in enumerate(words[:-2]):
        if word == "into" and tokens[at].kind == "word" and words[at + 1] in ("temp", "temporary"):
            after = at + 3 if words[at + 2] == "table" else at + 2
            return _name(tokens[after]) if after < len(tokens) else ""
    return None


def _is_name(token: _Token) -> bool:
    return token.kind in ("word", "quoted", "hole")


def _create(words: list[str], tokens: list[_Token]) -> tuple[Sql, str] | None:
    at = 3 if words[1:3] == ["or", "replace"] else 1
    if words[at : at + 1] and words[at] in ("global", "local"):
        at += 1
    if words[at : at + 1] not in (["temp"], ["temporary"]):
        return None
    at += 1
    if words[at : at + 1] not in (["table"], ["view"], ["sequence"], ["recursive"]):
        return None
    table = words[at] == "table"
    at += 1
    if words[at : at + 3] == ["if", "not", "exists"]:
        at += 3
    name = _name(tokens[at]) if at < len(tokens) else ""
    dropped = any(words[i : i + 3] == ["on", "commit", "drop"] for i in range(at, len(words)))
    return (Sql.TEMPORARY_TABLE_DROPPED if table and dropped else Sql.TEMPORARY_TABLE), name


def _functions(words: list[str], tokens: list[_Token]) -> Iterator[Classified]:
    for at, word in enumerate(words[:-1]):
        if words[at + 1] != "(" or tokens[at].kind not in ("word", "quoted"):
            continue
        if at > 1 and words[at - 1] == "." and words[at - 2] != "pg_catalog":
            continue  # somebody's own function of that name
        word = _name(tokens[at]) if tokens[at].kind == "quoted" else word
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
            local = _boolean(arguments[2]) if len(arguments) > 2 else None
            if local is True:
                yield Classified(Sql.SET_CONFIG_LOCAL, name, *span)
            elif local is False:
                yield Classified(Sql.SET_TRACKED if name in TRACKED else Sql.SET_CONFIG, name, *span)


def _boolean(tokens: list[_Token]) -> bool | None:
    """A boolean constant, also ``is_local => true`` and ``true::bool``; ``None`` for anything else."""
    while len(tokens) > 2 and tokens[1].text in ("=", ":=") and tokens[0].kind == "word":
        tokens = tokens[3:] if tokens[2].text == ">" else tokens[2:]
    if len(tokens) == 3 and tokens[1].text == "::":
        tokens = tokens[:1]
    text = tokens[0].text.lower().strip("'") if len(tokens) == 1 else ""
    return (
        True if text in ("true", "t", "on", "1", "yes") else False if text in ("false", "f", "off", "0", "no") else None
    )


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
    return (
        tokens[at].text[1:-1]
        if at < len(tokens) and tokens[at].kind == "string" and tokens[at].text.startswith("'")
        else ""
    )


def _name(token: _Token) -> str:
    return token.text[1:-1] if token.kind == "quoted" else token.text
