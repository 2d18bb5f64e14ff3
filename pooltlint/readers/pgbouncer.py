"""pgbouncer.ini as PgBouncer itself reads it: effective settings, and what it stumbles over.

The grammar is that of ``lib/usual/cfparser.c`` (file) and ``src/loader.c`` (lines of ``[databases]``,
``[users]``, ``[peers]``) of PgBouncer 1.26; 1.12 and later differ only in names in single quotes (1.25)
and in the names they know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from posixpath import dirname, join, normpath

from msgspec import Struct

from pooltlint.model.facts import BouncerDatabase, BouncerFile, BouncerProblem, Setting
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, Span, line_starts, place
from pooltlint.model.url import MASK, mask
from pooltlint.outline.nodes import Comment
from pooltlint.poolers.pgbouncer import (
    LONGEST_DATABASE_NAME,
    MISNAMED,
    RESERVED_DATABASE,
    SETTINGS,
    TLS_PROTOCOLS,
    Kind,
    Known,
    Scope,
    Version,
    default,
    guessable,
    known,
)

Include = Callable[[str], bytes | None]
"""Bytes of a file below the audited root, by its path relative to the root; ``None`` when there is none."""

MOST_BYTES = 1_000_000
"""Larger files, and larger sums of included files, are not read."""

MOST_FAULTS = 200
"""After so many faults a file is not read on."""

_DEEPEST_INCLUDE = 10  # MAX_INCLUDE of cfparser.c
_SPACE = b" \t\n\v\f\r"  # isspace() of the C locale, in which PgBouncer reads its file
_BLANK = b" \t"
_NAME = re.compile(rb"[A-Za-z0-9_.*-]*")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HOLE = re.compile(
    r"\$\{|\{\{|\{%|<%|%\{|#\{|@[A-Z][A-Z0-9_]+@|\b__[A-Z][A-Z0-9_]*__\b"
    r"|(?:^|[=\s,:@/'\"])\$\(?[A-Za-z_]\w*|<[A-Za-z][\w .-]*>"
)
_BLOCK = re.compile(rb"<%|\{%|\{\{")
_WHOLE_LINE_COMMENT = re.compile(rb"(?m)^[ \t]*[#;].*$")
_REMARK = re.compile(r"(?:^|(?<=\s))[#;]")
_GLUED_REMARK = re.compile(r"[#;]")
_REMARK_IN_SQL = re.compile(r"(?<=\s)#(?=\s|$)|^[#;]")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?0[xX][0-9a-fA-F]+", re.A)
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)", re.A)
_BOUNDLESS = re.compile(r"(?i)[+]?(?:inf|infinity|nan)")  # strtod() takes them; for how long, nobody knows
_BINARY = re.compile(r"[+-]?0[bB][01]+")  # accepted or not by the C library that PgBouncer was built with
_ATOI = re.compile(r"\s*([+-]?\d+)", re.A)
_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", re.A)
_SECONDS = {
    "ms": 0.001,
    "msec": 0.001,
    "millis": 0.001,
    "milliseconds": 0.001,
    "s": 1,
    "sec": 1,
    "secs": 1,
    "second": 1,
    "seconds": 1,
    "m": 60,
    "min": 60,
    "mins": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
    "hours": 3600,
    "d": 86400,
    "day": 86400,
    "days": 86400,
}
_TRUE = {"true", "on", "yes", "y", "t", "enable", "enabled"}
_FALSE = {"false", "off", "no", "n", "f", "disable", "disabled", "none"}
_MEANT = {
    "tx": "transaction",
    "txn": "transaction",
    "trans": "transaction",
    "xact": "transaction",
    "transactional": "transaction",
    "stmt": "statement",
    "sess": "session",
    "scram": "scram-sha-256",
    "scram-sha256": "scram-sha-256",
    "scram_sha_256": "scram-sha-256",
    "scram-sha-256-plus": "scram-sha-256",
    "password": "md5",
    "none": "trust",
    "disabled": "disable",
    "off": "disable",
    "no": "disable",
    "false": "disable",
    "0": "disable",
    "required": "require",
    "on": "require",
    "true": "require",
    "yes": "require",
    "1": "require",
    "verify_ca": "verify-ca",
    "verify_full": "verify-full",
    "verify": "verify-full",
}
_FILE_MODES = {"600", "640", "644", "660", "666", "700", "750", "755", "760", "770", "775", "777"}
_CONNECTION_LINE = re.compile(r"\s*(?:host|port|dbname|user|password|auth_user|pool_size|pool_mode)\s*=")


class _Line(Struct, frozen=True):
    """One thing that cfparser.c sees. ``kind``: ``section``, ``pair``, ``include``, ``remark`` or ``broken``."""

    kind: str
    span: Span
    name: str = ""
    value: bytes = b""
    value_span: Span = (0, 0)
    quoted: bool = False


class _Fault(Struct, frozen=True):
    """A fault of one value, before it has a place. ``span`` counts from the start of the value."""

    code: str
    message: str
    remedy: str
    fatal: bool = True
    span: Span | None = None


@dataclass
class _Source:
    """One file while it is read."""

    path: str
    lines: list[int]
    template: bool

    def at(self, span: Span) -> Place:
        return place(self.path, self.lines, span)


@dataclass
class _Reading:
    """What has been understood so far. ``section``: ``None`` before the first one, ``"?"`` where it is not known."""

    base: str
    include: Include | None
    section: str | None = None
    settings: dict[str, Setting] = field(default_factory=dict)
    databases: dict[str, BouncerDatabase] = field(default_factory=dict)
    users: dict[str, BouncerDatabase] = field(default_factory=dict)
    faults: dict[tuple[Place, str], BouncerProblem] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    main: Place | None = None
    reset: dict[str, Setting] = field(default_factory=dict)
    reopened: Place | None = None
    serves: bool = False
    template: bool = False
    partial: bool = False
    bytes_left: int = MOST_BYTES

    def fault(self, at: Place, fault: _Fault) -> None:
        found = BouncerProblem(fault.code, at, fault.message, fault.remedy, fault.fatal)
        self.faults.setdefault((at, fault.code), found)


def looks_like(data: bytes) -> bool:
    """Whether an ini file is PgBouncer's: its sections are, give or take a slip, and a name in them is too."""
    if b"pgbouncer]" not in data.lower() and b"[databases]" not in data:
        return False
    names = foreign = 0
    current = ""
    for each in _scan(data[:MOST_BYTES].partition(b"\0")[0]):
        if each.kind == "section":
            current = each.name.strip().lower()
            current = current if current in SETTINGS else _nearest(current, list(SETTINGS)) or ""
            foreign += not current and not _HOLE.search(each.name)
            if foreign > 1:
                return False
        elif each.kind == "pair" and current == Scope.GLOBAL:
            names += known(Scope.GLOBAL, each.name.lower()) is not None
        elif each.kind == "pair" and current == Scope.DATABASE:
            names += bool(_CONNECTION_LINE.match(_text(each.value)))
    return names > 0


def read(path: str, data: bytes, include: Include | None = None) -> BouncerFile:
    """Read one pgbouncer.ini.

    ``include`` gives the bytes of files named by ``%include``; without it, or where it has none, what
    the missing file says is unknown (``partial``). Passwords are dropped. Never raises on bad input.
    """
    starts = line_starts(data)
    if len(data) > MOST_BYTES:
        return BouncerFile(
            path,
            {},
            (),
            (),
            (),
            problems=(Problem(path, 0, f"not read: {len(data)} bytes, which is more than any pgbouncer.ini has"),),
            partial=True,
            lines=starts,
        )
    reading = _Reading(dirname(path), include)
    comments: list[Comment] = []
    _read_file(reading, path, data, starts, 0, comments)
    _judge_whole(reading, _Source(path, starts, reading.template), data)
    return BouncerFile(
        path=path,
        settings=reading.settings,
        databases=tuple(reading.databases.values()),
        users=tuple(reading.users.values()),
        faults=tuple(sorted(reading.faults.values(), key=lambda each: (each.at.path != path, each.at, each.code))),
        includes=tuple(dict.fromkeys(reading.includes)),
        template=reading.template,
        partial=reading.partial,
        problems=tuple(reading.problems),
        comments=tuple(comments),
        lines=starts,
        reset=tuple(each for name, each in reading.reset.items() if name not in reading.settings),
        reopened=reading.reopened,
    )


def _scan(data: bytes) -> Iterator[_Line]:
    """The loop of ``parse_ini_file_internal``; unlike PgBouncer it goes on with the next line after a syntax error."""
    at, size = 0, len(data)
    if data.startswith(_BYTE_ORDER_MARK):
        at = len(_BYTE_ORDER_MARK)
        yield _Line("broken", (0, at), value=_BYTE_ORDER_MARK)
    while True:
        while at < size and data[at] in _SPACE:
            at += 1
        if at >= size:
            return
        end = data.find(b"\n", at)
        end = size if end < 0 else end
        if data.startswith(b"%include", at) and data[at + 8 : at + 9] in (b" ", b"\t"):
            start, stop = _trim(data, at + 8, end)
            yield _Line("include", (start, stop), value=data[start:stop])
        elif data[at] in b"#;":
            yield _Line("remark", (at, end), value=data[at:end])
        elif data[at] == ord("["):
            close = data.find(b"]", at, end)
            if close >= 0:
                yield _Line("section", (at + 1, close), _text(data[at + 1 : close]))
                at = close + 1
                continue
            yield _broken(data, at, end)
        else:
            yield _pair(data, at, end) or _broken(data, at, end)
        at = end


def _pair(data: bytes, at: int, end: int) -> _Line | None:
    quoted = data[at] == ord("'")
    if quoted:
        start, stop = at + 1, data.find(b"'", at + 1, end)
        after = stop + 1
    else:
        found = _NAME.match(data, at, end)
        assert found is not None  # it matches the empty name too
        start, stop = found.span()
        after = stop
    if stop <= start:
        return None
    while after < end and data[after] in _BLANK:
        after += 1
    if after >= end or data[after] != ord("="):
        return None
    first, last = _trim(data, after + 1, end)
    return _Line("pair", (start, stop), _text(data[start:stop]), data[first:last], (first, last), quoted)


def _broken(data: bytes, at: int, end: int) -> _Line:
    start, stop = _trim(data, at, end)
    return _Line("broken", (start, stop), value=data[start:stop])


def _trim(data: bytes, start: int, end: int) -> Span:
    while start < end and data[start] in _BLANK:
        start += 1
    while end > start and data[end - 1] in _SPACE:
        end -= 1
    return start, end


def _read_file(
    reading: _Reading, path: str, data: bytes, starts: list[int], depth: int, comments: list[Comment] | None
) -> None:
    zero = data.find(b"\0")
    source = _Source(path, starts, _is_template(data))
    reading.template |= source.template
    if zero >= 0:
        reading.partial = True
        reading.problems.append(Problem(path, source.at((zero, zero + 1)).line, "not text from here on: a zero byte"))
        data = data[:zero]
    before: _Line | None = None
    for line in _scan(data):
        if len(reading.faults) >= MOST_FAULTS:
            reading.partial = True
            reading.problems.append(Problem(path, source.at(line.span).line, f"not read on after {MOST_FAULTS} faults"))
            return
        if line.kind == "remark":
            if comments is not None and b"pooltlint" in line.value:
                comments.append(Comment(_text(line.value).lstrip("#;").strip(), line.span))
            continue
        if _continues(reading, before):
            before = line
            continue
        if line.kind == "section":
            _enter(reading, source, line)
        elif line.kind == "include":
            _follow(reading, source, line, depth)
        elif line.kind == "broken":
            if not source.template and reading.section != "?":
                span, fault = _syntax_fault(line, before)
                reading.fault(source.at(span), fault)
        elif reading.section is None:
            if not source.template:
                reading.fault(
                    source.at(line.span),
                    _Fault(
                        "no-section",
                        f"PgBouncer does not start: `{line.name}` stands before any section (`value without section`).",
                        "Put `[pgbouncer]` on a line of its own above it.",
                    ),
                )
                reading.section = "?"
        elif reading.section != "?":
            _take(reading, source, line)
        before = line


def _continues(reading: _Reading, before: _Line | None) -> bool:
    """Whether the line before ends in a backslash, in a section where that alone is the fault."""
    entries = (Scope.DATABASE, Scope.USER, Scope.PEER)
    return before is not None and before.kind == "pair" and before.value.endswith(b" \\") and reading.section in entries


def _is_template(data: bytes) -> bool:
    """Whether somebody else fills parts of the file in; a mere mention in a comment does not count."""
    text = _text(_WHOLE_LINE_COMMENT.sub(b"", data))
    return bool(_BLOCK.search(data)) or any(_HOLE.search(each) for each in text.split("\n"))


def _enter(reading: _Reading, source: _Source, line: _Line) -> None:
    name = line.name
    at = source.at((line.span[0] - 1, line.span[1] + 1))
    if name not in SETTINGS:
        reading.section = "?"
        if source.template or _HOLE.search(name):
            return
        near = _nearest(name.strip().lower(), list(SETTINGS))
        known_ones = "`[databases]`, `[users]`, `[peers]` and `[pgbouncer]`"
        reading.fault(
            at,
            _Fault(
                "unknown-section",
                f"PgBouncer does not start: it has no section `[{_shown(name)}]` (`invalid section`); "
                f"it knows {known_ones}, in lower case and without blanks.",
                f"Write `[{near}]`." if near else f"Remove the section, or use one of {known_ones}.",
            ),
        )
        if not near:
            return
        name = near
    elif name == Scope.GLOBAL:
        if reading.settings:  # fill_defaults(): every [pgbouncer] header starts from the defaults again
            reading.reset |= reading.settings
            reading.reopened = at
        reading.settings = {}
    reading.section = name
    if name == Scope.GLOBAL:
        reading.main = reading.main or at
    reading.serves |= name == Scope.DATABASE


def _follow(reading: _Reading, source: _Source, line: _Line, depth: int) -> None:
    name = _text(line.value)
    reading.includes.append(name)
    data, path = _included(reading, name)
    if data is None:
        reading.partial = True
        reading.section = "?"
        head, remark = _split(_REMARK, name)
        bare = name.strip("'\"")
        if head and remark:
            reading.fault(
                source.at(line.span),
                _Fault(
                    "inline-comment",
                    f"PgBouncer does not start: it looks for a file named `{_shown(name)}`; "
                    "a comment has to stand on its own line.",
                    f"Write `%include {_shown(head)}`.",
                ),
            )
        elif bare != name and name[0] == name[-1]:
            reading.fault(
                source.at(line.span),
                _Fault(
                    "quoted",
                    f"PgBouncer does not start: it looks for a file whose name has the quotes in it, {_shown(name)}.",
                    f"Write `%include {_shown(bare)}`.",
                ),
            )
        return
    if depth >= _DEEPEST_INCLUDE:
        reading.fault(
            source.at(line.span),
            _Fault(
                "include",
                f"PgBouncer does not start: `%include {_shown(name)}` is the eleventh file deep "
                "(`include nesting level too deep`).",
                "Break the circle of files that include one another.",
            ),
        )
        return
    reading.bytes_left -= len(data) + 1000
    if reading.bytes_left < 0:
        reading.partial = True
        reading.section = "?"
        return
    _read_file(reading, path, data, line_starts(data), depth + 1, None)


def _included(reading: _Reading, name: str) -> tuple[bytes | None, str]:
    """PgBouncer opens the path from its working directory; that is the root, or else where the main file lies."""
    if not name or name.startswith(("/", "~")) or _HOLE.search(name) or reading.include is None:
        return None, ""
    for path in dict.fromkeys((normpath(name), normpath(join(reading.base, name)))):
        if path != ".." and not path.startswith(("../", "/")):
            data = reading.include(path)
            if data is not None:
                return data, path
    return None, ""


def _syntax_fault(line: _Line, before: _Line | None) -> tuple[Span, _Fault]:
    text = _text(line.value)
    start = line.span[0]
    log = "(`syntax error in configuration`)"
    if line.value == _BYTE_ORDER_MARK:
        return line.span, _Fault(
            "bom",
            f"PgBouncer does not start: the file begins with a UTF-8 byte order mark {log}.",
            "Save the file as UTF-8 without byte order mark.",
        )
    if text.startswith("["):
        return line.span, _Fault(
            "syntax", f"PgBouncer does not start: the section name is not closed {log}.", "Write `]` after it."
        )
    if text.startswith("%include"):
        return line.span, _Fault(
            "include",
            f"PgBouncer does not start: `%include` wants a blank and the name of a file after it {log}.",
            "Write `%include FILE`.",
        )
    quoted = re.match(r"\"([^\"]+)\"\s*=", text)
    if quoted:
        plain = _NAME.fullmatch(quoted[1].encode()) is not None
        return (start, start + len(quoted[1].encode()) + 2), _Fault(
            "quoted",
            f'PgBouncer does not start: a name in double quotes is a syntax error, here "{_shown(quoted[1])}" {log}.',
            f"Write `{quoted[1]} = …`." if plain else f"Write `'{_shown(quoted[1])}' = …` (PgBouncer 1.25 and later).",
        )
    colon = re.match(r"([\w.*-]+)\s*(:)", text)
    if colon:
        shown = _shown(text[colon.end() :].strip()) if _is_word(colon[1]) and colon[1] != "password" else "…"
        sep = start + len(text[: colon.start(2)].encode())
        return (sep, sep + 1), _Fault(
            "syntax",
            f"PgBouncer does not start: only `=` separates a name from its value, here stands `:` {log}.",
            f"Write `{colon[1]} = {shown}`.",
        )
    if before is not None and before.kind == "pair" and before.value.endswith(b"\\"):
        return line.span, _Fault(
            "syntax",
            f"PgBouncer does not start: no value goes on on the next line, the backslash above is part of it {log}.",
            f"Write all of `{before.name}` on one line.",
        )
    if text.startswith(("//", "--", "/*", "!")):
        return line.span, _Fault(
            "syntax", f"PgBouncer does not start: comments begin with `;` or `#` {log}.", "Begin the line with `;`."
        )
    head, equals, _ = text.partition("=")
    odd = re.sub(r"[A-Za-z0-9_.*-]", "", head.strip())
    if equals and head.strip() and odd:
        return (start, start + len(head.rstrip().encode())), _Fault(
            "syntax",
            f"PgBouncer does not start: `{_shown(head.strip())}` has characters that no name may have; "
            f"letters, digits and `_.-*` can {log}.",
            f"Write `'{_shown(head.strip())}' = …` (PgBouncer 1.25 and later), or choose a plainer name.",
        )
    return line.span, _Fault(
        "syntax",
        f"PgBouncer does not start: this line is neither `name = value` nor a comment, and a value does not go on "
        f"over several lines {log}.",
        "Write `name = value` on one line, or begin the line with `;`.",
    )


def _take(reading: _Reading, source: _Source, line: _Line) -> None:
    if line.quoted:
        reading.fault(
            source.at((line.span[0] - 1, line.span[1] + 1)),
            _Fault(
                "quoted-name",
                f"PgBouncer before 1.25 does not start: it takes the name in quotes, '{_shown(line.name)}', "
                "for a syntax error.",
                "Run PgBouncer 1.25 or later, or choose a name of letters, digits and `_.-*`.",
                fatal=False,
            ),
        )
    if reading.section == Scope.GLOBAL:
        _take_setting(reading, source, line)
    else:
        assert reading.section is not None
        _take_entry(reading, source, line, Scope(reading.section))


def _take_setting(reading: _Reading, source: _Source, line: _Line) -> None:
    raw = _text(line.value)
    found = known(Scope.GLOBAL, line.name)
    if found is None:
        fault = _unknown_setting(line.name, raw)
        if not source.template or fault.code != "unknown-key":
            reading.fault(source.at(line.span), fault)
        return
    if found.until:
        reading.fault(
            source.at(line.span),
            _Fault(
                "removed",
                f"PgBouncer {_release(found.until)} and later does not start: `{found.name}` was removed "
                f"(`unknown parameter: pgbouncer/{found.name}`).",
                "Remove the line.",
                fatal=False,
            ),
        )
    text, odd = _value(found, raw)
    if odd and not source.template:
        span = _shifted(raw, line.value_span[0], odd.span) if odd.span else line.value_span
        reading.fault(source.at(line.span if span[0] == span[1] else span), odd)
    reading.settings[found.name] = Setting(found.name, text, source.at(line.value_span), source.at(line.span))


def _unknown_setting(name: str, raw: str) -> _Fault:
    log = f"(`unknown parameter: pgbouncer/{_shown(name)}`)"
    if name.lower() in SETTINGS[Scope.GLOBAL] and name.lower() != name:
        return _Fault(
            "wrong-case",
            f"PgBouncer does not start: `{_shown(name)}` is not `{name.lower()}`, names are case-sensitive {log}.",
            f"Write `{name.lower()} = {_shown(raw)}`.",
        )
    if name in {"client_encoding", "timezone", "datestyle", "connect_query", "dbname", "password"}:
        return _Fault(
            "wrong-section",
            f"PgBouncer does not start: `{name}` belongs to a database, not to `[pgbouncer]` {log}.",
            f"Write `{name}=…` into the line of the database under `[databases]`.",
        )
    if _CONNECTION_LINE.match(raw):
        return _Fault(
            "wrong-section",
            f"PgBouncer does not start: the database `{_shown(name)}` stands in `[pgbouncer]` instead of "
            f"`[databases]` {log}.",
            "Move the line up under `[databases]`.",
        )
    meant = MISNAMED[Scope.GLOBAL].get(name)
    scope = next((each for each in (Scope.DATABASE, Scope.USER) if known(each, name)), None)
    if scope:
        return _Fault(
            "wrong-section",
            f"PgBouncer does not start: `{name}` is a setting of one line of `[{scope}]`, not of `[pgbouncer]` {log}.",
            (f"Write `{meant} = {_shown(raw)}` here, or " if meant else "Write ")
            + f"`{name}={_shown(raw)}` in a line of `[{scope}]`.",
        )
    meant = meant or _nearest(name.lower().replace("-", "_"), list(SETTINGS[Scope.GLOBAL]))
    return _Fault(
        "unknown-key",
        f"PgBouncer does not start: it has no setting `{_shown(name)}` {log}.",
        f"Did you mean `{meant}`?" if meant else "Remove the line.",
    )


def _value(found: Known, raw: str) -> tuple[str | None, _Fault | None]:
    """What a ``[pgbouncer]`` value is taken for, and what is wrong with it. ``None`` where it is not known."""
    if found.kind is Kind.SECRET:
        return MASK if raw else "", None
    if _HOLE.search(raw):
        return None, None
    if found.kind in (Kind.TEXT, Kind.LABEL, Kind.SQL, Kind.PROTOCOLS):
        return mask(raw), _text_fault(found, raw)
    text = _plain(found, raw)
    if text is not None:
        return text, _misread(found, raw)
    return None, _refused(found, raw)


def _plain(found: Known, raw: str) -> str | None:
    """The value as ``SHOW CONFIG`` would have it, or ``None`` when PgBouncer refuses it."""
    if found.kind is Kind.CHOICE:
        return raw.lower() if raw.lower() in found.choices else None
    if found.kind is Kind.PROTOCOLS:
        parts = [each.lstrip(" \t").removeprefix("!").lower() for each in re.split("[,:]", raw)]
        return raw if not raw or all(each in TLS_PROTOCOLS for each in parts) else None
    if found.kind is Kind.SECONDS:
        return _seconds(raw)
    number = integer(raw)
    return None if number is None else str(number)


def integer(raw: str) -> int | None:
    """C's ``strtol(…, 0)`` cut to an ``int``: ``0x`` hexadecimal, leading zero octal; ``None`` where it stops."""
    if len(raw) > 40 or not _INTEGER.fullmatch(raw):
        return None
    digits = raw.lstrip("+-")
    number = int(digits, 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") else 10)
    number = min(max(-number if raw.startswith("-") else number, -(2**63)), 2**63 - 1)
    return (number + 2**31) % 2**32 - 2**31


def _seconds(raw: str) -> str | None:
    if len(raw) > 40 or not _DECIMAL.fullmatch(raw):
        return None
    number = float(int(raw, 16)) if "x" in raw.lower() else float(raw)
    if number < 0 or number > 1e300:
        return None
    return str(int(number)) if number == int(number) else repr(number)


def _misread(found: Known, raw: str) -> _Fault | None:
    """Accepted, but for another number than it looks like."""
    if found.kind is not Kind.INTEGER and found.kind is not Kind.BOOLEAN:
        return None
    digits = raw.lstrip("+-")
    if found.name == "unix_socket_mode":
        if digits in _FILE_MODES:
            return _Fault(
                "octal",
                f"PgBouncer reads `{found.name} = {raw}` as a decimal number: the socket gets mode "
                f"0{int(digits):o}, not 0{digits}.",
                f"Write `{found.name} = 0{digits}`.",
                fatal=False,
            )
        return None
    if len(digits) > 1 and digits.startswith("0") and _is_decimal(digits) and integer(raw) != int(raw):
        return _Fault(
            "octal",
            f"PgBouncer reads `{found.name} = {raw}` as {integer(raw)}: a leading zero makes a number octal.",
            f"Write `{found.name} = {int(raw)}`.",
            fatal=False,
        )
    if _is_decimal(digits) and found.name != "max_packet_size" and int(digits[:25]) > 2**31 - 1:
        return _Fault(
            "too-large",
            f"PgBouncer keeps the low 32 bits of `{raw}`: `{found.name}` becomes {integer(raw)}.",
            f"Write `{found.name} = {2**31 - 1}` at most.",
            fatal=False,
        )
    return None


def _refused(found: Known, raw: str) -> _Fault | None:
    """Why PgBouncer does not start with a value that is no number or word it knows."""
    name = found.name
    log = f'(`invalid value "{_shown(raw)}" for parameter {name}`)'
    if found.kind is Kind.PROTOCOLS:
        log = f"(`invalid {name}: {_shown(raw)}`)"
    head, remark = _split(_GLUED_REMARK, raw)
    if remark:
        meant = head if _plain(found, head) is not None else _repaired(found, head)
        if meant is not None or not head:
            return _Fault(
                "inline-comment",
                f"PgBouncer does not start: what looks like a comment is part of the value of {name}; "
                f"only whole lines can be comments {log}.",
                f"Write `{name} = {meant}` and put the comment on a line of its own."
                if meant
                else f"Put the comment on a line of its own, and give `{name}` a value or remove it.",
                span=(len(raw) - len(remark), len(raw)),
            )
    if not raw:
        return _Fault(
            _CODES[found.kind],
            f"PgBouncer does not start: `{name}` has no value {log}.",
            f"Write `{name} = {_example(found)}`, or remove the line.",
        )
    if _BINARY.fullmatch(raw) or (found.kind is Kind.SECONDS and _BOUNDLESS.fullmatch(raw)):
        return None
    if len(raw) > 1 and raw[0] in "'\"" and raw[-1] == raw[0]:
        inner = raw[1:-1].strip()
        meant = inner if _plain(found, inner) is not None else _repaired(found, inner)
        return _Fault(
            "quoted",
            f"PgBouncer does not start: the quotes are part of the value of {name}, which has to be "
            f"{_wanted(found)} {log}.",
            f"Write `{name} = {meant or _example(found)}`.",
        )
    meant = _repaired(found, raw)
    if found.kind is Kind.INTEGER and _is_decimal(raw.lstrip("+-")):
        return _Fault(
            "octal",
            f"PgBouncer does not start: a leading zero makes `{raw}` an octal number, which has no 8 or 9 {log}.",
            f"Write `{name} = {meant}`.",
        )
    return _Fault(
        _CODES[found.kind],
        f"PgBouncer does not start: `{name}` has to be {_wanted(found)}, not `{_shown(raw)}` {log}.",
        f"Write `{name} = {meant}`." if meant is not None else f"Write `{name} = {_example(found)}`, for example.",
    )


_CODES = {
    Kind.INTEGER: "not-an-integer",
    Kind.BOOLEAN: "not-a-boolean",
    Kind.SECONDS: "not-a-duration",
    Kind.CHOICE: "not-a-choice",
    Kind.PROTOCOLS: "not-a-choice",
}


def _wanted(found: Known) -> str:
    if found.kind is Kind.CHOICE:
        return ", ".join(f"`{each}`" for each in found.choices[:-1]) + f" or `{found.choices[-1]}`"
    return {
        Kind.BOOLEAN: "`0` or `1`",
        Kind.SECONDS: "a plain number of seconds, without a unit",
        Kind.PROTOCOLS: "a list of " + ", ".join(f"`{each}`" for each in TLS_PROTOCOLS),
    }.get(found.kind, "a whole number")


def _example(found: Known) -> str:
    if found.kind is Kind.CHOICE:
        return found.choices[0] if found.name != "auth_type" else "scram-sha-256"
    return default(found.name, (1, 26, 1)) or "1"


def _repaired(found: Known, raw: str) -> str | None:
    """What somebody who wrote ``raw`` most likely meant."""
    word = raw.strip("'\"` ").lower()
    if len(word) > 40:
        return None
    if found.kind is Kind.BOOLEAN:
        return "1" if word in _TRUE else "0" if word in _FALSE else None
    if found.kind is Kind.CHOICE:
        meant = _MEANT.get(word)
        return meant if meant in found.choices else _nearest(word, list(found.choices))
    unit = _UNIT.fullmatch(word)
    if found.kind is Kind.SECONDS:
        if unit and unit[2] in _SECONDS:
            return f"{float(unit[1]) * _SECONDS[unit[2]]:.10g}"
        return word if _seconds(word) is not None else None
    if found.kind is Kind.INTEGER:
        if unit and unit[2] in ("k", "m"):
            return f"{float(unit[1]) * {'k': 1000, 'm': 1_000_000}[unit[2]]:.10g}"
        if unit and unit[2] in _SECONDS:
            return f"{float(unit[1]) * _SECONDS[unit[2]]:.0f}"
        if re.fullmatch(r"\d+(?:[_,]\d{3})+", word, re.A):
            return re.sub("[_,]", "", word)
        if re.fullmatch(r"\d+\.\d*|\d+", word, re.A) and len(word) < 15:
            return str(round(float(word)))
    return None


_NO_SUCH_HOST = "PgBouncer does not start: no host has this name (`getaddrinfo`). "


def _text_fault(found: Known, raw: str) -> _Fault | None:
    """What PgBouncer takes into a text value though it was hardly meant to be there."""
    name = found.name
    if found.kind in (Kind.LABEL, Kind.PROTOCOLS):
        return None
    if name == "auth_dbname" and raw == RESERVED_DATABASE:
        return _Fault(
            "reserved",
            "PgBouncer does not start: `pgbouncer` is its own console and cannot be the `auth_dbname` "
            '(`cannot use the reserved "pgbouncer" database as an auth_dbname`).',
            "Name a database of the server, for example `auth_dbname = postgres`.",
        )
    head, remark = _split(_REMARK_IN_SQL if found.kind is Kind.SQL else _REMARK, raw)
    if remark:
        return _Fault(
            "inline-comment",
            (_NO_SUCH_HOST if name == "listen_addr" else "")
            + f"PgBouncer takes the comment into the value: `{name}` is `{_shown(raw)}`, up to the end of the line.",
            f"Write `{name} = {_shown(head)}`".replace(" = `", " =`") + " and put the comment on a line of its own.",
            fatal=name == "listen_addr",
            span=(len(raw) - len(remark), len(raw)),
        )
    if len(raw) > 1 and raw[0] in "'\"" and raw[-1] == raw[0] and raw[0] not in raw[1:-1]:
        return _Fault(
            "quoted",
            (_NO_SUCH_HOST if name == "listen_addr" else "")
            + f"PgBouncer does not take quotes off: they become part of `{name}`, {_shown(raw)}.",
            f"Write `{name} = {_shown(raw[1:-1])}`.",
            fatal=name == "listen_addr",
        )
    return None


# --- lines of [databases], [users] and [peers] --------------------------------------------------


class _Item(Struct, frozen=True):
    """One ``key=value`` of a connection line, as ``cstr_get_pair`` cuts it. ``apart``: a blank before the value."""

    key: str
    value: str
    key_span: Span
    span: Span
    quoted: bool = False
    apart: bool = False


class _Stop(Struct, frozen=True):
    """Where ``cstr_get_pair`` gives up. ``why``: ``key``, ``empty`` or ``unclosed``."""

    why: str
    span: Span
    key: str = ""


def _items(data: bytes) -> Iterator[_Item | _Stop]:
    at, size = 0, len(data)

    def skip(start: int) -> int:
        while start < size and data[start] == 32:
            start += 1
        return start

    while (at := skip(at)) < size:
        start = at
        while at < size and data[at] not in b"= ":
            at += 1
        key_span = (start, at)
        key = _text(data[start:at])
        at = skip(at)
        if at >= size or data[at] != ord("=") or not key:
            yield _Stop("key", key_span if key else (start, min(start + 1, size)), key)
            return
        equals = at
        at = first = skip(at + 1)
        quoted = at < size and data[at] == ord("'")
        if quoted:
            at += 1
            content = bytearray()
            while True:
                close = data.find(b"'", at)
                if close < 0:
                    yield _Stop("unclosed", (first, size), key)
                    return
                content += data[at:close]
                at = close + 1
                if data[at : at + 1] != b"'":
                    break
                content += b"'"
                at += 1
            value = bytes(content)
        else:
            while at < size and data[at] != 32:
                at += 1
            value = data[first:at]
        if not value:
            yield _Stop("empty", key_span if first >= at else (first, at), key)
            return
        yield _Item(key, _text(value), key_span, (first, at), quoted, first > equals + 1)
        at += 1  # whatever stands behind a closing quote is dropped


def _take_entry(reading: _Reading, source: _Source, line: _Line, scope: Scope) -> None:
    offset = line.value_span[0]
    whole = _text(line.value)
    holed = bool(_HOLE.search(whole))
    settings: dict[str, Setting] = {}
    password: Place | None = None

    def report(span: Span | None, fault: _Fault) -> None:
        if source.template and fault.code in _VALUE_CODES:
            return
        at = source.at((offset + span[0], offset + span[1]) if span else line.span)
        if fault.fatal and scope is Scope.DATABASE and line.name == "*":
            fault = _for_fallback(fault)
        reading.fault(at, fault)

    fault_of_name = _name_fault(scope, line.name)
    if fault_of_name:
        reading.fault(source.at(line.span), fault_of_name)
    misplaced = _misplaced(scope, line.name, whole)
    if misplaced:
        reading.fault(source.at(line.span), misplaced)
        return
    for item in _items(line.value):
        if isinstance(item, _Stop):
            if not holed:
                fault = _stop_fault(scope, line.name, whole, item, list(settings))
                report(_widened(item.span, fault, line), fault)
            break
        found = known(scope, item.key)
        if found is None:
            if not (holed and _HOLE.search(item.key)):
                fault = _unknown_item(scope, line.name, item, list(settings))
                report(_widened(item.key_span, fault, line), fault)
            break
        text, odd = _item_value(found, item)
        if odd:
            report(item.span, odd)
        if found.name == "password" and not holed and not guessable(item.value, line.name):
            password = source.at((offset + item.span[0], offset + item.span[1]))
        settings[found.name] = Setting(
            found.name,
            text,
            source.at((offset + item.span[0], offset + item.span[1])),
            source.at((offset + item.key_span[0], offset + item.key_span[1])),
        )
    else:
        if scope is Scope.PEER and "host" not in settings and not holed:
            report(
                None,
                _Fault(
                    "peer",
                    f"PgBouncer does not start: peer `{_shown(line.name)}` has no host (`host was not provided for peer`).",
                    f"Write `{_shown(line.name)} = host=ADDRESS`.",
                ),
            )
    if scope is not Scope.PEER and not fault_of_name:
        entry = BouncerDatabase(line.name, source.at(line.span), tuple(settings.values()), password)
        target = reading.databases if scope is Scope.DATABASE else reading.users
        target.pop(line.name, None)
        target[line.name] = entry


def _widened(span: Span, fault: _Fault, line: _Line) -> Span:
    """A comment reaches to the end of the line."""
    return (span[0], len(line.value)) if fault.code == "inline-comment" else span


_VALUE_CODES = {*_CODES.values(), "octal", "quoted", "inline-comment", "database-line", "tab", "unknown-key"}


def _for_fallback(fault: _Fault) -> _Fault:
    """``set_autodb`` keeps the line of ``*`` unread until the first client asks for a database."""
    message = fault.message.replace(
        "PgBouncer does not start:",
        "PgBouncer starts, but refuses every client of a database that is not listed (`no such database`):",
        1,
    )
    return _Fault(fault.code, message, fault.remedy, False, fault.span)


def _name_fault(scope: Scope, name: str) -> _Fault | None:
    if scope is Scope.DATABASE and name == RESERVED_DATABASE:
        return _Fault(
            "reserved",
            "PgBouncer does not start: `pgbouncer` is the name of its own console "
            '(`database name "pgbouncer" is reserved`).',
            "Choose another name for clients to connect to; `dbname=pgbouncer` may keep the server's name.",
        )
    if scope is Scope.DATABASE and len(name.encode()) > LONGEST_DATABASE_NAME:
        return _Fault(
            "database-line",
            f"PgBouncer does not start: a database name has at most {LONGEST_DATABASE_NAME} bytes, this one "
            f"has {len(name.encode())} (`too long db name`).",
            "Choose a shorter name for clients to connect to and give the real one as `dbname=`.",
        )
    if scope is Scope.PEER and not (re.fullmatch(r"\s*\+?0*[1-9]\d{0,4}", name, re.A) and int(name) <= 0xFFFF):
        return _Fault(
            "peer",
            f"PgBouncer does not start: a peer is named by its `peer_id`, a number from 1 to 65535, not "
            f"`{_shown(name)}`.",
            "Write `1 = host=ADDRESS`.",
        )
    return None


def _misplaced(scope: Scope, name: str, raw: str) -> _Fault | None:
    """A setting of ``[pgbouncer]`` among the databases: PgBouncer takes its name for a database's."""
    if "=" in raw or not raw or scope is Scope.PEER:
        return None
    found = known(Scope.GLOBAL, name)
    if found is None:
        return None
    what = "database" if scope is Scope.DATABASE else "user"
    return _Fault(
        "wrong-section",
        f"PgBouncer does not start: under `[{scope}]`, `{name}` is the name of a {what}, and `{_shown(raw)}` is no "
        f"list of key=value (`{_LOG[scope]}`).",
        f"Move `{name} = {_shown(raw)}` below `[pgbouncer]`.",
    )


_LOG = {
    Scope.DATABASE: "syntax error in connection string",
    Scope.USER: "syntax error in user settings",
    Scope.PEER: "syntax error in connection string",
}


def _stop_fault(scope: Scope, name: str, raw: str, stop: _Stop, before: list[str]) -> _Fault:
    log = f"(`{_LOG[scope]}`)"
    name = _shown(name)
    after_secret = bool(before) and before[-1] in ("password", "connect_query", "auth_query")
    if raw.startswith(("postgres://", "postgresql://")):
        return _url_fault(name, log)
    if stop.why == "unclosed":
        return _Fault(
            "database-line",
            f"PgBouncer does not start: the quote before the value of `{_key(stop.key)}` is never closed {log}.",
            f"Write `{_key(stop.key)}='…'`; a quote inside is written twice.",
        )
    if stop.why == "empty":
        return _Fault(
            "database-line",
            f"PgBouncer does not start: `{_key(stop.key)}` of `{name}` has an empty value {log}.",
            f"Leave `{_key(stop.key)}=` out, or give it a value.",
        )
    if stop.key == "\\":
        return _Fault(
            "syntax",
            f"PgBouncer does not start: a backslash does not carry the line of `{name}` over to the next one {log}.",
            f"Write all of `{name}` on one line.",
        )
    token = raw.encode()[stop.span[0] : stop.span[0] + 1]
    if token in (b"#", b";"):
        return _Fault(
            "inline-comment",
            f"PgBouncer does not start: what looks like a comment is part of the line of `{name}`; only whole lines "
            f"can be comments {log}.",
            "Put the comment on a line of its own.",
        )
    if after_secret:
        return _Fault(
            "database-line",
            f"PgBouncer does not start: the value of `{before[-1]}` ends at its first blank, and what follows is no "
            f"key=value {log}.",
            f"Write `{before[-1]}='…'`; a quote inside is written twice.",
        )
    what = "what stands here" if stop.key else "a `=` without a name"
    return _Fault(
        "database-line",
        f"PgBouncer does not start: in the line of `{name}`, {what} is no key=value; a value ends at its first "
        f"blank unless it stands in single quotes {log}.",
        f"Write `{name} = key=value key='value with blanks'`.",
    )


def _url_fault(name: str, log: str) -> _Fault:
    return _Fault(
        "database-line",
        f"PgBouncer does not start: `{name}` is given as a URL, and PgBouncer only reads key=value {log}.",
        f"Write `{name} = host=HOST port=5432 dbname=DATABASE`.",
    )


_TLS_FOR_ALL = {
    "sslmode": "server_tls_sslmode",
    "sslrootcert": "server_tls_ca_file",
    "sslcert": "server_tls_cert_file",
    "sslkey": "server_tls_key_file",
}


def _unknown_item(scope: Scope, name: str, item: _Item, before: list[str]) -> _Fault:
    key = item.key
    kind = "user" if scope is Scope.USER else "connection"
    log = f"(`unrecognized {kind} parameter: {_key(key)}`)"
    if ":" in key and "//" in key:
        return _url_fault(_shown(name), f"(`unrecognized {kind} parameter`)")
    if before and before[-1] in ("password", "connect_query", "auth_query") and not _is_word(key):
        return _Fault(
            "database-line",
            f"PgBouncer does not start: the value of `{before[-1]}` ends at its first blank or closing quote, and "
            "what follows is no key that it knows.",
            f"Write `{before[-1]}='…'`; a quote inside is written twice.",
        )
    if key[0] in "#;":
        return _Fault(
            "inline-comment",
            f"PgBouncer does not start: what looks like a comment is part of the line of `{_shown(name)}`; only whole "
            f"lines can be comments {log}.",
            "Put the comment on a line of its own.",
        )
    if "\t" in key:
        plain = key.strip("\t")
        return _Fault(
            "tab",
            f"PgBouncer does not start: a tab does not separate, it is part of the key {log}.",
            f"Put a space where the tab is: `{_shown(plain)}=…`.",
        )
    if known(scope, key.lower()):
        return _Fault(
            "wrong-case",
            f"PgBouncer does not start: `{_key(key)}` is not `{key.lower()}`, keys are case-sensitive {log}.",
            f"Write `{key.lower()}=…`.",
        )
    meant = MISNAMED[scope].get(key)
    elsewhere = [each for each in (Scope.DATABASE, Scope.USER, Scope.GLOBAL) if each is not scope and known(each, key)]
    if elsewhere:
        places = " or ".join(f"`[{each}]`" for each in elsewhere)
        return _Fault(
            "wrong-section",
            f"PgBouncer does not start: `{key}` is a setting of {places}, not of `[{scope}]` {log}.",
            f"Write `{meant}=…` here." if meant else f"Move it to {places}.",
        )
    other = _TLS_FOR_ALL.get(key)
    if other:
        return _Fault(
            "unknown-key",
            f"PgBouncer does not start: `{key}` cannot be set for one database {log}.",
            f"Write `{other} = …` under `[pgbouncer]`; it holds for all of them.",
        )
    meant = meant or _nearest(key.lower(), list(SETTINGS[scope]))
    return _Fault(
        "unknown-key",
        f"PgBouncer does not start: a line of `[{scope}]` has no key `{_key(key)}` {log}.",
        f"Did you mean `{meant}=`?" if meant else f"Remove `{_key(key)}=…`.",
    )


def _item_value(found: Known, item: _Item) -> tuple[str | None, _Fault | None]:
    name, raw = found.name, item.value
    swallowed = re.match(r"(\w+)=", raw)
    if swallowed and item.apart and not item.quoted and _is_word(swallowed[1]):
        return None, _Fault(
            "empty-value",
            f"PgBouncer skips the blank after `{name}=` and takes `{swallowed[1]}=…` for its value.",
            f"Leave `{name}=` out, or give it a value.",
            fatal=name in ("port", "pool_mode", "load_balance_hosts"),
        )
    if found.kind is Kind.SECRET:
        return MASK, _quotes_kept(name, item)
    if _HOLE.search(raw):
        return None, None
    if found.kind is Kind.CHOICE:
        if raw.lower() in found.choices:
            return raw.lower(), None
        meant = _MEANT.get(raw.lower().strip('",;')) or _nearest(raw.lower(), list(found.choices))
        log = "invalid pool mode" if name == "pool_mode" else f"invalid {name}"
        return None, _Fault(
            "not-a-choice",
            f"PgBouncer does not start: `{name}` has to be {_wanted(found)} (`{log}: {_shown(raw)}`).",
            f"Write `{name}={meant if meant in found.choices else found.choices[0]}`.",
        )
    if found.kind in (Kind.INTEGER, Kind.SECONDS):
        return _atoi(found, raw)
    return mask(raw), _quotes_kept(name, item) or _stray(name, item)


def _atoi(found: Known, raw: str) -> tuple[str | None, _Fault | None]:
    """C's ``atoi``: digits up to the first other character, 0 when there are none."""
    name = found.name
    digits = _ATOI.match(raw)
    number = (int(digits[1][:25]) + 2**31) % 2**32 - 2**31 if digits else 0
    if name == "port" and number == 0:
        return None, _Fault(
            "not-an-integer",
            f"PgBouncer does not start: `{_shown(raw)}` is no port (`invalid port: {_shown(raw)}`).",
            "Write `port=5432`.",
        )
    if digits and (digits.end() == len(raw) or raw[digits.end() :] in (",", ";")):
        return str(number), None
    tab = re.match(r"\s*[+-]?\d+\t+([A-Za-z_]+)\s*=", raw)
    if tab:
        return str(number), _tab_fault(name, tab[1])
    code = "not-a-duration" if found.kind is Kind.SECONDS else "not-an-integer"
    meant = _repaired(found, raw)
    unit = " seconds" if found.kind is Kind.SECONDS else ""
    return str(number), _Fault(
        code,
        f"PgBouncer reads `{name}={_shown(raw)}` as {number}{unit}: it stops at the first character that is no digit.",
        f"Write `{name}={meant}`." if meant else f"Write `{name}=` and a whole number.",
        fatal=False,
    )


def _tab_fault(name: str, following: str) -> _Fault:
    return _Fault(
        "tab",
        f"PgBouncer does not take a tab for a separator: `{name}` swallows `{_shown(following)}=…` that follows it.",
        f"Put a space before `{_shown(following)}=`.",
        fatal=False,
    )


def _quotes_kept(name: str, item: _Item) -> _Fault | None:
    value = item.value
    if item.quoted or len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return None
    return _Fault(
        "quoted",
        f"PgBouncer does not take double quotes off: they become part of `{name}`.",
        f"Write `{name}` in single quotes or without any.",
        fatal=False,
    )


def _stray(name: str, item: _Item) -> _Fault | None:
    """A separator of some other format that stuck to the value."""
    value = item.value
    if item.quoted:
        return None
    tab = re.search(r"\t([A-Za-z_]+)", value)
    if tab:
        return _tab_fault(name, tab[1])
    if name == "host" and value.endswith((",", ";")) and value.strip(",;"):
        empty = "an empty host follows in the list" if value.endswith(",") else "no server has that name"
        return _Fault(
            "database-line",
            f"PgBouncer takes `{_shown(value)}` for the host, with the `{value[-1]}`: {empty}; only a space separates.",
            f"Write `{name}={_shown(value.rstrip(',;'))}`.",
            fatal=False,
        )
    if name in ("dbname", "user", "auth_user") and value.endswith((",", ";")):
        return _Fault(
            "database-line",
            f"PgBouncer takes the `{value[-1]}` into the {name}, `{_shown(value)}`: only a space separates.",
            f"Write `{name}={_shown(value.rstrip(',;'))}`.",
            fatal=False,
        )
    return None


# --- the file as a whole ------------------------------------------------------------------------


def _judge_whole(reading: _Reading, source: _Source, data: bytes) -> None:
    if reading.template or reading.partial:
        return
    start = len(data) - len(data.lstrip(_SPACE))
    end = data.find(b"\n", start)
    top = source.at((start, len(data.rstrip(_SPACE)) if end < 0 else len(data[:end].rstrip(_SPACE))))
    if reading.main is None:
        if not any(each.code in ("unknown-section", "no-section") for each in reading.faults.values()):
            reading.fault(
                top,
                _Fault(
                    "no-main-section",
                    "PgBouncer does not start: the file has no `[pgbouncer]` section "
                    "(`main section missing from config file`).",
                    "Add a line `[pgbouncer]` and below it the settings, at least `listen_addr` and `auth_type`.",
                ),
            )
        return
    if not reading.serves:
        reading.fault(
            reading.main,
            _Fault(
                "no-databases",
                "PgBouncer starts, but no client gets through: without a `[databases]` section it knows no database and "
                "answers `no such database` to everyone.",
                "Add a `[databases]` section with a line per database, for example "
                "`app = host=127.0.0.1 port=5432 dbname=app`.",
                fatal=False,
            ),
        )
    _judge_together(reading)


def _judge_together(reading: _Reading) -> None:
    """What PgBouncer finds out once all is read: ``sbuf_tls_setup`` (src/sbuf.c), ``pooler_setup`` (src/pooler.c)."""
    settings = reading.settings

    def text(name: str) -> str | None:
        written = settings.get(name)
        return written.text if written else default(name, (1, 26, 1))

    mode = text("client_tls_sslmode")
    if mode not in (None, "disable"):
        missing = [name for name in ("client_tls_key_file", "client_tls_cert_file") if text(name) == ""]
        if mode == "verify-full" and text("client_tls_ca_file") == "":
            missing.append("client_tls_ca_file")
        if missing:
            reading.fault(
                settings["client_tls_sslmode"].at,
                _Fault(
                    "tls",
                    f"PgBouncer does not start: `client_tls_sslmode = {mode}` needs {_listed(missing)} "
                    "(`TLS setup failed`).",
                    "Add " + ", ".join(f"`{name} = FILE`" for name in missing) + ".",
                ),
            )
    for side in ("client", "server"):
        protocols = settings.get(f"{side}_tls_protocols")
        if protocols and protocols.text and text(f"{side}_tls_sslmode") not in (None, "disable"):
            row = SETTINGS[Scope.GLOBAL][protocols.name]
            refused = None if _plain(row, protocols.text) is not None else _refused(row, protocols.text)
            if refused:
                reading.fault(protocols.at, refused)
    if text("auth_type") == "cert" and mode is not None and mode != "verify-full":
        reading.fault(
            settings["auth_type"].at,
            _Fault(
                "tls",
                "PgBouncer does not start: `auth_type = cert` requires `client_tls_sslmode = verify-full`, here it is "
                f"`{mode}` (`TLS setup failed`).",
                "Write `client_tls_sslmode = verify-full`, with `client_tls_ca_file`, `client_tls_key_file` and "
                "`client_tls_cert_file`.",
            ),
        )
    if text("listen_addr") == "" and "unix_socket_dir" in settings and text("unix_socket_dir") == "":
        reading.fault(
            settings["unix_socket_dir"].name_at,
            _Fault(
                "nowhere",
                "PgBouncer does not start: with neither `listen_addr` nor `unix_socket_dir` it has `nowhere to listen on`.",
                "Write `listen_addr = 127.0.0.1`.",
            ),
        )


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{each}`" for each in names[:-1]) + (" and " if len(names) > 1 else "") + f"`{names[-1]}`"


# --- small things -------------------------------------------------------------------------------


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _split(mark: re.Pattern[str], raw: str) -> tuple[str, str]:
    """The value before what looks like a comment, and that comment, ``""`` when there is none."""
    found = mark.search(raw)
    return (raw[: found.start()].rstrip(), raw[found.start() :]) if found else (raw, "")


def _shifted(raw: str, start: int, span: Span) -> Span:
    """Character offsets of a value as byte offsets of the file."""
    return start + len(raw[: span[0]].encode()), start + len(raw[: span[1]].encode())


def _shown(text: str) -> str:
    """The text for a message: masked, on one line, not endless."""
    text = mask(text)
    text = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return text if len(text) <= 60 else text[:57] + "…"


def _key(text: str) -> str:
    """A key for a message, unless it looks like a piece of something secret (a URL, a password with a blank)."""
    return _shown(text) if re.fullmatch(r"[\w.\-\t#;]{1,40}", text) else "…"


def _is_decimal(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _release(number: Version) -> str:
    return ".".join(str(each) for each in (number if number[2] else number[:2]))


def _is_word(key: str) -> bool:
    return any(key.lower() in names for names in SETTINGS.values())


def _nearest(name: str, among: list[str]) -> str | None:
    if len(name) > 64:
        return None
    return next(iter(get_close_matches(name, among, 1, 0.75)), None)
