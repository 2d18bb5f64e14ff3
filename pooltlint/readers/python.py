"""Python source, read with tree-sitter and lowered to the outline."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from pooltlint.model.source import Span, line_starts
from pooltlint.model.url import MASK, mask, mask_whole
from pooltlint.outline.nodes import (
    Argument,
    Arm,
    Assign,
    Await,
    Block,
    Break,
    Call,
    Choice,
    Class,
    ClassValue,
    Comment,
    Constant,
    Continue,
    Define,
    DefineClass,
    Do,
    Entry,
    Expr,
    Field,
    Function,
    Handler,
    If,
    Import,
    Index,
    Items,
    Lambda,
    Loop,
    Member,
    Module,
    Name,
    Opaque,
    Operation,
    Parameter,
    Raise,
    Record,
    Resource,
    Return,
    Spread,
    Stmt,
    Switch,
    Template,
    Text,
    Try,
    With,
    Yield,
)
from pooltlint.outline.secrets import kept

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

DEPTH = 150
"""Expressions, blocks and ``elif`` chains nested deeper than this become :class:`Opaque`."""

_COMPARISON = {"is": "==", "is not": "!=", "<>": "!="}
_LAYOUT = {"comment", "line_continuation"}
_JUMPS = {"return_statement", "raise_statement", "break_statement", "continue_statement"}
_ACCESSORS = {"property": "getter", "cached_property": "getter", "getter": "getter", "setter": "setter"}
_LONE_CR = re.compile(rb"\r(?!\n)")
_NOT_ASCII = bytes(range(128)) + b"?" * 128
_MANY = 500
"""So often something may cost what is quadratic in it."""
_COMMENT_LINES = re.compile(rb"(?m)^[ \t\f]*#[^\n]*\n(?:[ \t\f\r\n]*#[^\n]*\n)+")
_ENDLESS_ESCAPE = re.compile(rb"\\N\{(?![^}\n]{1,100}\})")
_CONTINUATIONS = re.compile(rb"(?:\\\r?\n[ \t\f]*){20,}")
_OPENING = re.compile(rb"([A-Za-z]*)('''|\"\"\"|'|\")")
_ESCAPE = re.compile(
    r"\\(?:(\n)|([0-7]{1,3})|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|N\{([^}\n]{1,100})\}|([\\'\"abfnrtv]))"
)
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_HOLE = 0xF0000
_HOLES = 0x10000
_HOLE_MARK = re.compile("([\U000f0000-\U000fffff])")


def read(path: str, data: bytes) -> Module:
    """Lower one Python file.

    ``path`` is only passed through. ``data`` may be anything: broken source, other encodings than
    UTF-8, Python 2. What the parser cannot make sense of, and what is nested deeper than
    :data:`DEPTH`, is :class:`Opaque` and has its span in ``Module.errors``. Raises nothing.
    """
    reading = _Reading(data)
    root = _parser().parse(_parseable(reading)).root_node
    reading.broken = root.has_error
    body: list[Stmt] = []
    if root.type == "module":
        _statements(reading, root, body)
    else:
        _wreck(reading, root, body)
    whole = (0, len(data))
    reading.functions[0] = Function("", "module", (), tuple(body), whole, (0, 0), -1)
    if reading.broken:
        reading.errors.extend(_faults(root))
    return Module(
        path=path,
        language="python",
        functions=tuple(reading.functions),
        classes=tuple(reading.classes),
        imports=tuple(reading.imports),
        exports=(),
        comments=_comments(reading, root),
        lines=line_starts(data),
        errors=_outermost(reading.errors),
    )


@cache
def _parser() -> Parser:
    import tree_sitter_python
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_python.language()))


class _Reading:
    """What is gathered, and where we stand, while one file is lowered."""

    def __init__(self, data: bytes) -> None:
        self.source = data
        self.encoding = "utf-8"
        try:
            data.decode()
        except UnicodeDecodeError:
            self.encoding = "latin-1"
        if b"\r" in data:
            self.source = _LONE_CR.sub(b"\n", data)
        self.chars = self.source.decode("latin-1")  # one character per byte: slicing it beats decoding slices
        self.functions: list[Function] = [_PENDING]
        self.classes: list[Class] = []
        self.imports: list[Import] = []
        self.errors: list[Span] = []
        self.scope = 0
        self.generator = False
        self.outward: list[str] = []
        self.type_only = False
        self.broken = False
        self.depth = 0

    def text(self, node: Node) -> str:
        """What is written at the node."""
        return self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        """What is written between two offsets."""
        text = self.chars[start:end]
        if text.isascii() or self.encoding != "utf-8":
            return text
        return text.encode("latin-1").decode("utf-8", "replace")


_PENDING = Function("", "function", (), (), (0, 0), (0, 0), 0)
_PENDING_CLASS = Class("", (), (), (), (0, 0), (0, 0), 0)

_LowerExpression = Callable[[_Reading, "Node"], Expr]
_LowerStatement = Callable[[_Reading, "Node", list[Stmt]], None]


def _parseable(reading: _Reading) -> bytes:
    r"""The source as the parser shall see it: every offset the same, but nothing that costs more than linear time.

    Measured with tree-sitter-python 0.25: it looks from every ``\N{`` for its ``}``, and from every line
    continuation and, inside blocks, every comment line over all that follow it.
    """
    source = reading.source
    if reading.encoding != "utf-8":  # a stray byte would be a syntax error
        source = source.translate(_NOT_ASCII)
    if source.count(b"\\N{") > _MANY:
        source = _ENDLESS_ESCAPE.sub(b"\\__", source)
    if source.count(b"\\\n") + source.count(b"\\\r") > _MANY:
        source = _CONTINUATIONS.sub(lambda found: b" " * len(found[0]), source)
    if source.count(b"#") > _MANY:
        source = _COMMENT_LINES.sub(_as_one_comment, source)
    return source


def _as_one_comment(lines: re.Match[bytes]) -> bytes:
    text = lines[0]
    return text if text.count(b"\n") < _MANY // 4 else text[:-1].replace(b"\n", b" ") + b"\n"


def _comments(reading: _Reading, root: Node) -> tuple[Comment, ...]:
    # Not by a tree-sitter query: its cursor is quadratic in the children of a broken node.
    source = reading.source
    words = [found.start() for found in re.finditer(b"pooltlint", source)]
    found: dict[Span, str] = {}
    unseen = [root] if words else []
    while unseen:
        for child in unseen.pop().children:
            start, end = child.byte_range
            at = bisect_left(words, start)
            if at == len(words) or words[at] >= end:
                continue
            if child.type != "comment":
                unseen.append(child)
                continue
            for word in words[at : bisect_left(words, end)]:  # several where lines were made one comment
                first = max(start, source.rfind(b"\n", start, word) + 1)
                last = source.find(b"\n", word, end)
                line = source[first : end if last < 0 else last]
                text = line.strip()
                span = (first + line.index(b"#"), first + len(line.rstrip()))
                found[span] = mask(text.decode(reading.encoding, "replace").lstrip("#").strip())
    return tuple(Comment(text, span) for span, text in sorted(found.items()))


def _faults(root: Node) -> Iterator[Span]:
    unseen = [root]
    while unseen:
        node = unseen.pop()
        if node.is_error or node.is_missing:
            yield node.byte_range
        elif node.has_error:
            unseen.extend(node.children)


def _outermost(spans: Iterable[Span]) -> tuple[Span, ...]:
    kept: list[Span] = []
    for start, end in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not kept or end > kept[-1][1] or start >= kept[-1][1]:
            kept.append((start, end))
    return tuple(kept)


def _kids(node: Node) -> list[Node]:
    return [child for child in node.children if child.type not in _LAYOUT]


# --- expressions ------------------------------------------------------------------------------


def _expression(reading: _Reading, node: Node) -> Expr:
    kind = node.type
    leaf = _LEAVES.get(kind)
    return _branch(reading, node, kind) if leaf is None else leaf(reading, node)


def _branch(reading: _Reading, node: Node, kind: str) -> Expr:
    """Lower an expression with others inside."""
    if reading.depth >= DEPTH:
        return _cut(reading, node)
    reading.depth += 1
    lower = _BRANCHES.get(kind, _opaque)
    if reading.broken and node.has_error and any(child.is_error or child.is_missing for child in node.children):
        lower = _opaque
    lowered = lower(reading, node)
    reading.depth -= 1
    return lowered


def _cut(reading: _Reading, node: Node) -> Opaque:
    span = node.byte_range
    reading.errors.append(span)
    return Opaque((), span)


def _opaque(reading: _Reading, node: Node) -> Opaque:
    parts: list[Expr] = []
    _gather(reading, node, parts)
    return Opaque(tuple(parts), node.byte_range)


def _gather(reading: _Reading, node: Node, parts: list[Expr]) -> None:
    """Append the expressions inside a node of any kind."""
    if reading.depth >= DEPTH:
        reading.errors.append(node.byte_range)
        return
    reading.depth += 1
    for child in node.named_children:
        kind = child.type
        if kind in _LEAVES or kind in _BRANCHES:
            parts.append(_expression(reading, child))
        elif kind not in _LAYOUT:
            _gather(reading, child, parts)
    reading.depth -= 1


def _inside(reading: _Reading, nodes: Iterable[Node]) -> tuple[Expr, ...]:
    """The expressions among some nodes; punctuation and comments are none."""
    found = []
    for node in nodes:
        kind = node.type
        leaf = _LEAVES.get(kind)
        if leaf is not None:
            found.append(leaf(reading, node))
        elif kind in _BRANCHES:
            found.append(_branch(reading, node, kind))
    return tuple(found)


def _name(reading: _Reading, node: Node) -> Expr:
    span = node.byte_range
    start, end = span
    if start == end:
        return Opaque((), span)
    text = reading.chars[start:end]
    return Name(text if text.isascii() else reading.between(start, end), span)


def _constant(value: bool | None) -> _LowerExpression:
    return lambda _, node: Constant(value, node.byte_range)


def _ellipsis(_: _Reading, node: Node) -> Expr:
    return Opaque((), node.byte_range)


def _integer(reading: _Reading, node: Node) -> Expr:
    text = reading.text(node).replace("_", "").rstrip("lL")
    span = node.byte_range
    if len(text) > 66:
        return Opaque((), span)
    octal = len(text) > 1 and text[0] == "0" and text.isdigit()  # Python 2
    try:
        value = int(text, 8 if octal else 0)
    except ValueError:
        return Opaque((), span)
    # What does not fit 64 bits cannot be a setting, and could not be stored.
    return Constant(value, span) if value < 1 << 63 else Opaque((), span)


def _float(reading: _Reading, node: Node) -> Expr:
    span = node.byte_range
    try:
        value = float(reading.text(node).replace("_", ""))
    except ValueError:
        return Opaque((), span)
    return Constant(value, span) if abs(value) < 1e300 else Opaque((), span)


Piece = tuple[str | Expr, int, int]


def _string(reading: _Reading, node: Node) -> Expr:
    span = node.byte_range
    start, end = span
    source = reading.source
    if source[start : start + 1] in (b"'", b'"'):
        quote = 3 if end - start > 5 and source[start : start + 3] in (b"'''", b'"""') else 1
        if end - start < 2 * quote:
            return Opaque((), span)
        return Text(mask_whole(_decoded(reading.between(start + quote, end - quote))), span)
    return _composed(reading, node, [node])


def _concatenation(reading: _Reading, node: Node) -> Expr:
    return _composed(reading, node, node.children)


def _composed(reading: _Reading, node: Node, strings: Iterable[Node]) -> Expr:
    pieces: list[Piece] = []
    for string in strings:
        if string.type in _LAYOUT:
            continue
        if reading.depth >= DEPTH:
            return _cut(reading, node)
        reading.depth += 1
        understood = string.type == "string" and _pieces(reading, string, pieces)
        reading.depth -= 1
        if not understood:
            return _opaque(reading, node)
    written: list[list[str]] = [[]]
    gaps: list[Span] = [(node.start_byte, node.start_byte)]
    holes: list[Expr] = []
    for value, start, end in pieces:
        if isinstance(value, str):
            gaps[-1] = (gaps[-1][0] if written[-1] else start, end)
            written[-1].append(value)
        else:
            holes.append(value)
            written.append([])
            gaps.append((end, end))
    texts = ["".join(each) for each in written]
    span = node.byte_range
    if not holes:
        return Text(mask_whole(texts[0]), span)
    texts = _masked(texts)
    parts: list[Expr] = [Text(texts[0], gaps[0])] if texts[0] else []
    for hole, text, gap in zip(holes, texts[1:], gaps[1:], strict=True):
        parts.append(hole)
        if text:
            parts.append(Text(text, gap))
    return Template(tuple(parts), span)


def _pieces(reading: _Reading, node: Node, pieces: list[Piece]) -> bool:
    """Append text and holes of one string; ``False`` for bytes and t-strings, which are no text."""
    start, end = node.byte_range
    opening = _OPENING.match(reading.source, start, end)
    if opening is None:
        return False
    prefix, quote = opening[1].lower(), opening[2]
    if b"b" in prefix or b"t" in prefix:
        return False
    at = opening.end()
    stop = end - len(quote) if end - at >= len(quote) and reading.source.endswith(quote, at, end) else end
    raw, formatted = b"r" in prefix, b"f" in prefix
    for child in node.children if formatted else ():
        if child.type in ("interpolation", "ERROR"):
            first, last = child.byte_range
            pieces.append((_written(reading, at, first, raw, formatted), at, first))
            if child.type == "ERROR":
                pieces.append((_opaque(reading, child), first, last))
            else:
                _interpolation(reading, child, pieces)
            at = last
    if at < stop:
        pieces.append((_written(reading, at, stop, raw, formatted), at, stop))
    return True


def _interpolation(reading: _Reading, node: Node, pieces: list[Piece]) -> None:
    """``{value=!r:spec}``: text as written for ``=``, and unknown where formatting may change the text."""
    start, end = node.byte_range
    kids = _kids(node)
    values = _inside(reading, kids)
    plain = True
    for kid in kids[1:]:
        kind = kid.type
        if kind == "=":
            pieces.append((_written(reading, start + 1, kid.end_byte, True, False), start + 1, kid.end_byte))
            plain = False
        elif kind == "type_conversion":
            plain = plain and reading.text(kid) == "!s"
        elif kind == "format_specifier":
            plain = plain and reading.text(kid) in (":", ":d", ":s")
            if not plain:
                values = (*values, *_opaque(reading, kid).parts)
    if plain and len(values) == 1:
        hole: Expr = values[0]
    else:
        hole = Opaque(values, node.byte_range)
    pieces.append((hole, start, end))


def _written(reading: _Reading, start: int, end: int, raw: bool, formatted: bool) -> str:
    text = reading.between(start, end)
    if formatted and ("{" in text or "}" in text):
        text = text.replace("{{", "{").replace("}}", "}")
    return text.replace("\r\n", "\n") if raw else _decoded(text)


def _decoded(text: str) -> str:
    """The text of a literal that is not raw: escapes and line ends resolved."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    newline, octal, byte, short, long, name, control = found.groups()
    if control:
        return _CONTROLS.get(control, control)
    if newline:
        return ""
    if name:
        try:
            return unicodedata.lookup(name)
        except KeyError:
            return found[0]
    code = int(octal, 8) if octal else int(byte or short or long, 16)
    # Half a surrogate pair could not be written out again.
    return "\ufffd" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)


def _masked(texts: list[str]) -> list[str]:
    """Mask secrets in the texts around the holes of a template, also where a hole splits them.

    Holes stand as private characters while the whole is masked; those that vanish together with a
    secret come back behind the mask.
    """
    if not any("=" in text or "@" in text for text in texts):
        return texts
    if len(texts) > _HOLES:
        return [mask(text) for text in texts]
    texts = [_HOLE_MARK.sub("\ufffd", text) for text in texts]
    joined = texts[0] + "".join([chr(_HOLE + at) + text for at, text in enumerate(texts[1:])])
    safe = mask(joined)
    if safe == joined:
        return texts
    masked = [""] * len(texts)
    at = 0
    pieces = _HOLE_MARK.split(safe)
    for text, mark in zip(pieces[::2], [*pieces[1::2], chr(_HOLE + len(texts) - 1)], strict=True):
        following = ord(mark) - _HOLE
        if following > at:
            before, _, after = text.partition(MASK)
            masked[at] = before + MASK
            masked[following] = after
        else:
            masked[at] = text
        at = following + 1
    return masked


def _parenthesized(reading: _Reading, node: Node) -> Expr:
    while node.type == "parenthesized_expression":
        inner = [child for child in node.named_children if child.type not in _LAYOUT]
        if len(inner) != 1:
            return _opaque(reading, node)
        node = inner[0]
    return _expression(reading, node)


def _attribute(reading: _Reading, node: Node) -> Expr:
    kids = node.children
    if len(kids) != 3:
        kids = _kids(node)
        if len(kids) != 3:
            return _opaque(reading, node)
    at = kids[2].byte_range
    return Member(_expression(reading, kids[0]), reading.between(*at), node.byte_range, at)


def _subscript(reading: _Reading, node: Node) -> Expr:
    kids = _kids(node)
    owner = _expression(reading, kids[0])
    keys = _inside(reading, kids[1:])
    return Index(owner, _one(keys, (kids[1].start_byte, kids[-1].end_byte), tupled=len(kids) > 4), node.byte_range)


def _one(values: tuple[Expr, ...], span: Span, tupled: bool = False) -> Expr:
    return values[0] if len(values) == 1 and not tupled else Items(values, span)


def _call(reading: _Reading, node: Node) -> Expr:
    kids = node.children
    if len(kids) != 2:
        kids = _kids(node)
        if len(kids) != 2:
            return _opaque(reading, node)
    callee = _expression(reading, kids[0])
    if kids[1].type == "argument_list":
        return Call(callee, _arguments(reading, kids[1]), node.byte_range)
    return Call(callee, (Argument(_expression(reading, kids[1])),), node.byte_range)


def _arguments(reading: _Reading, node: Node) -> tuple[Argument, ...]:
    arguments = []
    for child in node.children:
        kind = child.type
        leaf = _LEAVES.get(kind)
        if leaf is not None:
            arguments.append(Argument(leaf(reading, child)))
        elif kind == "keyword_argument":
            kids = _kids(child)
            name = reading.text(kids[0])
            arguments.append(Argument(kept(name, _expression(reading, kids[-1])), name))
        elif kind == "list_splat":
            arguments.append(Argument(_expression(reading, child.children[-1]), spread=True))
        elif kind == "dictionary_splat":
            arguments.append(Argument(_expression(reading, child.children[-1]), "**", True))
        elif kind in _BRANCHES:
            arguments.append(Argument(_branch(reading, child, kind)))
    return tuple(arguments)


def _items(reading: _Reading, node: Node) -> Expr:
    return Items(_inside(reading, node.children), node.byte_range)


def _spread(reading: _Reading, node: Node) -> Expr:
    return Spread(_expression(reading, node.children[-1]), node.byte_range)


def _record(reading: _Reading, node: Node) -> Expr:
    entries = []
    for child in node.children:
        kind = child.type
        if kind == "pair":
            kids = _kids(child)
            key = _key(_expression(reading, kids[0]))
            entries.append(Entry(key, kept(key, _expression(reading, kids[-1])), child.byte_range))
        elif kind == "dictionary_splat":
            entries.append(Entry(None, _expression(reading, child.children[-1]), child.byte_range, True))
    return Record(tuple(entries), node.byte_range)


def _key(key: Expr) -> str | None:
    if isinstance(key, Text):
        return key.value
    if isinstance(key, Constant) and key.value is not None:
        return str(key.value)
    return None


def _binary(reading: _Reading, node: Node) -> Expr:
    kids = node.children
    if len(kids) != 3:
        kids = _kids(node)
        if len(kids) != 3:
            return _opaque(reading, node)
    left = _expression(reading, kids[0])
    right = _expression(reading, kids[2])
    if kids[1].type == "+" and type(right) is Text and "@" in right.value:
        left, right = _concatenated(left, right)
    return Operation(kids[1].type, (left, right), node.byte_range)


def _concatenated(left: Expr, right: Text) -> tuple[Expr, Expr]:
    """Both sides of a ``+``, without user-info that goes across what is joined on the left."""
    sums: list[Operation] = []
    operands: list[Expr] = [right]
    while isinstance(left, Operation) and left.op == "+" and len(left.operands) == 2:
        sums.append(left)
        operands.append(left.operands[1])
        left = left.operands[0]
    operands.append(left)
    operands.reverse()
    if not any(type(each) is Text and "://" in each.value for each in operands):
        return sums[0] if sums else left, right
    texts = _masked([each.value if type(each) is Text else "" for each in operands])
    first, *others = [
        Text(text, each.span) if type(each) is Text else each for each, text in zip(operands, texts, strict=True)
    ]
    for each, other in zip(reversed(sums), others, strict=False):
        first = Operation("+", (first, other), each.span)
    return first, others[-1]


def _comparison(reading: _Reading, node: Node) -> Expr:
    kids = _kids(node)
    operands = _inside(reading, kids)
    if len(operands) != 2 or len(kids) != 3:
        return Opaque(operands, node.byte_range)
    operator = kids[1].type
    return Operation(_COMPARISON.get(operator, operator), operands, node.byte_range)


def _unary(reading: _Reading, node: Node) -> Expr:
    kids = _kids(node)
    operand = _expression(reading, kids[-1])
    operator = kids[0].type
    if operator in "+-" and isinstance(operand, Constant) and type(operand.value) in (int, float):
        value: int | float = operand.value  # type: ignore[assignment]  # its type was just compared
        return Constant(-value if operator == "-" else value, node.byte_range)
    return Operation(operator, (operand,), node.byte_range)


def _choice(reading: _Reading, node: Node) -> Expr:
    values = _inside(reading, node.children)
    if len(values) != 3:
        return Opaque(values, node.byte_range)
    then, test, otherwise = values
    return Choice(test, then, otherwise, node.byte_range)


def _await(reading: _Reading, node: Node) -> Expr:
    return Await(_expression(reading, node.children[-1]), node.byte_range)


def _yield(reading: _Reading, node: Node) -> Expr:
    reading.generator = True
    kids = _kids(node)
    values = _inside(reading, kids[1:])
    delegate = len(kids) > 1 and kids[1].type == "from"
    return Yield(values[0] if values else None, node.byte_range, delegate)


def _assign(reading: _Reading, node: Node) -> Expr:
    """``a = b``, ``a: T``, ``a: T = b``, ``a += b`` and ``a := b``."""
    target = value = annotation = None
    operator = "="
    for child in node.children:
        kind = child.type
        if kind == "type":
            annotation = _expression(reading, child)
        elif kind in _LEAVES or kind in _BRANCHES:
            if target is None:
                target = _expression(reading, child)
            else:
                value = _expression(reading, child)
        elif kind[-1] == "=" and kind != ":=":
            operator = kind
    if target is None:
        return _opaque(reading, node)
    return Assign(target, value and kept(target, value), node.byte_range, operator, annotation=annotation)


def _comprehension(reading: _Reading, node: Node) -> Expr:
    """What is evaluated, in source order; the names bound are seen nowhere else."""
    parts: list[Expr] = []
    for child in node.named_children:
        kind = child.type
        if kind == "for_in_clause":
            parts.extend(_inside(reading, child.named_children)[1:])
        elif kind in ("if_clause", "pair"):
            parts.extend(_inside(reading, child.named_children))
        elif kind not in _LAYOUT:
            parts.append(_expression(reading, child))
    return Opaque(tuple(parts), node.byte_range)


def _lambda(reading: _Reading, node: Node) -> Expr:
    index = len(reading.functions)
    reading.functions.append(_PENDING)
    kids = _kids(node)
    params: tuple[Parameter, ...] = ()
    if kids[1].type == "lambda_parameters":
        params = _parameters(reading, kids[1])
    outer = reading.scope, reading.generator, reading.outward
    reading.scope, reading.generator, reading.outward = index, False, []
    value = _expression(reading, kids[-1])
    span = node.byte_range
    reading.functions[index] = Function(
        name="",
        kind="arrow",
        params=params,
        body=(Return(value, kids[-1].byte_range),),
        span=span,
        at=kids[0].byte_range,
        parent=outer[0],
        generator=reading.generator,
    )
    reading.scope, reading.generator, reading.outward = outer
    return Lambda(index, span)


def _type(reading: _Reading, node: Node) -> Expr:
    values = _inside(reading, node.named_children)
    return values[0] if len(values) == 1 else Opaque(values, node.byte_range)


def _generic(reading: _Reading, node: Node) -> Expr:
    """``list[int]`` in an annotation: what a subscript is in an expression."""
    kids = _kids(node)
    if len(kids) != 2:
        return _opaque(reading, node)
    owner = _expression(reading, kids[0])
    types = _inside(reading, kids[1].children)
    return Index(owner, _one(types, kids[1].byte_range), node.byte_range)


_LEAVES: dict[str, _LowerExpression] = {
    "identifier": _name,
    "string": _string,
    "integer": _integer,
    "float": _float,
    "true": _constant(True),
    "false": _constant(False),
    "none": _constant(None),
    "ellipsis": _ellipsis,
}
_BRANCHES: dict[str, _LowerExpression] = {
    "ERROR": _opaque,
    "as_pattern": _opaque,
    "as_pattern_target": _type,
    "assignment": _assign,
    "attribute": _attribute,
    "augmented_assignment": _assign,
    "await": _await,
    "binary_operator": _binary,
    "boolean_operator": _binary,
    "call": _call,
    "comparison_operator": _comparison,
    "concatenated_string": _concatenation,
    "conditional_expression": _choice,
    "constrained_type": _opaque,
    "dictionary": _record,
    "dictionary_comprehension": _comprehension,
    "dictionary_splat": _opaque,
    "expression_list": _items,
    "generator_expression": _comprehension,
    "generic_type": _generic,
    "lambda": _lambda,
    "list": _items,
    "list_comprehension": _comprehension,
    "list_pattern": _items,
    "list_splat": _spread,
    "list_splat_pattern": _spread,
    "member_type": _opaque,
    "named_expression": _assign,
    "not_operator": _unary,
    "parenthesized_expression": _parenthesized,
    "parenthesized_list_splat": _opaque,
    "pattern_list": _items,
    "set": _items,
    "set_comprehension": _comprehension,
    "slice": _opaque,
    "splat_type": _opaque,
    "subscript": _subscript,
    "tuple": _items,
    "tuple_pattern": _items,
    "type": _type,
    "unary_operator": _unary,
    "union_type": _opaque,
    "yield": _yield,
}

# --- statements -------------------------------------------------------------------------------


def _statements(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    for child in node.children:
        lower = _STATEMENTS.get(child.type)
        if lower is not None:
            lower(reading, child, block)


def _block(reading: _Reading, node: Node) -> Block:
    if reading.depth >= DEPTH:
        return (Do(_cut(reading, node), node.byte_range),)
    reading.depth += 1
    block: list[Stmt] = []
    _statements(reading, node, block)
    reading.depth -= 1
    return tuple(block)


def _body(reading: _Reading, clause: Node) -> Block:
    """The block of a clause such as ``else:``."""
    for child in clause.children:
        if child.type == "block":
            return _block(reading, child)
    return ()


def _wreck(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    """A place the parser gave up on: statements found whole in it count, where jumps lead is not known."""
    if reading.depth >= DEPTH:
        _cut(reading, node)
        return
    reading.depth += 1
    for child in node.named_children:
        kind = child.type
        if kind in ("block", "ERROR"):
            _wreck(reading, child, block)
        elif kind in _STATEMENTS and kind not in _JUMPS:
            _STATEMENTS[kind](reading, child, block)
        elif kind in _LEAVES or kind in _BRANCHES:
            span = child.byte_range
            block.append(Do(Opaque((_expression(reading, child),), span), span))
        elif kind not in _LAYOUT:
            block.append(Do(_opaque(reading, child), child.byte_range))
    reading.depth -= 1


def _do(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    kids = node.children
    span = node.byte_range
    if len(kids) == 1:
        block.append(Do(_expression(reading, kids[0]), span))
        return
    values = _inside(reading, kids)
    block.append(Do(_one(values, span, tupled=any(kid.type == "," for kid in kids)), span))


def _unknown(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    """``del``, and Python 2's ``print`` and ``exec``."""
    block.append(Do(_opaque(reading, node), node.byte_range))


def _assert(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    """A test on which nothing depends: that it fails is no path worth telling of."""
    tests = _inside(reading, node.children)
    if tests:
        block.append(If(tests[0], (), (), node.byte_range))


def _nothing(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    """``pass`` and type aliases."""


def _return(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    values = _inside(reading, node.children)
    block.append(Return(values[0] if values else None, node.byte_range))


def _raise(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    values = _inside(reading, node.children)
    block.append(Raise(values[0] if values else None, node.byte_range))


def _break(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    block.append(Break(node.byte_range))


def _continue(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    block.append(Continue(node.byte_range))


def _outwards(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    """``global`` and ``nonlocal``."""
    reading.outward.extend(reading.text(child) for child in node.children if child.type == "identifier")


def _if(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    test, then = _condition(reading, node)
    end = node.end_byte
    chain: list[tuple[Expr, Block, int]] = []
    otherwise: Block = ()
    outer = reading.depth, reading.type_only
    reading.type_only = outer[1] or _checks_types(test, negated=True)
    for child in node.children:
        if child.type == "elif_clause":
            if reading.depth >= DEPTH:
                rest = (child.start_byte, end)
                reading.errors.append(rest)
                otherwise = (Do(Opaque((), rest), rest),)
                break
            reading.depth += 1
            chain.append((*_condition(reading, child), child.start_byte))
        elif child.type == "else_clause":
            otherwise = _body(reading, child)
    reading.depth, reading.type_only = outer
    for its_test, its_then, start in reversed(chain):
        otherwise = (If(its_test, its_then, otherwise, (start, end)),)
    block.append(If(test, then, otherwise, node.byte_range))


def _condition(reading: _Reading, node: Node) -> tuple[Expr, Block]:
    """Test and block of an ``if`` or ``elif``."""
    test: Expr | None = None
    for child in node.children:
        kind = child.type
        if kind == "block":
            outer = reading.type_only
            reading.type_only = outer or _checks_types(test)
            then = _block(reading, child)
            reading.type_only = outer
            return test or Opaque((), node.byte_range), then
        if test is None and (kind in _LEAVES or kind in _BRANCHES):
            test = _expression(reading, child)
    return test or Opaque((), node.byte_range), ()


def _checks_types(test: Expr | None, negated: bool = False) -> bool:
    if negated:
        return isinstance(test, Operation) and test.op == "not" and _checks_types(test.operands[0])
    if isinstance(test, Name):
        return test.id == "TYPE_CHECKING"
    return isinstance(test, Member) and test.name == "TYPE_CHECKING"


def _for(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    heads, body, otherwise, asynchronous = _loop(reading, node)
    target, subject = heads if len(heads) == 2 else (Opaque(heads, node.byte_range), None)
    block.append(
        Loop(
            "each",
            subject or Opaque((), node.byte_range),
            target,
            body,
            node.byte_range,
            otherwise,
            asynchronous,
        )
    )


def _while(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    heads, body, otherwise, _ = _loop(reading, node)
    test = heads[0] if heads else Opaque((), node.byte_range)
    subject = None if isinstance(test, Constant) and test.value else test
    block.append(Loop("while", subject, None, body, node.byte_range, otherwise))


def _loop(reading: _Reading, node: Node) -> tuple[tuple[Expr, ...], Block, Block, bool]:
    heads: list[Expr] = []
    body: Block = ()
    otherwise: Block = ()
    asynchronous = False
    for child in node.children:
        kind = child.type
        if kind == "block":
            body = _block(reading, child)
        elif kind == "else_clause":
            otherwise = _body(reading, child)
        elif kind == "async":
            asynchronous = True
        elif kind in _LEAVES or kind in _BRANCHES:
            heads.append(_expression(reading, child))
    return tuple(heads), body, otherwise, asynchronous


def _try(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    body: Block = ()
    handlers: list[Handler] = []
    otherwise: Block = ()
    final: Block | None = None
    for child in node.children:
        kind = child.type
        if kind == "block":
            body = _block(reading, child)
        elif kind == "except_clause" or kind == "except_group_clause":
            handlers.append(_handler(reading, child))
        elif kind == "else_clause":
            otherwise = _body(reading, child)
        elif kind == "finally_clause":
            final = _body(reading, child)
    block.append(Try(body, tuple(handlers), otherwise, final, node.byte_range))


def _handler(reading: _Reading, node: Node) -> Handler:
    types: list[Expr] = []
    name = ""
    body: Block = ()
    for child in node.children:
        kind = child.type
        if kind == "block":
            body = _block(reading, child)
        elif kind == "as_pattern":
            kids = _kids(child)
            types.append(_expression(reading, kids[0]))
            name = reading.text(kids[-1])
        elif kind in _LEAVES or kind in _BRANCHES:
            types.append(_expression(reading, child))
    if len(types) == 1 and isinstance(types[0], Items):
        types = list(types[0].items)
    return Handler(tuple(types), name, body, node.byte_range)


def _with(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    items: list[Resource] = []
    body: Block = ()
    asynchronous = False
    for child in node.children:
        kind = child.type
        if kind == "with_clause":
            items.extend(_resource(reading, item) for item in child.named_children if item.type == "with_item")
        elif kind == "block":
            body = _block(reading, child)
        elif kind == "async":
            asynchronous = True
    block.append(With(tuple(items), body, node.byte_range, asynchronous))


def _resource(reading: _Reading, node: Node) -> Resource:
    for child in node.named_children:
        kind = child.type
        if kind == "as_pattern":
            kids = _kids(child)
            return Resource(_expression(reading, kids[0]), _expression(reading, kids[-1]))
        if kind not in _LAYOUT:
            return Resource(_expression(reading, child), None)
    return Resource(Opaque((), node.byte_range), None)


def _match(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    subjects: list[Expr] = []
    arms: list[Arm] = []
    comma = False
    for child in node.children:
        kind = child.type
        if kind == "block":
            if reading.depth >= DEPTH:
                _cut(reading, child)
                continue
            reading.depth += 1
            arms.extend(_arm(reading, case) for case in child.named_children if case.type == "case_clause")
            reading.depth -= 1
        elif kind == ",":
            comma = True
        elif kind in _LEAVES or kind in _BRANCHES:
            subjects.append(_expression(reading, child))
    subject = _one(tuple(subjects), node.byte_range, tupled=comma)
    block.append(Switch(subject, tuple(arms), node.byte_range))


def _arm(reading: _Reading, node: Node) -> Arm:
    """One ``case``: a name bound by its pattern is assigned an unknown value at the start of the body."""
    tests: list[Expr] = []
    patterns = 0
    anything = False
    guard: tuple[Expr, ...] = ()
    bound: list[Node] = []
    body: Block = ()
    for child in node.children:
        kind = child.type
        if kind == "block":
            body = _block(reading, child)
        elif kind == "if_clause":
            guard = _inside(reading, child.named_children)
        elif kind == "case_pattern":
            patterns += 1
            anything = _pattern(reading, child, tests, bound) or anything
    if patterns > 1 or guard:
        tests = [Opaque((*tests, *guard), node.byte_range)]
    elif anything:
        tests = []
    names = [
        Do(Assign(_name(reading, name), Opaque((), name.byte_range), name.byte_range), name.byte_range)
        for name in bound
    ]
    return Arm(tuple(tests), (*names, *body))


def _pattern(reading: _Reading, node: Node, tests: list[Expr], bound: list[Node]) -> bool:
    """Append what a pattern tests and the names it binds; true when it lets everything through."""
    if reading.depth >= DEPTH:
        tests.append(_cut(reading, node))
        return False
    reading.depth += 1
    anything = False
    kids = _kids(node)
    kind = node.type
    if kind in ("case_pattern", "union_pattern"):
        minus: Node | None = None
        for kid in kids:
            if kid.type == "dotted_name":
                names = [each for each in kid.named_children if each.type == "identifier"]
                if len(names) == 1:
                    bound.append(names[0])
                    anything = True
                else:
                    tests.append(_dotted(reading, names))
            elif kid.type == "_":
                anything = True
            elif minus is not None and kid.type in ("integer", "float"):
                value = _expression(reading, kid)
                known = isinstance(value, Constant) and value.value is not None
                span = (minus.start_byte, kid.end_byte)
                tests.append(Constant(-value.value, span) if known else value)  # type: ignore[union-attr,operator]  # `known` says it is a number
            elif kid.type in _LEAVES or kid.type == "concatenated_string":
                tests.append(_expression(reading, kid))
            elif kid.is_named:
                anything = _pattern(reading, kid, tests, bound) or anything
            minus = kid if kid.type == "-" else None
    elif kind == "as_pattern":
        for kid in kids:
            if kid.type == "identifier":
                bound.append(kid)
            elif kid.is_named:
                anything = _pattern(reading, kid, tests, bound) or anything
    else:
        inner: list[Expr] = []
        _captures(reading, node, inner, bound)
        tests.append(Opaque(tuple(inner), node.byte_range))
    reading.depth -= 1
    return anything


def _captures(reading: _Reading, node: Node, tests: list[Expr], bound: list[Node]) -> None:
    """The same for the inside of a class, sequence or mapping pattern."""
    kids = _kids(node)
    if node.type == "keyword_pattern":
        kids = kids[1:]
    if node.type == "class_pattern" and kids and kids[0].type == "dotted_name":
        tests.append(_dotted(reading, [each for each in kids[0].named_children if each.type == "identifier"]))
        kids = kids[1:]
    for kid in kids:
        kind = kid.type
        if kind in ("case_pattern", "union_pattern", "as_pattern", "dotted_name"):
            if kind != "dotted_name":
                _pattern(reading, kid, tests, bound)
            elif len(kid.named_children) == 1:
                bound.append(kid.named_children[0])
            else:
                tests.append(_dotted(reading, kid.named_children))
        elif kind == "identifier":
            bound.append(kid)
        elif kind in _LEAVES or kind == "concatenated_string":
            tests.append(_expression(reading, kid))
        elif kid.is_named:
            if reading.depth >= DEPTH:
                _cut(reading, kid)
                continue
            reading.depth += 1
            _captures(reading, kid, tests, bound)
            reading.depth -= 1


def _dotted(reading: _Reading, names: list[Node]) -> Expr:
    names = [name for name in names if name.type == "identifier"]
    value = _name(reading, names[0])
    for name in names[1:][:DEPTH]:
        value = Member(value, reading.text(name), (names[0].start_byte, name.end_byte), name.byte_range)
    return value


# --- imports ------------------------------------------------------------------------------------


def _import(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    for child in node.named_children:
        if child.type == "dotted_name":
            module = _packed(reading, child)
            first = module.partition(".")[0]
            _bind(reading, child, first, first, "*")
            if first != module:
                _bind(reading, child, "", module, "*")
        elif child.type == "aliased_import":
            kids = _kids(child)
            _bind(reading, child, reading.text(kids[-1]), _packed(reading, kids[0]), "*")


def _import_from(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    module = "__future__" if node.type == "future_import_statement" else ""
    for child in node.named_children:
        kind = child.type
        if kind == "wildcard_import":
            _bind(reading, child, "*", module, "*")
        elif kind == "aliased_import":
            kids = _kids(child)
            _bind(reading, child, reading.text(kids[-1]), module, _packed(reading, kids[0]))
        elif kind in ("dotted_name", "relative_import"):
            name = _packed(reading, child)
            if module:
                _bind(reading, child, name, module, name)
            else:
                module = name


def _bind(reading: _Reading, node: Node, local: str, module: str, name: str) -> None:
    reading.imports.append(Import(local, module, name, node.byte_range, reading.scope, reading.type_only))


def _packed(reading: _Reading, node: Node) -> str:
    """A dotted name without the white space that may stand around its dots."""
    text = reading.text(node)
    return text if text.isidentifier() else "".join(text.replace("\\", " ").split())


# --- functions and classes ----------------------------------------------------------------------


def _define(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    block.append(Define(_function(reading, node, ()), node.byte_range))


def _define_class(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    block.append(DefineClass(_class(reading, node, ()), node.byte_range))


def _decorated(reading: _Reading, node: Node, block: list[Stmt]) -> None:
    decorators, definition = _decoration(reading, node)
    if definition is None:
        block.append(Do(Opaque(decorators, node.byte_range), node.byte_range))
    elif definition.type == "class_definition":
        block.append(DefineClass(_class(reading, definition, decorators), node.byte_range))
    else:
        block.append(Define(_function(reading, definition, decorators), node.byte_range))


def _decoration(reading: _Reading, node: Node) -> tuple[tuple[Expr, ...], Node | None]:
    decorators: list[Expr] = []
    definition = None
    for child in node.children:
        kind = child.type
        if kind == "decorator":
            decorators.extend(_inside(reading, child.named_children))
        elif kind in ("function_definition", "class_definition"):
            definition = child
    return tuple(decorators), definition


def _function(reading: _Reading, node: Node, decorators: tuple[Expr, ...], owner: int = -1) -> int:
    index = len(reading.functions)
    reading.functions.append(_PENDING)
    name, at = "", node.byte_range
    params: tuple[Parameter, ...] = ()
    returns: Expr | None = None
    body: Block = ()
    asynchronous = False
    outer = reading.scope, reading.generator, reading.outward, reading.type_only
    for child in node.children:
        kind = child.type
        if kind == "block":
            reading.scope, reading.generator, reading.outward = index, False, []
            body = _block(reading, child)
            break
        if kind == "identifier":
            name, at = reading.text(child), child.byte_range
        elif kind == "parameters":
            params = _parameters(reading, child)
        elif kind == "type":
            returns = _expression(reading, child)
        elif kind == "async":
            asynchronous = True
    else:
        reading.scope, reading.generator, reading.outward = index, False, []
    reading.functions[index] = Function(
        name=name,
        kind=_kind(name, decorators) if owner >= 0 else "function",
        params=params,
        body=body,
        span=node.byte_range,
        at=at,
        parent=outer[0],
        owner=owner,
        asynchronous=asynchronous,
        generator=reading.generator,
        static=owner >= 0 and any(isinstance(each, Name) and each.id == "staticmethod" for each in decorators),
        decorators=decorators,
        globals=tuple(reading.outward),
        returns=returns,
    )
    reading.scope, reading.generator, reading.outward, reading.type_only = outer
    return index


def _kind(name: str, decorators: tuple[Expr, ...]) -> str:
    if name == "__init__":
        return "constructor"
    for decorator in decorators:
        word = decorator.id if isinstance(decorator, Name) else decorator.name if isinstance(decorator, Member) else ""
        if word in _ACCESSORS:
            return _ACCESSORS[word]
    return "method"


def _parameters(reading: _Reading, node: Node) -> tuple[Parameter, ...]:
    return tuple([found for child in node.named_children if (found := _parameter(reading, child)) is not None])


def _parameter(reading: _Reading, node: Node) -> Parameter | None:
    kind = node.type
    if kind == "identifier":
        return Parameter(_name(reading, node), node.byte_range)
    if kind in ("typed_parameter", "default_parameter", "typed_default_parameter"):
        target, stars = None, ""
        annotation = default = None
        for child in node.named_children:
            if target is None:
                if child.type not in _LAYOUT:
                    target, stars = _parameter_target(reading, child)
            elif child.type == "type":
                annotation = _expression(reading, child)
            elif child.type not in _LAYOUT:
                default = _expression(reading, child)
        target = target or Opaque((), node.byte_range)
        return Parameter(target, node.byte_range, annotation, default and kept(target, default), stars)
    if kind in ("list_splat_pattern", "dictionary_splat_pattern", "tuple_pattern", "ERROR"):
        target, stars = _parameter_target(reading, node)
        return Parameter(target, node.byte_range, kind=stars)
    return None


def _parameter_target(reading: _Reading, node: Node) -> tuple[Expr, str]:
    if node.type == "list_splat_pattern":
        return _expression(reading, node.children[-1]), "*"
    if node.type == "dictionary_splat_pattern":
        return _expression(reading, node.children[-1]), "**"
    return _expression(reading, node), ""


def _class(reading: _Reading, node: Node, decorators: tuple[Expr, ...]) -> int:
    index = len(reading.classes)
    reading.classes.append(_PENDING_CLASS)
    name, at = "", node.byte_range
    bases: tuple[Expr, ...] = ()
    fields: list[Field] = []
    methods: list[int] = []
    for child in node.children:
        kind = child.type
        if kind == "identifier":
            name, at = reading.text(child), child.byte_range
        elif kind == "argument_list":
            bases = tuple(
                Spread(each.value, (child.start_byte, child.end_byte)) if each.spread else each.value
                for each in _arguments(reading, child)
                if not each.name
            )
            bases += tuple(  # somebody's metaclass decides what calling the class gives
                Opaque((), each.value.span)
                for each in _arguments(reading, child)
                if each.name == "metaclass" and not reading.text(child).rstrip(") ,").endswith("ABCMeta")
            )
        elif kind == "block":
            _class_body(reading, child, index, fields, methods, always=True)
    reading.classes[index] = Class(
        name=name,
        bases=bases,
        fields=tuple(fields),
        methods=tuple(methods),
        span=node.byte_range,
        at=at,
        parent=reading.scope,
        decorators=decorators,
    )
    return index


def _class_body(
    reading: _Reading, node: Node, owner: int, fields: list[Field], methods: list[int], always: bool
) -> None:
    """Fields, methods and inner classes; what a condition decides (not ``always``) has an unknown value."""
    if reading.depth >= DEPTH:
        _cut(reading, node)
        return
    reading.depth += 1
    for child in node.children:
        kind = child.type
        decorators: tuple[Expr, ...] = ()
        definition: Node | None = child
        if kind == "decorated_definition":
            decorators, definition = _decoration(reading, child)
            kind = definition.type if definition is not None else ""
        if definition is None:
            continue
        if kind == "expression_statement":
            for expression in child.named_children:
                if expression.type in ("assignment", "augmented_assignment"):
                    _fields(_expression(reading, expression), fields, always)
        elif kind == "function_definition":
            methods.append(_function(reading, definition, decorators, owner))
        elif kind == "class_definition":
            inner = _class(reading, definition, decorators)
            value = ClassValue(inner, definition.byte_range)
            fields.append(Field(reading.classes[inner].name, child.byte_range, value))
        elif kind in ("import_statement", "import_from_statement"):
            _STATEMENTS[kind](reading, child, [])
        elif kind in _COMPOUND or kind == "ERROR":
            _class_body(reading, child, owner, fields, methods, always=False)
        elif kind == "block":
            _class_body(reading, child, owner, fields, methods, always)
    reading.depth -= 1


def _fields(bound: Expr, fields: list[Field], always: bool) -> None:
    if not isinstance(bound, Assign):
        return
    value = bound.value
    targets = [bound.target]
    while isinstance(value, Assign):  # a = b = value
        targets.append(value.target)
        value = value.value
    if bound.op != "=" or not always:
        value = None if value is None else Opaque((value,), value.span)
    for target in reversed(targets):
        if isinstance(target, Name):
            fields.append(Field(target.id, bound.span, value, bound.annotation))
        elif isinstance(target, Items):
            matching = isinstance(value, Items) and len(value.items) == len(target.items)
            for at, each in enumerate(target.items):
                if isinstance(each, Name):
                    its = value.items[at] if matching else Opaque((value,) if value and not at else (), bound.span)  # type: ignore[union-attr]  # `matching` says it has items
                    fields.append(Field(each.id, bound.span, its))
        # Only one of the names may stand for what is made here.
        value = value and Opaque((), value.span)


_COMPOUND = {
    "if_statement", "elif_clause", "else_clause", "try_statement", "except_clause", "finally_clause", "with_statement",
    "for_statement", "while_statement", "match_statement", "case_clause",
}  # fmt: skip
_STATEMENTS: dict[str, _LowerStatement] = {
    "ERROR": _wreck,
    "assert_statement": _assert,
    "break_statement": _break,
    "class_definition": _define_class,
    "continue_statement": _continue,
    "decorated_definition": _decorated,
    "delete_statement": _unknown,
    "exec_statement": _unknown,
    "expression_statement": _do,
    "for_statement": _for,
    "function_definition": _define,
    "future_import_statement": _import_from,
    "global_statement": _outwards,
    "if_statement": _if,
    "import_from_statement": _import_from,
    "import_statement": _import,
    "match_statement": _match,
    "nonlocal_statement": _outwards,
    "pass_statement": _nothing,
    "print_statement": _unknown,
    "raise_statement": _raise,
    "return_statement": _return,
    "try_statement": _try,
    "type_alias_statement": _nothing,
    "while_statement": _while,
    "with_statement": _with,
}
