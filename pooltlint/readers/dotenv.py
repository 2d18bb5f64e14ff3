"""Dotenv files: what npm's dotenv reads in them, and where Node and python-dotenv read something else."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterator
from itertools import accumulate

from msgspec import Struct

from pooltlint.model.environment import profile_of_name
from pooltlint.model.facts import EnvFile, Profile, Variable
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import MASK, Dsn, mask, mask_whole, parse, safe
from pooltlint.outline.nodes import Comment

MOST_BYTES = 1_000_000
"""Larger files are not read: no hand-written list of variables comes near."""

# What JavaScript's \s matches (ECMA-262, WhiteSpace and LineTerminator); trim() strips the same.
_SPACES = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004"
    "\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_GAP = re.compile(f"[{_SPACES}]*")
_ASSIGNMENT = re.compile(f"(?:export[{_SPACES}]+)?([A-Za-z0-9_.-]++)(?:[{_SPACES}]*+=|:(?:\r\n|[{_SPACES}]))")
_BARE = re.compile("[^#\r\n]*")
_NEWLINE = re.compile("\r\n?|\n")
_REST = re.compile("[^\r\n]*")
_WIDE = re.compile("[^\x00-\x7f]")
_QUOTES = "'\"`"

_DEFAULTS = re.compile(r"(?i)(?:^|[^a-z0-9])defaults?(?:[^a-z0-9]|$)")
_DATABASE_NAME = re.compile(r"(?i)\APG[A-Z]|DATABASE|POSTGRES|(?:\A|_)(?:DB|PG|SQL|DSN)(?:_|\Z)|DIRECT_URL")
_PRIVATE_NAME = re.compile(
    r"(?i)user|login|salt|hash|cookie|session|private|cert|licen[cs]e|webhook|sign|dsn|jwt|seed|sentry"
)
_OPAQUE_VALUE = re.compile(r"(?=[A-Za-z+/_]*\d)(?=[\d+/_]*[A-Za-z])[A-Za-z0-9+/_]{20,}")
_BRACED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?:\}|:?[-+?=])")
_NAMED = re.compile(r"(?:(?<=[:/@,= ])|\A)\$([A-Z_][A-Z0-9_]*)(?=[:/@,?& ]|\Z)")
_DOLLAR = re.compile(r"(?<!\\)\$[A-Za-z_]")
_PLACEHOLDER = re.compile(
    r"<[^<>@\s]{1,40}>|\{\{|\[[A-Za-z][A-Za-z _-]{0,40}\]|%[A-Z_]{2,40}%|__[A-Z][A-Z_]{0,40}__"
    r"|(?i:your[-_ ]|change[-_ ]?me|placeholder|xxxx)"
)
_EXTENDED = re.compile(r"\$\{?[A-Z_][A-Z0-9_]*\}?[?&][\w-]+=")
_WHOLE = re.compile(r"\A\$\{?[A-Z_][A-Z0-9_]*\}?\Z")
_MOST_ESCAPED = 64
_LONGEST = 8_000
"""Characters of a value; what is longer is a certificate or the like, never a connection string."""

# python-dotenv's words
_PY_SPACE = re.compile(r"\s*")
_PY_KEY = re.compile(r"(?:export[^\S\r\n]+)?+(?:'([^']+)'|(?!')([^=\#\s]+))[^\S\r\n]*(=[^\S\r\n]*)?")
_PY_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_PY_BARE = re.compile(r"[^\r\n]*")
_PY_END = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z)")
_PY_REST = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
_PY_SINGLE = re.compile(r"\\([\\'])")
_PY_DOUBLE = re.compile(r"\\([\\'\"abfnrtv])")
_PY_ESCAPES = {
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


class Binding(Struct, frozen=True):
    """One assignment as npm's dotenv sees it.

    ``start`` and ``end`` are the value's characters without quotes; ``key`` is where the name
    starts. ``cut``: an unquoted ``#`` that follows a character of the value directly ends it, and
    ``lost`` is what stands behind it on the line. ``open``: the value begins with a quote that
    nothing closes.
    """

    name: str
    value: str
    key: int
    start: int
    end: int
    cut: bool = False
    lost: str = ""
    open: bool = False


def read(path: str, data: bytes) -> EnvFile:
    """The variables of a dotenv file as npm's ``dotenv.parse`` has them (18.0, default parser).

    Of a name that is set twice the last one counts, so it alone is kept. Nothing is expanded:
    ``${OTHER}`` stays as written and is named in ``refers``. A connection string becomes ``dsn``
    and a masked ``raw_url``; any other value is kept only where neither name nor value can be a
    secret. The profile is the file name's (:func:`profile`). Problems name the lines that dotenv
    skips and the database variables that Node's ``--env-file`` or python-dotenv read otherwise.
    """
    kind = profile(path)
    lines = line_starts(data)
    if len(data) > MOST_BYTES:
        return EnvFile(path, kind, (), (Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes"),), (), lines)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return EnvFile(path, kind, (), (Problem(path, 0, "not read: encoded as UTF-16, not UTF-8"),), (), lines)
    text, byte = _decode(data)
    bindings, skipped = npm(text)
    last = {each.name: each for each in bindings}
    variables = tuple(
        _variable(each, last.keys(), kind, place(path, lines, (byte(each.start), byte(each.end))))
        for each in last.values()
    )
    problems = sorted(
        Problem(path, bisect_right(lines, byte(at)), message) for at, message in _faults(text, bindings, skipped)
    )
    return EnvFile(path, kind, variables, tuple(problems), _comments(text, bindings, byte), lines)


def profile(path: str) -> Profile:
    """The environment that a dotenv file's name speaks of.

    ``.env.example`` and its like before anything else, then ``ci``, ``test``, ``production`` and
    ``development`` anywhere in the name. ``.env.local`` alone is a developer's own file, hence
    development; ``.env`` is read in every environment, hence unknown. Staging is none of ours.
    """
    name = path.rpartition("/")[2]
    return Profile.EXAMPLE if _DEFAULTS.search(name) else profile_of_name(name)


def npm(text: str) -> tuple[list[Binding], list[int]]:
    """The assignments that npm's dotenv finds, duplicates included, and where lines begin that it skips.

    Source: dotenv 18.0.10, default parser. The expression it searches with can be decided from
    left to right: whatever follows the ``=`` matches somehow, only what the value is may vary. A
    line that is no assignment is skipped; blank lines may stand between any two words.
    """
    found: list[Binding] = []
    skipped: list[int] = []
    at = _space(text, 0)
    while at < len(text):
        assignment = _ASSIGNMENT.match(text, at)
        if not assignment:
            if text[at] != "#":
                skipped.append(at)
            at = _space(text, _line_end(text, at))
            continue
        name, start = assignment[1], assignment.end()
        opening = _space(text, start)
        quote = text[opening] if opening < len(text) and text[opening] in _QUOTES else ""
        closing, after = _closing(text, opening) if quote else (-1, -1)
        if closing >= 0:
            value = _NEWLINE.sub("\n", text[opening + 1 : closing])
            found.append(Binding(name, _escapes(value, quote), assignment.start(1), opening + 1, closing))
            at = after
            continue
        stop = _bare_end(text, start)
        raw = text[start:stop]
        start += len(raw) - len(raw.lstrip(_SPACES))
        raw = raw.strip(_SPACES)
        end = start + len(raw)
        quote = raw[:1] if raw[:1] in ("'", '"', "`") else ""
        wrapped = bool(quote) and len(raw) > 1 and raw[-1] == quote
        if wrapped:
            start, end = start + 1, end - 1
        cut = text[stop : stop + 1] == "#" and stop == end and bool(raw)
        lost = text[stop : _line_end(text, stop)] if cut else ""
        value = _escapes(text[start:end], quote)
        found.append(Binding(name, value, assignment.start(1), start, end, cut, lost, bool(quote) and not wrapped))
        at = _rest(text, stop)
    return found, skipped


def node(text: str) -> dict[str, str]:
    """What ``node --env-file`` and ``util.parseEnv`` of Node 20.20 read.

    Observed: no ``KEY: value``, no escaped quotes, a quoted value ends at the next quote of its
    kind whatever follows on the line, only spaces are trimmed, a line without ``=`` becomes part of
    the next name and so does a byte order mark, a comment on the last line without a line end is read as an
    assignment, and so is what an open quote leaves there, and a line that begins with ``=`` ends it all.
    """
    text = text.replace("\r", "").strip(" ")
    found: dict[str, str] = {}
    at, size = 0, len(text)
    while at < size:
        end = text.find("\n", at)
        if text[at] in "\n#" and end >= 0:
            at = end + 1
            continue
        equal = text.find("=", at)
        name = text[at:equal].strip(" ").removeprefix("export ")
        if equal < 0 or not name:
            break
        at = equal + 1
        while at < size and text[at] == " ":
            at += 1
        quote = text[at] if at < size and text[at] in _QUOTES else ""
        closing = text.find(quote, at + 1) if quote else -1
        end = text.find("\n", max(at, closing))
        if closing >= 0:
            value = text[at + 1 : closing]
            found[name] = value.replace("\\n", "\n") if quote == '"' else value
        elif not quote:
            found[name] = text[at : end if end >= 0 else size].partition("#")[0].strip(" ")
        elif end >= 0:
            found[name] = text[at:end]
        if end >= 0:
            at = end
        elif closing >= 0 or not quote:
            break
    return found


def python(text: str) -> dict[str, str | None]:
    """What python-dotenv 1.2 reads (``dotenv_values`` without interpolation; ``parser.py``).

    A value without quotes is cut only at a ``#`` after a space; a quote that nothing closes, and
    anything but a comment behind a closed one, voids the line; ``NAME`` alone has no value.
    """
    text = text.removeprefix("\ufeff")
    found: dict[str, str | None] = {}
    at = 0
    while at < len(text):
        line = _PY_SPACE.match(text, at).end()  # type: ignore[union-attr]  # matches the empty text
        key = _PY_KEY.match(text, line)
        value: str | None = None
        if key is None and text[line : line + 1] != "#":
            at = _PY_REST.match(text, line).end()  # type: ignore[union-attr]  # matches the empty text
            continue
        after = line
        if key:
            after = key.end()
            if key[3]:
                quoted = _PY_QUOTED.match(text, after)
                bare = _PY_BARE.match(text, after)
                if quoted:
                    escapes = _PY_SINGLE if quoted[0][0] == "'" else _PY_DOUBLE
                    value = escapes.sub(lambda each: _PY_ESCAPES[each[1]], quoted[0][1:-1])
                    after = quoted.end()
                elif text[after : after + 1] in ("'", '"'):
                    at = _PY_REST.match(text, after).end()  # type: ignore[union-attr]  # matches the empty text
                    continue
                elif len(key[3]) > 1 and text[after : after + 1] == "#":
                    value = ""
                elif bare:
                    value = re.sub(r"\s+#.*", "", bare[0]).rstrip()
                    after = bare.end()
        end = _PY_END.match(text, after)
        if end is None:
            at = _PY_REST.match(text, after).end()  # type: ignore[union-attr]  # matches the empty text
            continue
        if key:
            found[key[1] or key[2]] = value
        at = end.end()
    return found


def _space(text: str, at: int) -> int:
    """The first character at or after ``at`` that JavaScript takes for no space."""
    return _GAP.match(text, at).end()  # type: ignore[union-attr]  # matches the empty text


def _line_end(text: str, at: int) -> int:
    return _REST.match(text, at).end()  # type: ignore[union-attr]  # matches the empty text


def _bare_end(text: str, at: int) -> int:
    return _BARE.match(text, at).end()  # type: ignore[union-attr]  # matches the empty text


def _rest(text: str, at: int) -> int:
    """Where the search goes on after a value that ends at ``at``: behind blank lines and one comment."""
    blank = _space(text, at)
    return _space(text, _line_end(text, blank)) if text[blank : blank + 1] == "#" else blank


def _closing(text: str, opening: int) -> tuple[int, int]:
    """The closing quote of the value and where the search goes on, or ``(-1, -1)``.

    The first quote without a backslash before it closes, if a comment or the line's end follows;
    else the last one with a backslash of which that is true.
    """
    quote = text[opening]
    at = text.find(quote, opening + 1)
    escaped = []
    while at >= 0 and text[at - 1] == "\\" and at - 1 > opening:
        escaped.append(at)
        at = text.find(quote, at + 1)
    for closing in ([at] if at >= 0 else []) + escaped[: -_MOST_ESCAPED - 1 : -1]:
        after = _space(text, closing + 1)
        if after == len(text) or text[after] == "#" or _NEWLINE.search(text, closing + 1, after):
            return closing, _rest(text, closing + 1)
    return -1, -1


def _escapes(value: str, quote: str) -> str:
    return value.replace("\\n", "\n").replace("\\r", "\r") if quote == '"' else value


def _decode(data: bytes) -> tuple[str, Callable[[int], int]]:
    """The text and the function from its characters to byte offsets."""
    try:
        text = data.decode()
    except UnicodeDecodeError:  # as bytes, so that positions stay true
        return data.decode("latin-1"), lambda at: at
    if data.isascii():
        return text, lambda at: at
    wide = [(found.start(), len(found[0].encode()) - 1) for found in _WIDE.finditer(text)]
    at_character = [at for at, _ in wide]
    more = list(accumulate((bytes_more for _, bytes_more in wide), initial=0))
    return text, lambda at: at + more[bisect_left(at_character, at)]


def _variable(binding: Binding, defined: Container[str], kind: Profile, at: Place) -> Variable:
    """The fact for one assignment; ``defined`` are the names that the file sets."""
    name, value = binding.name, binding.value
    broken = (binding.cut and "@" in binding.lost) or binding.open
    if len(value) > _LONGEST:
        return Variable(name, at, kind)
    dsn = parse(value)
    if dsn is None:
        plain = value if _harmless(name, value) else None
        refers = _refers(value if not _PRIVATE_NAME.search(name) else "".join(_WHOLE.findall(value)))
        raw = mask(value) if plain is None and _EXTENDED.match(value) else ""
        return Variable(name, at, kind, None, plain, raw, refers, _template(value, refers, defined))
    if broken:  # what is left is the beginning of the user-info
        dsn, raw = Dsn(dsn.scheme), f"{dsn.scheme}://{MASK}"
    else:
        raw = mask_whole(value)
    refers = _refers(value)
    return Variable(name, at, kind, dsn, None, raw, refers, _template(value, refers, defined), cut=binding.cut)


def _harmless(name: str, value: str) -> bool:
    return (
        not _PRIVATE_NAME.search(name)
        and safe(name, value) == value
        and mask(value) == value
        and "@" not in value
        and not _OPAQUE_VALUE.search(value)
    )


def _refers(value: str) -> tuple[str, ...]:
    """The variables that dotenv-expand and its like would fill in; a ``$word`` in the midst of a password is none."""
    found = [(each.start(), each[1]) for pattern in (_BRACED, _NAMED) for each in pattern.finditer(value)]
    return tuple(dict.fromkeys(name for _, name in sorted(found)))


def _template(value: str, refers: tuple[str, ...], defined: Container[str]) -> bool:
    return bool(_PLACEHOLDER.search(value)) or any(each not in defined for each in refers)


def _faults(text: str, bindings: list[Binding], skipped: list[int]) -> Iterator[tuple[int, str]]:
    """What is wrong with the file, as (character, message)."""
    if skipped:
        more = f" (and {len(skipped) - 1} more lines)" if len(skipped) > 1 else ""
        yield skipped[0], f"dotenv skips this line{more}: it is no NAME=value"
    last: dict[str, Binding] = {}
    for each in bindings:
        before = last.get(each.name)
        if before and before.value != each.value and _matters(each):
            yield each.key, f"{each.name} is set again with another value; dotenv takes this last one"
        last[each.name] = each
    watched = [each for each in last.values() if _matters(each)]
    if not watched:
        return
    by_node, by_python = node(text), python(text)
    for each in watched:
        if each.open:
            yield each.key, f"the quote that begins the value of {each.name} is not closed; dotenv keeps it as text"
            continue
        readings = (("node --env-file", by_node), ("python-dotenv", by_python))
        others = [
            reader
            for reader, found in readings
            if found.get(each.name) != each.value and (each.name in found or not skipped)  # told already
        ]
        if each.cut:
            yield (
                each.key,
                (
                    f"the value of {each.name} is cut at an unquoted #: what follows is a comment for dotenv"
                    f" and node --env-file, but not for python-dotenv; quote the value, or write %23 in a URL"
                ),
            )
        elif others:
            verb = "reads" if len(others) == 1 else "read"
            yield each.key, f"{' and '.join(others)} {verb} {each.name} otherwise than dotenv"
        if parse(each.value) and _expands(each.value):
            yield (
                each.key,
                (
                    f"the value of {each.name} holds a $ that dotenv-expand (Next.js, Vite, Prisma) takes for a variable;"
                    f" write %24"
                ),
            )


def _expands(value: str) -> bool:
    """Whether a ``$word`` stands in it that is not meant as a variable, as far as one can tell."""
    return bool(_DOLLAR.search(_NAMED.sub("", value)))


def _matters(binding: Binding) -> bool:
    if len(binding.value) > _LONGEST:
        return False
    return bool(_DATABASE_NAME.search(binding.name)) or parse(binding.value) is not None


def _comments(text: str, bindings: list[Binding], byte: Callable[[int], int]) -> tuple[Comment, ...]:
    """The comments that hold the word ``pooltlint``; a ``#`` inside a quoted value begins none."""
    if "pooltlint" not in text:
        return ()
    blank = list(text)
    for each in bindings:
        blank[each.key : each.end] = "x" * (each.end - each.key)
    return tuple(
        Comment(text[found.start(1) : found.end()].strip(), (byte(found.start()), byte(found.end())))
        for found in re.finditer(r"#([^\r\n]*)", "".join(blank))
        if "pooltlint" in found[1]
    )
