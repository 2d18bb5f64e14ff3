"""HCL as nodes with byte positions, for the readers whose files are written in it.

``python-hcl2`` reads the language with line numbers only and gives up at the first fault; this reader keeps the
places and the rest of the file. It evaluates nothing: what is no literal is an expression, as written.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pooltlint.model.finding import Problem
from pooltlint.model.source import Span
from pooltlint.outline.nodes import Comment
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq

MOST_BYTES = 1_000_000
"""Larger files are not read here."""

MOST_LEVELS = 40
"""Deeper nesting is not read."""

EXPRESSION = "expression"
"""The tag of a scalar that is code: its text is the code."""

TEMPLATE = "template"
"""The tag of a text with ``${…}`` in it."""

_BLANK = re.compile(r"(?:[ \t]+|/\*.*?\*/)*", re.DOTALL)
_SPACE = re.compile(r"(?:[ \t\r\n]+|/\*.*?\*/|#[^\n]*|//[^\n]*)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"(?:true|false|null)(?![\w.(\[-])")
_HEREDOC = re.compile(r"<<-?[ \t]*([A-Za-z_]\w*)[ \t]*\r?\n")
_CALL = re.compile(r"(?:jsonencode|tostring|tonumber)\(")
_FOR = re.compile(r"[\[{]\s*for\b")
_END = re.compile(r"\r?\n|[,\]})]|#|//|\Z")
_STRING = re.compile(r'"(?:[^"\\$%\r\n]|\\.|[$%](?!\{))*')
_MORE = re.compile(_STRING.pattern[1:])
_ESCAPE = re.compile(r"\\(.)|\$\$(?=\{)|%%(?=\{)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_BRACE = re.compile(r'[{}"]')
_TOKEN = re.compile(
    r'"|<<-?[ \t]*[A-Za-z_]\w*[ \t]*\r?\n|/\*.*?\*/|#[^\n]*|//[^\n]*|[\[({\])}]|,|\n|=>|==|[=:]', re.DOTALL
)
_COMMENT = re.compile(r'"(?:[^"\\\r\n]|\\.)*"|/\*.*?(?:\*/|\Z)|(?:#|//)([^\r\n]*)', re.DOTALL)
_NEXT = re.compile(r"\n(?=[A-Za-z_])")


class Block(Struct, frozen=True):
    """A block at the top of a file. ``at``: its last label's region, or its kind's.

    ``body`` holds attributes by name, and blocks by their kind as lists of mappings.
    """

    kind: str
    labels: tuple[str, ...]
    body: Map
    at: Span


class _WrongError(Exception):
    """The file breaks the grammar at the byte ``at``."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at


def parse(path: str, data: bytes) -> tuple[list[Block], list[Problem], tuple[Comment, ...]]:
    """The blocks, what is wrong, and comments that hold ``pooltlint``.

    What breaks the grammar becomes a problem, and reading goes on with the next line that begins at the margin. Never
    raises; spans are byte offsets, those of texts with their quotes.
    """
    if len(data) > MOST_BYTES:
        return [], [Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes")], ()
    source = data.decode("latin-1")  # one character is one byte
    source = source.replace("\xef\xbb\xbf", "   ", 1) if source.startswith("\xef\xbb\xbf") else source
    blocks: list[Block] = []
    problems: list[Problem] = []
    at = _space(source, 0)
    while at < len(source):
        try:
            name = _NAME.match(source, at)
            if not name:
                raise _WrongError(at, "a block was expected")
            labels, after = _labels(source, name.end())
            if source[after : after + 1] == "{":
                body, at = _body(source, after + 1, 0)
                where = labels[-1].span if labels else name.span()
                blocks.append(Block(name[0], tuple(each.text for each in labels), body, where))
            else:
                _, at = _attribute(source, name.end(), 0)
            at = _space(source, at)
        except _WrongError as error:
            if len(problems) < 20:
                problems.append(Problem(path, source.count("\n", 0, error.at) + 1, f"not valid HCL: {error}"))
            following = _NEXT.search(source, max(at, min(error.at, len(source))))
            at = following.end() if following else len(source)
    comments = tuple(
        Comment(_utf8(found[1]).strip(), found.span())
        for found in (_COMMENT.finditer(source) if "pooltlint" in source else ())
        if found[1] and "pooltlint" in found[1]
    )
    return blocks, problems, comments


def _space(source: str, at: int) -> int:
    return _SPACE.match(source, at).end()  # type: ignore[union-attr]  # matches the empty text


def _blank(source: str, at: int) -> int:
    return _BLANK.match(source, at).end()  # type: ignore[union-attr]  # matches the empty text


def _labels(source: str, at: int) -> tuple[list[Scalar], int]:
    labels: list[Scalar] = []
    while True:
        at = _blank(source, at)
        name = _NAME.match(source, at)
        if name:
            labels.append(Scalar(name[0], "str", name.span()))
            at = name.end()
        elif source[at : at + 1] == '"':
            label, at = _string(source, at, 0)
            labels.append(label)
        else:
            return labels, at


def _body(source: str, at: int, level: int) -> tuple[Map, int]:
    """Attributes and blocks up to the closing brace."""
    if level > MOST_LEVELS:
        raise _WrongError(at, "nested too deep")
    start = at - 1
    attributes: list[tuple[Node, Node]] = []
    blocks: dict[str, tuple[Scalar, list[Map]]] = {}
    at = _space(source, at)
    while source[at : at + 1] != "}":
        name = _NAME.match(source, at)
        if not name:
            raise _WrongError(at, "a name or a closing brace was expected")
        key = Scalar(name[0], "str", name.span())
        _, after = _labels(source, name.end())
        if source[after : after + 1] == "{":
            inner, at = _body(source, after + 1, level + 1)
            blocks.setdefault(key.text, (key, []))[1].append(inner)
        else:
            value, at = _attribute(source, name.end(), level)
            attributes.append((key, value))
        at = _space(source, at)
    several = [(key, Seq(tuple(found), (found[0].span[0], found[-1].span[1]))) for key, found in blocks.values()]
    return Map((*attributes, *several), (start, at + 1)), at + 1


def _attribute(source: str, at: int, level: int) -> tuple[Node, int]:
    at = _blank(source, at)
    if source[at : at + 1] != "=" or source[at : at + 2] == "==":
        raise _WrongError(at, "a value or a block was expected")
    return _value(source, at + 1, level + 1)


def _value(source: str, at: int, level: int) -> tuple[Node, int]:
    """A literal, else the expression up to where it ends."""
    if level > MOST_LEVELS:
        raise _WrongError(at, "nested too deep")
    at = _blank(source, at)
    found = _literal(source, at, level)
    if found is not None and _END.match(source, _blank(source, found[1])):
        return found
    end = _skipped(source, at)
    if end == at:
        raise _WrongError(at, "a value was expected")
    return Scalar(_utf8(source[at:end].rstrip()), EXPRESSION, (at, at + len(source[at:end].rstrip()))), end


def _literal(source: str, at: int, level: int) -> tuple[Node, int] | None:
    first = source[at : at + 1]
    if first == '"':
        return _string(source, at, level)
    if first in ("[", "{") and not _FOR.match(source, at):
        return _items(source, at, level) if first == "[" else _object(source, at, level)
    heredoc = _HEREDOC.match(source, at)
    if heredoc:
        return _heredoc(source, at, heredoc)
    call = _CALL.match(source, at)
    if call:
        inner, after = _value(source, _space(source, call.end()), level + 1)
        after = _space(source, after)
        return (inner, after + 1) if source[after : after + 1] == ")" else None
    for pattern, tag in ((_NUMBER, "int"), (_WORD, "bool")):
        plain = pattern.match(source, at)
        if plain:
            return Scalar(plain[0], "null" if plain[0] == "null" else tag, plain.span()), plain.end()
    return None


def _items(source: str, at: int, level: int) -> tuple[Node, int]:
    start, items = at, []
    at = _space(source, at + 1)
    while source[at : at + 1] != "]":
        item, at = _value(source, at, level + 1)
        items.append(item)
        at = _space(source, at)
        if source[at : at + 1] == ",":
            at = _space(source, at + 1)
        elif source[at : at + 1] != "]":
            raise _WrongError(at, "a list that does not go on")
    return Seq(tuple(items), (start, at + 1)), at + 1


def _object(source: str, at: int, level: int) -> tuple[Node, int]:
    start, pairs = at, []
    at = _space(source, at + 1)
    while source[at : at + 1] != "}":
        name = _NAME.match(source, at)
        if name:
            key, at = Scalar(name[0], "str", name.span()), name.end()
        elif source[at : at + 1] == '"':
            key, at = _string(source, at, level)
        else:  # a key that is worked out
            end = _skipped(source, at, "=:")
            key, at = Scalar("", EXPRESSION, (at, end)), end
        at = _blank(source, at)
        if source[at : at + 1] not in ("=", ":"):
            raise _WrongError(at, "an object's key without value")
        value, at = _value(source, _space(source, at + 1), level + 1)
        pairs.append((key, value))
        at = _space(source, at)
        if source[at : at + 1] == ",":
            at = _space(source, at + 1)
    return Map(tuple(pairs), (start, at + 1)), at + 1


def _string(source: str, at: int, level: int) -> tuple[Scalar, int]:
    end = _string_end(source, at, level)
    text = _utf8(source[at + 1 : end - 1])
    template = re.search(r"(?<!\$)\$\{|(?<!%)%\{", text) is not None
    text = _ESCAPE.sub(lambda found: found[0][1:] if not found[1] else _ESCAPES.get(found[1], found[1]), text)
    return Scalar(text, TEMPLATE if template else "str", (at, end), '"'), end


def _string_end(source: str, at: int, level: int) -> int:
    """Behind the closing quote; ``${…}`` inside may hold texts of its own."""
    start = at
    if level > MOST_LEVELS:
        raise _WrongError(at, "nested too deep")
    at = _STRING.match(source, at).end()  # type: ignore[union-attr]  # it stands on a quote
    while source[at : at + 1] != '"':
        if source[at : at + 1] in ("", "\r", "\n"):
            raise _WrongError(start, "a text that does not end")
        if source[at - 1 : at] == source[at : at + 1]:  # "$${" is no hole
            at += 2
        else:
            at = _hole_end(source, at + 2, level + 1)
        at = _MORE.match(source, at).end()  # type: ignore[union-attr]  # may be empty
    return at + 1


def _hole_end(source: str, at: int, level: int) -> int:
    depth, start = 1, at
    while (found := _BRACE.search(source, at)) is not None:
        at = found.end()
        match found[0]:
            case "{":
                depth += 1
            case "}":
                depth -= 1
                if not depth:
                    return at
            case _:
                at = _string_end(source, at - 1, level)
    raise _WrongError(start, "a template that does not end")


def _heredoc(source: str, at: int, opened: re.Match[str]) -> tuple[Node, int]:
    closing = re.compile(rf"^[ \t]*{opened[1]}[ \t]*\r?$", re.MULTILINE).search(source, opened.end())
    if not closing:
        raise _WrongError(at, "a text that does not end")
    text = _utf8(source[opened.end() : closing.start()])
    return Scalar(text, TEMPLATE if "${" in text else "str", (opened.end(), closing.start()), "|"), closing.end()


def _skipped(source: str, at: int, stops: str = "") -> int:
    """Where an expression ends: at a comma, a closing bracket or a line's end that is not inside of its brackets."""
    depth = 0
    while (found := _TOKEN.search(source, at)) is not None:
        what = found[0]
        if what == '"':
            at = _string_end(source, found.start(), 0)
            continue
        if what.startswith("<<"):
            opened = _HEREDOC.match(source, found.start())
            at = _heredoc(source, found.start(), opened)[1] if opened else found.end()
            continue
        if what in "[({":
            depth += 1
        elif what in "])}":
            if not depth:
                return found.start()
            depth -= 1
        elif not depth and (what in (",", "\n") or what[0] == "#" or what[:2] == "//" or (stops and what in stops)):
            return found.start()
        at = found.end()
    return len(source)


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")
