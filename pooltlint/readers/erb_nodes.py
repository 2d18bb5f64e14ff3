"""YAML with ERB in it, as Rails reads its settings, and the Ruby expressions that settings are made of. Nothing is run."""

from __future__ import annotations

import re
from bisect import bisect_right

from msgspec import Struct

from pooltlint.model.facts import RailsSetting
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, Span, line_starts, place
from pooltlint.model.url import MASK, fingerprint, mask_whole, safe
from pooltlint.model.value import FromEnv, Joined, Literal, Mapping, OneOf, Sequence, Unknown, Value
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, comments, compose, inside, merged

_TAG = re.compile(rb"<%(?!%)(?s:.*?)%>|<%(?!%)[^\r\n]*")
_MARKER = re.compile("\ue000([0-9]+)\ue001")
_MOST_LEVELS = 20
_RUBY = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<number>-?[0-9][0-9_]*(?:\.[0-9]+)?(?![A-Za-z0-9_]))
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*[?!]?(?:::[A-Za-z_]\w*)*)
    |(?P<mark>\|\||\S))""",
    re.VERBOSE | re.DOTALL,
)
_SAME = {"to_i", "to_s", "to_str", "to_f", "to_sym", "presence", "strip", "freeze", "dup", "chomp", "squish", "itself"}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_,]*)\Z")
_OCTAL = re.compile(r"[-+]?0o?[0-7_,]+\Z")
_HEXADECIMAL = re.compile(r"[-+]?0x[0-9a-fA-F_,]+\Z")
_SYMBOL = re.compile(r":[A-Za-z_][A-Za-z0-9_]*\Z")
_ODD = re.compile(r"[-+]?0b[01]|[-+]?[0-9][0-9_]*:[0-9]|[0-9]{4}-[0-9]|[-+]?\.(?:inf|nan)\Z|:['\"]", re.IGNORECASE)
_FLOAT = re.compile(r"[-+]?[0-9][0-9_,]*\.[0-9]*(?:[eE][-+]?[0-9]+)?\Z")


Plain = str | int | float | bool | None
"""What a literal may be."""


class Tag(Struct, frozen=True):
    """One ERB tag. ``code`` is the Ruby in it; ``output`` for ``<%= … %>``, which leaves text behind."""

    span: Span
    code: str
    output: bool


def without_erb(data: bytes) -> tuple[list[Tag], bytes]:
    """The tags, and the data with a filler of the same length in the place of each.

    Output becomes a word, so that YAML sees a value where one will be. Statements and comments
    become blanks. An output tag alone on its line, where no value is due, may give whole lines:
    blanks as well.
    """
    tags: list[Tag] = []
    filled = bytearray(data)
    for found in _TAG.finditer(data):
        start, end = found.span()
        closed = found[0].endswith(b"%>")
        inner = found[0][2:].removesuffix(b"%>").removesuffix(b"-")
        output = inner.startswith(b"=")
        code = inner.lstrip(b"=-").decode("utf-8", "replace") if closed and not inner.startswith(b"#") else ""
        before = data[:start].rstrip(b" \t")
        line = before[before.rfind(b"\n") + 1 :]
        after = data[end : end + 200].lstrip(b" \t")
        alone = not line and (not after or after[:1] in b"\r\n#")
        due = before.rstrip()[-1:] in (b":", b"-")
        if output and (not alone or due):
            filled[start:end] = b"E" * (end - start)
        else:
            output = output and not alone
            filled[start:end] = re.sub(rb"[^\r\n]", b" ", found[0])
        tags.append(Tag((start, end), code, output))
    return tags, bytes(filled)


class Template:
    """One file: its first YAML document (Psych reads no other), and what turns its nodes into values."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path, self.data, self.starts = path, data, line_starts(data)
        self.tags, template = without_erb(data)
        documents, self.problems = compose(path, template)
        for each in self.tags:
            if data[each.span[1] - 2 : each.span[1]] != b"%>":
                line = bisect_right(self.starts, each.span[0])
                self.problems.append(Problem(path, line, "the ERB tag is not closed"))
        self.comments = comments(template, documents)
        self.root: Node | None = documents[0] if documents else None

    def place(self, span: Span) -> Place:
        """The place of a region of this file."""
        return place(self.path, self.starts, span)

    def between(self, span: Span) -> list[Tag]:
        """The tags inside a region, in file order."""
        start, end = span
        first = bisect_right(self.tags, start - 1, key=lambda each: each.span[0])
        last = bisect_right(self.tags, end - 1, key=lambda each: each.span[0])
        return self.tags[first:last]

    def pairs(self, found: Map) -> list[tuple[Scalar, Node]]:
        """The effective pairs of a mapping, but for those whose key ERB writes; repeated keys are reported."""
        last: dict[str, Scalar] = {}
        for key, _ in found.pairs:
            if isinstance(key, Scalar) and key.tag != "merge":
                before = last.get(key.text)
                if before and not self.between((before.span[1], key.span[0])) and not self.between(key.span):
                    line = self.place(key.span).line
                    self.problems.append(Problem(self.path, line, "the key is set again here; the last one counts"))
                last[key.text] = key
        return [(key, value) for key, value in merged(found, positional=True) if not self.between(key.span)]

    def settings(self, found: Map) -> dict[str, RailsSetting]:
        """The settings of one configuration; one that ERB sets either way has all its values."""
        either: dict[str, list[Node]] = {}
        for key, node in found.pairs:
            if isinstance(key, Scalar) and key.tag != "merge":
                either.setdefault(key.text, []).append(node)
        settings = {}
        for key, node in self.pairs(found):
            value = self.value(key.text, node)
            nodes = either.get(key.text, [])
            if len(nodes) > 1 and nodes[-1] is node and self.between((nodes[0].span[1], node.span[0])):
                value = OneOf(tuple(self.value(key.text, each) for each in nodes), value.at)
            settings[key.text] = RailsSetting(value, value.at or self.place(node.span))
        return settings

    def value(self, name: str, node: Node, level: int = 0) -> Value:
        """What a node says; ``name`` is the setting it belongs to, which decides what of it is secret."""
        at = self.place(inside(node) if isinstance(node, Scalar) else node.span)
        if level > _MOST_LEVELS:
            return Unknown(at)
        if isinstance(node, Map):
            return Mapping({key.text: self.value(key.text, each, level + 1) for key, each in self.pairs(node)}, at=at)
        if isinstance(node, Seq):
            return Sequence(tuple(self.value(name, each, level + 1) for each in node.items), at)
        if node.tag.startswith(("!", "tag:")):
            return Unknown(at)
        tags = [each for each in self.between(inside(node)) if each.output]
        if not tags:
            text = node.text.replace("<%%", "<%")
            return _literal(name, text if node.style else _typed(text), at)
        return self.mixed(name, node, tags, at)

    def mixed(self, name: str, node: Scalar, tags: list[Tag], at: Place) -> Value:
        """A scalar with ERB in it: the tag's value where it is all there is, else the parts."""
        start, end = inside(node)
        values = [ruby(name, each.code, self.place(each.span), plain=not node.style) for each in tags]
        if len(tags) == 1 and tags[0].span == (start, end):
            return values[0]
        text, last = "", start
        for number, each in enumerate(tags):
            text += self.data[last : each.span[0]].decode("utf-8", "replace") + f"\ue000{number}\ue001"
            last = each.span[1]
        text = _hidden(name, text + self.data[last:end].decode("utf-8", "replace"))
        pieces = _MARKER.split(text)
        parts: list[Value] = []
        for number, piece in enumerate(pieces):
            if number % 2:
                parts.append(values[int(piece)] if int(piece) < len(values) else Unknown(at))
            elif piece:
                parts.append(Literal(piece, at))
        return Joined(tuple(parts), at)


def _hidden(name: str, text: str) -> str:
    """A setting's text without what is secret in it."""
    if name in ("username", "user"):
        return fingerprint(text)
    if safe(name, "") == MASK:
        return MASK
    return mask_whole(text)


def _literal(name: str, value: Plain | Unknown, at: Place) -> Literal | Unknown:
    if isinstance(value, Unknown):
        return Unknown(at)
    secret = name in ("username", "user") or safe(name, "") == MASK
    if isinstance(value, str) or (secret and value is not None and not isinstance(value, bool)):
        return Literal(_hidden(name, str(value)), at)
    return Literal(value, at)


def _typed(text: str) -> Plain | Unknown:
    """A plain scalar as Psych 4 reads it (``scalar_scanner.rb``); times, dates and the like are unknown."""
    word = text.lower()
    if word in ("true", "yes", "on", "false", "no", "off"):
        return word in ("true", "yes", "on")
    if word in ("", "null", "~"):
        return None
    digits = text.replace("_", "").replace(",", "")
    try:
        if _INTEGER.match(text):
            return int(digits) if len(digits) < 20 else text
        if _OCTAL.match(text):
            return int(digits.replace("o", ""), 8) if len(digits) < 20 else text
        if _HEXADECIMAL.match(text):
            return int(digits, 16) if len(digits) < 20 else text
        if _FLOAT.match(text):
            return float(digits)
    except ValueError:
        return text
    if _SYMBOL.match(text):  # to_s of it is what counts
        return text[1:]
    return Unknown() if _ODD.match(text) else text


def ruby(name: str, code: str, at: Place, *, plain: bool) -> Value:
    """The value of a Ruby expression; unknown unless every word of it is understood.

    ``plain``: what it gives stands unquoted in the YAML, which decides on its type.
    """
    words = [(found.lastgroup or "", found[found.lastgroup or 0]) for found in _RUBY.finditer(code[:2000])]
    reading = _Ruby(name, words, at, plain)
    value = reading.alternatives(0)
    return value if reading.at == len(words) else Unknown(at)


class _Ruby:
    """A reader of the few Ruby expressions that settings are made of; :attr:`at` stops where it understands no more."""

    def __init__(self, name: str, words: list[tuple[str, str]], at: Place, plain: bool) -> None:
        self.name, self.words, self.where, self.plain, self.at = name, words, at, plain, 0

    def next(self, *marks: str) -> bool:
        """Whether these words come next; then they are taken."""
        if [each for _, each in self.words[self.at : self.at + len(marks)]] == list(marks):
            self.at += len(marks)
            return True
        return False

    def alternatives(self, level: int) -> Value:
        """``a || b || c``"""
        found = self.term(level)
        if not self.next("||"):
            return found
        return self.fallback(found, self.alternatives(level + 1)) if level < _MOST_LEVELS else Unknown(self.where)

    def fallback(self, found: Value, default: Value) -> Value:
        """``found || default``"""
        if isinstance(found, FromEnv):
            inner = default if found.default is None else self.fallback(found.default, default)
            return FromEnv(found.name, found.at, inner)
        if isinstance(found, Literal):
            return default if found.value is None or found.value is False else found
        return Unknown(self.where)

    def term(self, level: int) -> Value:
        """A value with the conversions behind it."""
        optional = self.words[self.at : self.at + 2] == [("word", "ENV"), ("mark", "[")]
        value = self.operand(level)
        while self.at + 1 < len(self.words) and self.words[self.at][1] == "." and self.words[self.at + 1][1] in _SAME:
            if self.words[self.at + 1][1] == "to_i":
                value = _whole(value, optional)
            self.at += 2
            self.next("(", ")")
        return value

    def operand(self, level: int) -> Value:
        """A literal, a variable, or something in brackets."""
        if self.at >= len(self.words) or level > _MOST_LEVELS:
            return Unknown(self.where)
        kind, text = self.words[self.at]
        if kind == "text":
            self.at += 1
            if text[0] == '"' and ("#{" in text or "\\" in text):
                return Unknown(self.where)
            return self.constant(re.sub(r"\\(['\\])", r"\1", text[1:-1]))
        if kind == "number":
            self.at += 1
            return self.constant(text.replace("_", ""))
        if text in ("true", "false"):
            self.at += 1
            return self.constant(text)
        if self.next("nil"):
            return Literal(None, self.where)
        if self.next("("):
            value = self.alternatives(level + 1)
            return value if self.next(")") else self.lost()
        if self.next("Integer", "("):
            value = _whole(self.alternatives(level + 1))
            return value if self.next(")") else self.lost()
        if self.next("ENV", "["):
            variable = self.variable()
            return FromEnv(variable, self.where) if variable and self.next("]") else self.lost()
        if self.next("ENV", ".", "fetch"):
            return self.fetch(level)
        return self.lost()

    def fetch(self, level: int) -> Value:
        """What follows ``ENV.fetch``."""
        bracketed = self.next("(")
        variable = self.variable()
        if not variable:
            return self.lost()
        default = self.alternatives(level + 1) if self.next(",") else None
        if bracketed and not self.next(")"):
            return self.lost()
        for opening, closing in (("{", "}"), ("do", "end")):
            if self.next(opening):
                default = self.alternatives(level + 1)
                if not self.next(closing):
                    return self.lost()
        return FromEnv(variable, self.where, default)

    def variable(self) -> str:
        """A quoted name, or ``""``."""
        if self.at < len(self.words) and self.words[self.at][0] == "text":
            self.at += 1
            name = self.words[self.at - 1][1][1:-1]
            return name if "#{" not in name else ""
        return ""

    def constant(self, text: str) -> Literal | Unknown:
        """What YAML makes of the text that the expression gives."""
        return _literal(self.name, _typed(text) if self.plain else text, self.where)

    def lost(self) -> Value:
        """Not understood: nothing that follows is."""
        self.at = len(self.words) + 1
        return Unknown(self.where)


def _whole(value: Value, optional: bool = False) -> Value:
    """The value after ``.to_i``, which makes 0 of an ``optional`` variable that is not set."""
    if isinstance(value, FromEnv):
        default = _whole(value.default) if value.default else Literal(0, value.at) if optional else None
        return FromEnv(value.name, value.at, default)
    if isinstance(value, Literal) and value.value is None:
        return Literal(0, value.at)
    if isinstance(value, Literal) and isinstance(value.value, str):
        digits = re.match(r"\s*([-+]?[0-9]{1,18})", value.value)
        return Literal(int(digits[1]) if digits else 0, value.at)
    return value
