"""Prisma schemas: what their datasource and generator blocks say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from msgspec import Struct

from pooltlint.model.facts import PrismaBlock, PrismaProperty, PrismaSchema
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, Span, line_starts, place
from pooltlint.model.url import mask_whole
from pooltlint.model.value import FromEnv, Literal, Sequence, Unknown, Value
from pooltlint.outline.nodes import Comment

MOST_BYTES = 2_000_000
"""Larger files are not read. Schemas of many hundred models stay below one megabyte."""

MOST_LEVELS = 50
"""Deeper nested lists are unknown values."""

_TOKEN = re.compile(
    rb"""(?P<gap>[ \t\f\v]+|\xef\xbb\xbf)
    |(?P<end>\r\n?|\n)
    |(?P<comment>//[^\r\n]*|/\*(?s:.*?)\*/)
    |(?P<text>"(?:\\[^\r\n]|[^"\\\r\n])*+")
    |(?P<open>"[^\r\n]*|/\*(?s:.*))
    |(?P<word>[A-Za-z0-9_.\x80-\xff-]+)
    |(?P<mark>.)""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_ESCAPE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+|\\[\"\\/bfnrt]|\\(.)")
_OPENERS = {"{": "}", "[": "]", "(": ")"}


class Token(Struct, frozen=True):
    """``kind``: ``end`` (of a line), ``text`` (a string with quotes), ``open`` (a string without end), ``word``,
    ``mark``.
    """

    kind: str
    text: str
    span: Span


def read(path: str, data: bytes) -> PrismaSchema:
    """The datasource and generator blocks of a Prisma schema, in file order.

    Tolerant: a line that is no ``name = value`` is left out with a problem, an unclosed block ends
    where the next one begins, values other than strings, booleans, numbers, lists and
    ``env("NAME")`` are unknown. Connection strings are masked. A block's place is its head
    (``datasource db``), a property's from its name to the end of its value, a value's its own text
    without quotes. Models, views, types and enums are passed over.
    """
    starts = line_starts(data)
    if len(data) > MOST_BYTES:
        return PrismaSchema(path, (), (), (Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes"),), (), starts)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return PrismaSchema(path, (), (), (Problem(path, 0, "not read: encoded as UTF-16, not UTF-8"),), (), starts)
    comments: list[Comment] = []
    tokens = list(_tokens(data, comments))
    parser = _Parser(path, tokens, starts)
    blocks = list(parser.blocks())
    datasources = tuple(each for each in blocks if each.kind == "datasource")
    generators = tuple(each for each in blocks if each.kind == "generator")
    for each in datasources[1:]:
        parser.problems.append(Problem(path, each.at.line, "a second datasource; Prisma allows one"))
    return PrismaSchema(path, datasources, generators, tuple(sorted(parser.problems)), tuple(comments), starts)


def _tokens(data: bytes, comments: list[Comment]) -> Iterator[Token]:
    for found in _TOKEN.finditer(data):
        kind = found.lastgroup or "mark"
        if kind == "comment":
            if b"pooltlint" in found[0]:
                text = found[0].decode("utf-8", "replace")
                text = text[2:-2] if text.startswith("/*") else text.lstrip("/")
                comments.append(Comment(text.strip(), found.span()))
            if found[0].startswith(b"/*") and b"\n" in found[0]:
                yield Token("end", "\n", found.span())
        elif kind != "gap":
            yield Token(kind, found[0].decode("utf-8", "replace"), found.span())


class _Parser:
    """Reads blocks off the tokens, from left to right and never back."""

    def __init__(self, path: str, tokens: list[Token], starts: list[int]) -> None:
        self.path, self.tokens, self.starts = path, tokens, starts
        self.problems: list[Problem] = []
        self.at = 0

    def place(self, start: int, end: int) -> Place:
        return place(self.path, self.starts, (start, end))

    def report(self, token: Token, message: str) -> None:
        self.problems.append(Problem(self.path, self.place(*token.span).line, message))

    def peek(self, ahead: int = 0) -> Token | None:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def mark(self, ahead: int = 0) -> str:
        """The text of a token ahead, ``""`` behind the last one and for strings."""
        token = self.peek(ahead)
        return token.text if token and token.kind != "text" else ""

    def head(self) -> bool:
        """Whether a block begins here: two words and a brace."""
        kinds = [token.kind if (token := self.peek(ahead)) else "" for ahead in range(2)]
        return kinds == ["word", "word"] and self.mark(2) == "{"

    def blocks(self) -> Iterator[PrismaBlock]:
        """The datasource and generator blocks; everything else is passed over."""
        while token := self.peek():
            if token.kind == "end":
                self.at += 1
            elif not self.head():
                self.report(token, "not the beginning of a block")
                self.line()
            elif token.text in ("datasource", "generator"):
                yield self.block()
            else:
                self.skip()

    def line(self) -> None:
        """On to the next line."""
        while (token := self.peek()) and token.kind != "end":
            self.at += 1

    def skip(self) -> None:
        """Over a block whose content is of no interest."""
        head = self.tokens[self.at]
        self.at += 3
        begins = False
        while token := self.peek():
            if token.text == "}" or (begins and self.head()):
                break
            begins = token.kind == "end"
            self.at += 1
        if self.mark() == "}":
            self.at += 1
        else:
            self.report(head, "the block is not closed")

    def block(self) -> PrismaBlock:
        """A block of ``name = value`` lines."""
        kind, name = self.tokens[self.at], self.tokens[self.at + 1]
        self.at += 3
        properties: list[PrismaProperty] = []
        while (token := self.peek()) and self.mark() != "}" and not self.head():
            if token.kind == "end":
                self.at += 1
                continue
            if token.kind == "word" and self.mark(1) == "=":
                found = self.property()
                if found and any(each.name == found.name for each in properties):
                    self.report(token, f"{found.name} is set twice")
                properties += [found] if found else []
            else:
                self.report(token, f"not a setting of the {kind.text}")
            while (token := self.peek()) and token.kind != "end" and self.mark() != "}":
                self.at += 1
        if self.mark() == "}":
            self.at += 1
        else:
            self.report(kind, "the block is not closed")
        return PrismaBlock(kind.text, name.text, tuple(properties), self.place(kind.span[0], name.span[1]))

    def property(self) -> PrismaProperty | None:
        """One ``name = value``, up to the end of the value."""
        name = self.tokens[self.at]
        self.at += 2
        first = self.peek()
        if first is None or first.kind == "end" or first.text == "}":
            self.report(name, f"{name.text} has no value")
            return None
        value = self.value(0)
        end = self.tokens[self.at - 1].span[1]
        after = self.peek()
        if after and after.kind != "end" and after.text != "}":
            self.report(after, f"something stands behind the value of {name.text}")
            value = Unknown(value.at)
        return PrismaProperty(name.text, value, self.place(name.span[0], end))

    def value(self, level: int) -> Value:
        """One value; unknown when it is none of those that configuration is made of."""
        token = self.tokens[self.at]
        self.at += 1
        start, end = token.span
        match token.kind:
            case "text":
                return Literal(mask_whole(_unescaped(token.text)), self.place(start + 1, end - 1))
            case "open":
                self.report(token, "the string is not closed")
                return Unknown(self.place(start, end))
            case "word" if self.mark() == "(":
                return self.call(token, level)
            case "word" if token.text in ("true", "false"):
                return Literal(token.text == "true", self.place(start, end))
            case "word" if number := _NUMBER.match(token.text[:20]):
                return Literal(float(number[0]) if number[1] else int(number[0]), self.place(start, end))
        if token.text == "[" and level < MOST_LEVELS:
            return self.items(token, level)
        if token.text in _OPENERS:
            self.close(_OPENERS[token.text])
        return Unknown(self.place(start, self.tokens[self.at - 1].span[1]))

    def call(self, name: Token, level: int) -> Value:
        """``env("NAME")``, or a call that is passed over."""
        self.at += 1
        argument = self.peek()
        if name.text == "env" and argument and argument.kind == "text" and self.mark(1) == ")":
            self.at += 2
            at = self.place(name.span[0], self.tokens[self.at - 1].span[1])
            return FromEnv(_unescaped(argument.text), at)
        self.close(")")
        return Unknown(self.place(name.span[0], self.tokens[self.at - 1].span[1]))

    def items(self, opening: Token, level: int) -> Value:
        """The items of a list, which may stand on several lines."""
        items: list[Value] = []
        while (token := self.peek()) and token.text not in ("]", "}"):
            if token.kind == "end" or token.text == ",":
                self.at += 1
            else:
                items.append(self.value(level + 1))
        if self.mark() == "]":
            self.at += 1
        else:
            self.report(opening, "the list is not closed")
        return Sequence(tuple(items), self.place(opening.span[0], self.tokens[self.at - 1].span[1]))

    def close(self, closing: str) -> None:
        """Past the closing bracket, or to the end of the line where it is missing."""
        waiting = [closing]
        while waiting and (token := self.peek()) and token.kind != "end":
            if token.text in _OPENERS and token.kind == "mark":
                waiting.append(_OPENERS[token.text])
            elif token.text == waiting[-1]:
                waiting.pop()
            elif token.text == "}":
                return
            self.at += 1


def _unescaped(text: str) -> str:
    """The string's value: JSON's escapes (Prisma 6.19 schema parser); any other stays as written."""
    plain = _ESCAPE.sub(lambda each: each[0] if each[1] else json.loads(f'"{each[0]}"'), text[1:-1])
    return plain.encode("utf-8", "replace").decode()  # half of a surrogate pair is no character
