"""TypeScript, TSX, JavaScript and JSX source, lowered to the outline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from time import process_time
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
    Export,
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
    Return,
    Spread,
    Stmt,
    Switch,
    Template,
    Text,
    Try,
    Yield,
)
from pooltlint.outline.secrets import kept

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser, Query

DEPTH = 160
"""Levels of the outline below which source is cut (one of 16,400 real files goes deeper: a chain of 90 calls)."""

_GRAMMARS = {"ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "tsx"}

_OPERATORS = {"&&": "and", "||": "or", "!": "not", "===": "==", "!==": "!="}
_JOINED = frozenset({"and", "or", "??", "+", "*", "&", "|"})
"""Operators whose left-deep chains become one operation with many operands."""

_PENDING = Function("", "function", (), (), (0, 0), (0, 0), -1)
_PENDING_CLASS = Class("", (), (), (), (0, 0), (0, 0), -1)


@dataclass(slots=True)
class _Reading:
    """What grows while one file is lowered."""

    data: bytes
    using: dict[int, int]
    functions: list[Function] = field(default_factory=lambda: [_PENDING])
    classes: list[Class] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    cuts: list[Span] = field(default_factory=list)
    scope: int = 0
    depth: int = 0
    ambient: int = 0
    broken: bool = False


def read(path: str, data: bytes) -> Module:
    """Lower one file; ``path`` tells the language by its ending. Never raises.

    A file that the grammar stumbles over is tried again without the idioms no grammar here knows,
    and a ``.js`` or ``.jsx`` file (Flow) as TSX; the reading with the fewest unreadable bytes counts.
    """
    language = _GRAMMARS.get(path.rpartition(".")[2].lower(), "javascript")
    source, using = _readable(data)
    grammar, root, errors = _parsed(language, source)
    reading = _Reading(data, using, broken=bool(errors))
    span = (0, len(data))
    directives, body = _body(reading, root) if root is not None else ((), ())
    reading.functions[0] = Function("", "module", (), body, span, (0, 0), -1, directives=directives)
    return Module(
        path=path,
        language="javascript" if language == "javascript" else "typescript",
        functions=tuple(reading.functions),
        classes=tuple(reading.classes),
        imports=tuple(reading.imports),
        exports=tuple(reading.exports),
        comments=_comments(grammar, root, data) if root is not None else (),
        lines=line_starts(data),
        errors=_outermost([*errors, *reading.cuts]),
        directives=directives,
    )


# --- parsing ------------------------------------------------------------------------------------


def _parsed(grammar: str, source: bytes) -> tuple[str, Node | None, list[Span]]:
    """The tree, the grammar that fits best, and what it could not make sense of."""
    if grammar != "javascript":
        source = _without_tag_types(source)
    root, errors = _tree(grammar, source)
    if errors and root is not None:
        mended = _without_idioms(_without_tag_types(source), errors)
        for again in (grammar, "tsx") if grammar == "javascript" else (grammar,):
            if again != grammar or mended != source:
                other, others = _tree(again, mended)
                if other is not None and _weight(others) < _weight(errors):
                    grammar, root, errors = again, other, others
    return grammar, root, errors


PATIENCE = (0.5, 2e-6)
"""Processor seconds a parse may take: to begin with, and per byte read so far (10 times what it needs)."""

ASSIGNMENTS = 500
"""How many ``=`` may follow each other without a bracket, comma or semicolon.

tree-sitter 0.26 recovers from an error in a chain of assignments in quadratic time and memory
without ever asking for our patience (``&a=`` 3,000 times, 9 kB: 6 s, 2.5 GB)."""

_ENDS = bytes.maketrans(b",(){}[]", b";;;;;;;")


def _is_hopeless(source: bytes) -> bool:
    return source.count(b"=") > ASSIGNMENTS and any(
        part.count(b"=") > ASSIGNMENTS for part in source.translate(_ENDS).split(b";") if len(part) > ASSIGNMENTS
    )


def _tree(grammar: str, source: bytes) -> tuple[Node | None, list[Span]]:
    """The root and the unreadable spans; no root when patience ran out."""
    if _is_hopeless(source):
        return None, [(0, len(source))]
    parser = _parser(grammar)
    began, (base, rate) = process_time(), PATIENCE
    try:
        root = parser.parse(
            lambda at, _: source[at : at + 65536],
            progress_callback=lambda at, _: process_time() - began > base + rate * at,
        ).root_node
    except ValueError:
        parser.reset()
        return None, [(0, len(source))]
    return root, _errors(grammar, root)


@cache
def _language(grammar: str) -> Language:
    from tree_sitter import Language

    if grammar == "javascript":
        import tree_sitter_javascript

        return Language(tree_sitter_javascript.language())
    import tree_sitter_typescript

    return Language(
        tree_sitter_typescript.language_tsx() if grammar == "tsx" else tree_sitter_typescript.language_typescript()
    )


@cache
def _parser(grammar: str) -> Parser:
    from tree_sitter import Parser

    return Parser(_language(grammar))


@cache
def _query(grammar: str, pattern: str) -> Query:
    from tree_sitter import Query

    return Query(_language(grammar), pattern)


def _captured(grammar: str, root: Node, pattern: str) -> list[Node]:
    from tree_sitter import QueryCursor

    return QueryCursor(_query(grammar, pattern)).captures(root).get("found", [])


def _errors(grammar: str, root: Node) -> list[Span]:
    if not root.has_error:
        return []
    return [node.byte_range for node in _captured(grammar, root, "(ERROR) @found (MISSING) @found")]


def _weight(errors: list[Span]) -> int:
    return sum(end - start + 1 for start, end in _outermost(errors))


def _outermost(spans: list[Span]) -> tuple[Span, ...]:
    """The spans in order, without those that lie inside another one."""
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not kept or span[1] > kept[-1][1]:
            kept.append(span)
    return tuple(kept)


def _comments(grammar: str, root: Node, data: bytes) -> tuple[Comment, ...]:
    if b"pooltlint" not in data:
        return ()
    found = []
    for node in _captured(grammar, root, "(comment) @found"):
        start, end = node.byte_range
        if data.find(b"pooltlint", start, end) >= 0:
            text = data[start:end].decode("utf-8", "replace")
            text = text[2:].removesuffix("*/") if text.startswith("/*") else text.lstrip("/")
            found.append(Comment(mask(text.strip().strip("*").strip()), (start, end)))
    return tuple(sorted(found, key=lambda comment: comment.span))


_LONE_RETURN = re.compile(rb"\r(?!\n)")
_ASCII = bytes(range(128)) + b"_" * 128

_USING = re.compile(
    rb"((?:\bawait[ \t]+)?\busing)(?=[ \t]+(?!(?:of|in|instanceof|as|satisfies)\b)[\w$]+[ \t]*(?:=[^=>]|:|of\b|[,;]))"
    rb"|\busing\b"
)


def _readable(data: bytes) -> tuple[bytes, dict[int, int]]:
    """The source with ``using`` overwritten by ``const``, every byte in its place; lone ``\\r`` end lines.

    tree-sitter-typescript 0.23.2 does not know ``using`` in full: ``for (using x of y)`` derails the
    rest of the file, and as a name it is an error. Returned with it: for every declaration, where
    ``using`` stands and where it starts (at ``await``, if there). Only the parser sees the
    overwritten bytes.
    """
    try:
        data.decode()
    except UnicodeDecodeError:  # Latin-1, mostly in comments; no byte may cost the parser its place
        data = data.translate(_ASCII)
    if b"\0" in data:
        data = data.replace(b"\0", b"_")
    if b"\r" in data:
        data = _LONE_RETURN.sub(b"\n", data)
    using: dict[int, int] = {}
    if b"using" in data:
        rewritten = bytearray(data)
        for found in _USING.finditer(data):
            start, end = found.span()
            if found[1]:
                using[end - 5] = start
                rewritten[start:end] = b"const".rjust(end - start)
            else:
                rewritten[start:end] = b"Using"
        data = bytes(rewritten)
    return data, using


_IDIOMS = re.compile(
    rb"(?<=\bexport )type(?= *\*)"
    rb"|\btypeof\s+import\(\s*(?:'[^'\n]*'|\"[^\"\n]*\")\s*\)"
    rb"|(?:(?<=[<:|])|(?<=[<:|] ))import\((?:'[^'\n]*'|\"[^\"\n]*\")\)(?=\.[A-Za-z_$])"
    rb"|(?<=\babstract )override\b"
    rb"|&(?=[\w-]+=(?![=>]))"
)
"""Not known to tree-sitter-typescript 0.23.2: ``export type *``, some uses of import types, ``abstract
override``; nor to tree-sitter-javascript 0.25: a bare ``&`` in the text of JSX attributes."""


def _without_idioms(data: bytes, errors: list[Span]) -> bytes:
    """The source with the idioms overwritten by something of the same length that can be parsed."""
    mended = bytearray(
        _IDIOMS.sub(lambda found: (b" " if found[0] in {b"type", b"override"} else b"_") * len(found[0]), data)
    )
    for start, end in errors:
        if start < end and mended[start] == 38:
            mended[start] = 95
    return bytes(mended)


def _without_tag_types(data: bytes) -> bytes:
    """The source with blanks for the types in ``sql<Row[]>`…```, a common spelling of queries.

    tree-sitter-typescript 0.23.2 takes them for comparisons. At most 2,000 bytes are looked through.
    """
    if b">`" not in data:
        return data
    rewritten = bytearray(data)
    at = data.find(b">`")
    while at >= 0:
        open_at, nested = at, 0
        floor = max(0, at - 2000)
        while open_at >= floor:
            byte = data[open_at]
            if byte == 62:  # ">", not that of "=>"
                nested += data[open_at - 1] != 61
            elif byte == 60:
                nested -= 1
                if not nested:
                    break
            elif byte == 96 or (byte == 123 and data[open_at - 1] == 36):  # "`" and "${": text, not types
                open_at = 0
            open_at -= 1
        if open_at > floor and (data[open_at - 1] in b"_$)]" or chr(data[open_at - 1]).isalnum()):
            rewritten[open_at : at + 1] = re.sub(rb"[^\r\n]", b" ", data[open_at : at + 1])
        at = data.find(b">`", at + 1)
    return bytes(rewritten)


# --- text ---------------------------------------------------------------------------------------

_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]+)\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(\r\n|.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_LINE_ENDS = {"\n", "\r", "\r\n", "\u2028", "\u2029"}


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code:
        value = int(code, 16) if len(code) < 9 else 0x110000
        return chr(value) if value < 0x110000 else "\ufffd"
    return "" if found[4] in _LINE_ENDS else _ESCAPED.get(found[4], found[4])


def _decoded(data: bytes) -> str:
    """The value of what stands between the quotes."""
    text = data.decode("utf-8", "replace")
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_unescaped, text)
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_AUTHORITY = re.compile(r"(?<=://)[^\s/?#'\"`@]*(?:@[^\s/?#'\"`@]+)*@")
_HOLE = "\x00"


def _masked(texts: list[str]) -> list[str]:
    """Text parts with holes between them, without user-info that goes across the holes."""
    if len(texts) == 1:
        return [mask_whole(texts[0])]
    if any("://" in text for text in texts) and any("@" in text for text in texts):
        joined = _HOLE.join(text.replace(_HOLE, " ") for text in texts)
        joined = _AUTHORITY.sub(lambda found: re.sub(r"[^:@\x00]+", MASK, found[0]), joined)
        texts = joined.split(_HOLE)
    return [mask(text) for text in texts]


def _string(r: _Reading, node: Node) -> Expr:
    start, end = node.start_byte, node.end_byte
    return Text(mask_whole(_decoded(r.data[start + 1 : end - 1])), (start, end))


def _template(r: _Reading, node: Node) -> Expr:
    start, end = node.start_byte, node.end_byte
    holes = [child for child in node.named_children if child.type == "template_substitution"]
    edges = [start + 1, *(edge for hole in holes for edge in (hole.start_byte, hole.end_byte)), end - 1]
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    texts = _masked([_decoded(r.data[first:last].replace(b"\r\n", b"\n")) for first, last in spans])
    if not holes:
        return Text(texts[0], (start, end))
    parts: list[Expr] = []
    for number, text in enumerate(texts):
        if text:
            parts.append(Text(text, spans[number]))
        if number < len(holes):
            parts.append(_inner(r, holes[number]))
    return Template(tuple(parts), (start, end))


def _spelled(r: _Reading, node: Node) -> str:
    return str(r.data[node.start_byte : node.end_byte], "utf-8", "replace")


# --- expressions --------------------------------------------------------------------------------


def _expr(r: _Reading, node: Node) -> Expr:
    kind = node.type
    if kind == "identifier":
        return _name(r, node)
    lower = _EXPRESSIONS.get(kind, _opaque)
    if r.depth >= DEPTH:
        return _cut(r, node)
    if r.broken and lower not in _WHOLE and _is_broken(node):
        lower = _opaque
    r.depth += 1
    result = lower(r, node)
    r.depth -= 1
    return result


def _is_broken(node: Node) -> bool:
    """Whether the parser had to skip or invent something right in this node."""
    return node.has_error and any(child.is_error or child.is_missing for child in node.children)


def _cut(r: _Reading, node: Node) -> Expr:
    span = node.byte_range
    if node.child_count:
        r.cuts.append(span)
        return Opaque((), span)
    return Opaque((), span)


def _present(r: _Reading, node: Node | None, around: Node) -> Expr:
    """The expression, or an unknown one where the source lacks it."""
    return _expr(r, node) if node is not None else Opaque((), (around.end_byte, around.end_byte))


def _inner(r: _Reading, node: Node) -> Expr:
    """The one expression inside a node that means nothing by itself (parentheses, casts, ``!``)."""
    for child in node.named_children:
        if child.type != "comment":
            return _expr(r, child)
    return Opaque((), node.byte_range)


def _assertion(r: _Reading, node: Node) -> Expr:
    """``<T>x``: the expression comes last."""
    children = node.named_children
    return _expr(r, children[-1]) if len(children) > 1 else Opaque((), node.byte_range)


def _name(r: _Reading, node: Node) -> Expr:
    start, end = node.start_byte, node.end_byte
    if start == end:  # the parser made it up
        return Opaque((), (start, end))
    return Name(str(r.data[start:end], "utf-8", "replace"), (start, end))


def _opaque(r: _Reading, node: Node) -> Expr:
    """Anything of no interest, JSX and unreadable source among it: only the expressions inside."""
    parts: list[Expr] = []
    waiting = node.named_children[::-1]
    while waiting:
        child = waiting.pop()
        kind = child.type
        lower = _EXPRESSIONS.get(kind)
        if kind in _SILENT:
            continue
        if lower is None or lower is _opaque:
            inside = child.named_children
            if kind in _JSX_TAGS:
                inside = [each for each in inside if each.type in _JSX_INSIDE]
            waiting.extend(reversed(inside))
        else:
            parts.append(_expr(r, child))
    return Opaque(tuple(parts), node.byte_range)


def _number(r: _Reading, node: Node) -> Expr:
    span = node.byte_range
    value = _numeric(r.data[span[0] : span[1]].decode("ascii", "replace"))
    return Opaque((), span) if value is None else Constant(value, span)


def _numeric(text: str) -> int | float | None:
    """The value of a number as ECMAScript's doubles hold it; ``None`` for a BigInt and what is none."""
    try:
        value: int | float = int(text, 0) if not (text[0] == "0" and text.isdigit()) else int(text, 8)
    except ValueError:
        try:
            value = float(text)
        except ValueError:
            return None
    if abs(value) <= 2**53:
        return value
    return float(value) if abs(value) < 1e300 else None


def _nothing(r: _Reading, node: Node) -> Expr:
    return Constant(None, node.byte_range)


def _true(r: _Reading, node: Node) -> Expr:
    return Constant(True, node.byte_range)


def _false(r: _Reading, node: Node) -> Expr:
    return Constant(False, node.byte_range)


def _meta(r: _Reading, node: Node) -> Expr:
    """``import.meta`` (environment variables hang on it); ``new.target`` is unknown."""
    span = node.byte_range
    if r.data[span[0] : span[1]] == b"import.meta":
        return Member(Name("import", (span[0], span[0] + 6)), "meta", span, (span[1] - 4, span[1]))
    return Opaque((), span)


def _chain(r: _Reading, node: Node) -> Expr:
    """``a.b(c)[d].e``, from the outermost link inwards without recursion, then built up again.

    tree-sitter-typescript 0.23.2 binds ``await f<T>(x)`` and ``a + f<T>(x)`` as ``(await f)(x)`` and
    ``(a + f)(x)``. Without parentheses no operator can stand at the head of a chain: it is put
    around the whole of it.
    """
    links: list[tuple[str, list[Node], Span]] = []
    around: list[Node] = []
    room = DEPTH - r.depth
    kind = node.type
    while True:
        if kind in _LINKS:
            children = node.children
            if len(children) < 2 or len(links) >= room or (r.broken and _is_broken(node)):
                break
            links.append((kind, children, (node.start_byte, node.end_byte)))
            node = children[0]
        elif kind == "non_null_expression":
            node = node.children[0]
        elif kind in _PREFIXES and links and len(links) + len(around) < room and not _is_broken(node):
            around.append(node)
            node = node.children[-1]
            links = [(each, children, (node.start_byte, span[1])) for each, children, span in links]
        else:
            break
        kind = node.type
    if not links:
        return _opaque(r, node)
    r.depth += len(links)
    owner = _name(r, node) if kind == "identifier" else _expr(r, node)
    while links:
        kind, children, span = links.pop()
        r.depth -= 1
        last = children[-1]
        if kind == "member_expression":
            start, end = last.start_byte, last.end_byte
            name = str(r.data[start:end], "utf-8", "replace")
            optional = children[1].type in _OPTIONAL or (len(children) > 3 and _is_optional(children))
            owner = Member(owner, name, span, (start, end), optional)
        elif kind == "call_expression":
            if last.type == "template_string":
                owner = Call(owner, (Argument(_expr(r, last)),), span, tag=True)
            else:
                optional = len(children) > 2 and _is_optional(children)
                owner = Call(owner, _arguments(r, last), span, optional=optional)
        else:
            owner = Index(owner, _expr(r, children[-2]), span)
    while around:
        owner = _prefixed(r, around.pop(), owner)
    return owner


def _prefixed(r: _Reading, node: Node, value: Expr) -> Expr:
    """The operator of a node around a value that takes the place of its last operand."""
    kind = node.type
    span = (node.start_byte, value.span[1])
    if kind == "await_expression":
        return Await(value, span)
    operator = node.child_by_field_name("operator")
    spelled = operator.type if operator is not None else ""
    operator_name = _OPERATORS.get(spelled, spelled)
    if kind == "unary_expression":
        return Operation(operator_name, (value,), span)
    return Operation(operator_name, (_expr(r, node.children[0]), value), span)


def _is_optional(children: list[Node]) -> bool:
    return any(child.type in _OPTIONAL for child in children[1:-1])


def _arguments(r: _Reading, node: Node) -> tuple[Argument, ...]:
    return tuple(
        [
            Argument(_inner(r, child), spread=True) if child.type == "spread_element" else Argument(_expr(r, child))
            for child in node.named_children
            if child.type != "comment"
        ]
    )


def _new(r: _Reading, node: Node) -> Expr:
    callee, arguments = node.child_by_field_name("constructor"), node.child_by_field_name("arguments")
    given = _arguments(r, arguments) if arguments is not None else ()
    return Call(_present(r, callee, node), given, node.byte_range, new=True)


def _object(r: _Reading, node: Node) -> Expr:
    """An object literal, or an object pattern."""
    entries: list[Entry] = []
    for child in node.named_children:
        kind = child.type
        span = (child.start_byte, child.end_byte)
        if kind in {"pair", "pair_pattern"}:
            parts = child.children
            key = _key(r, parts[0])
            entries.append(Entry(key, kept(key, _expr(r, parts[-1])), span))
        elif kind in {"shorthand_property_identifier", "shorthand_property_identifier_pattern"}:
            name = _spelled(r, child)
            entries.append(Entry(name, Constant(None, span) if name == "undefined" else Name(name, span), span))
        elif kind == "method_definition":
            function = _method(r, child, -1, ())
            entries.append(Entry(_key(r, child.child_by_field_name("name")), Lambda(function, span), span))
        elif kind in {"spread_element", "rest_pattern"}:
            entries.append(Entry(None, _inner(r, child), span, spread=True))
        elif kind == "object_assignment_pattern":
            value = _expr(r, child)
            known = isinstance(value, Assign) and isinstance(value.target, Name)
            entries.append(Entry(_spelled(r, child.children[0]) if known else None, value, span))
        elif kind != "comment":
            entries.append(Entry(None, _opaque(r, child), span))
    return Record(tuple(entries), node.byte_range)


def _key(r: _Reading, node: Node | None) -> str | None:
    """The key an entry, field or method has; ``None`` when it is computed."""
    if node is None:
        return None
    kind = node.type
    if kind in {"property_identifier", "private_property_identifier", "identifier", "number"}:
        return _spelled(r, node)
    if kind == "computed_property_name":
        inside = [child for child in node.named_children if child.type != "comment"]
        node = inside[0] if inside else node
        kind = node.type
    if kind == "string" or (kind == "template_string" and b"${" not in r.data[node.start_byte : node.end_byte]):
        return mask(_decoded(r.data[node.start_byte + 1 : node.end_byte - 1]))
    return None


def _array(r: _Reading, node: Node) -> Expr:
    """An array literal, or an array pattern; an elision is an unknown item."""
    items: list[Expr] = []
    filled = False
    for child in node.children[1:-1]:
        kind = child.type
        if kind == ",":
            if not filled:
                items.append(Opaque((), (child.start_byte, child.start_byte)))
            filled = False
        elif kind != "comment":
            items.append(_expr(r, child))
            filled = True
    return Items(tuple(items), node.byte_range)


def _spread(r: _Reading, node: Node) -> Expr:
    return Spread(_inner(r, node), node.byte_range)


def _ternary(r: _Reading, node: Node) -> Expr:
    parts = [child for child in node.named_children if child.type != "comment"]
    if len(parts) != 3:
        return _opaque(r, node)
    return Choice(_expr(r, parts[0]), _expr(r, parts[1]), _expr(r, parts[2]), node.byte_range)


def _binary(r: _Reading, node: Node) -> Expr:
    """Operators, left-deep chains of any length; a run of one joining operator is one operation."""
    start = node.start_byte
    chain: list[tuple[str, Node, int]] = []
    while node.type == "binary_expression":
        children = node.children
        if len(children) != 3:
            children = [child for child in children if child.type not in {"comment", "ERROR"}]
            if len(children) != 3:
                break
        operator = children[1].type
        operator = _OPERATORS.get(operator, operator)
        chain.append((operator, children[2], node.end_byte))
        node = children[0]
    if not chain:
        return _opaque(r, node)
    runs = sum(
        1
        for place, (operator, *_) in enumerate(chain)
        if operator not in _JOINED or not place or chain[place - 1][0] != operator
    )
    if r.depth + runs > DEPTH:
        return Opaque((_expr(r, node), *(_expr(r, right) for _, right, _ in reversed(chain))), (start, chain[0][2]))
    r.depth += runs
    operands = [_expr(r, node)]
    while chain:
        operator, right, end = chain.pop()
        operands.append(_expr(r, right))
        if operator not in _JOINED or not chain or chain[-1][0] != operator:
            operands = [Operation(operator, _concatenated(operator, operands), (start, end))]
            r.depth -= 1
    return operands[0]


def _concatenated(operator: str, operands: list[Expr]) -> tuple[Expr, ...]:
    """The operands; of a concatenation without user-info that goes across them."""
    if operator == "+" and any(type(each) is Text and "://" in each.value for each in operands):
        texts = iter(_masked([each.value if type(each) is Text else "" for each in operands]))
        return tuple(
            [Text(text, each.span) if type(each) is Text else each for each, text in zip(operands, texts, strict=True)]
        )
    return tuple(operands)


def _unary(r: _Reading, node: Node) -> Expr:
    children = node.children
    operator = children[0].type
    value = _expr(r, children[-1])
    span = node.byte_range
    if isinstance(value, Constant):
        if operator == "void":
            return Constant(None, span)
        if operator == "!":
            return Constant(not value.value, span)
        if operator == "-" and value.value is not None:
            return Constant(-value.value, span)
    return Operation(_OPERATORS.get(operator, operator), (value,), span)


def _update(r: _Reading, node: Node) -> Expr:
    operator, target = node.child_by_field_name("operator"), node.child_by_field_name("argument")
    span = node.byte_range
    decrement = operator is not None and operator.type == "--"
    return Assign(_present(r, target, node), Constant(1, span), span, "-=" if decrement else "+=")


def _assignment(r: _Reading, node: Node) -> Expr:
    """``=``, ``??=`` and the like, and a default in a pattern."""
    children = [child for child in node.children if child.type not in {"comment", "ERROR"}]
    if len(children) != 3:
        return _opaque(r, node)
    target = _expr(r, children[0])
    return Assign(target, kept(target, _expr(r, children[2])), node.byte_range, children[1].type)


def _await(r: _Reading, node: Node) -> Expr:
    return Await(_inner(r, node), node.byte_range)


def _yield(r: _Reading, node: Node) -> Expr:
    value, delegate = None, False
    for child in node.children:
        if child.type == "*":
            delegate = True
        elif child.is_named and child.type != "comment":
            value = _expr(r, child)
    return Yield(value, node.byte_range, delegate)


def _arrow(r: _Reading, node: Node) -> Expr:
    start = node.start_byte
    return Lambda(_function(r, node, "arrow", "", (start, node.children[0].end_byte)), node.byte_range)


def _named_function(r: _Reading, node: Node) -> int:
    name = node.child_by_field_name("name")
    if name is None:
        return _function(r, node, "function", "", node.children[0].byte_range)
    return _function(r, node, "function", _spelled(r, name), name.byte_range)


def _function_value(r: _Reading, node: Node) -> Expr:
    return Lambda(_named_function(r, node), node.byte_range)


def _class_value(r: _Reading, node: Node) -> Expr:
    return ClassValue(_class(r, node, ()), node.byte_range)


# --- types --------------------------------------------------------------------------------------


def _type(r: _Reading, node: Node | None) -> Expr | None:
    """The head of a type as an expression; ``X | null`` and ``X | undefined`` are ``X``."""
    if node is None:
        return None
    if node.type == "type_annotation":
        children = node.named_children
        return _type(r, children[-1]) if children else None
    if node.type in {"type_predicate_annotation", "asserts_annotation"}:
        return None
    if r.depth >= DEPTH:
        return _cut(r, node)
    r.depth += 1
    result = _TYPES.get(node.type, _unknown_type)(r, node)
    r.depth -= 1
    return result


def _unknown_type(r: _Reading, node: Node) -> Expr:
    return Opaque((), node.byte_range)


def _type_alias(r: _Reading, node: Node, out: list[Stmt]) -> None:
    """``type X = Y`` and ``interface X { … }``: a name for a type, bound by the operator ``type``."""
    name = node.child_by_field_name("name")
    body = node.child_by_field_name("value") or node.child_by_field_name("body")
    if name is None or body is None or name.text is None or node.child_by_field_name("type_parameters") is not None:
        return
    extends = any(child.type == "extends_type_clause" for child in node.children)
    value = _object_type(r, body) if body.type == "interface_body" else _type(r, body)
    if value is None or extends or (isinstance(value, Opaque) and not value.parts):
        return
    if isinstance(value, Record) and not value.entries:
        return
    if isinstance(value, Name) and value.id in _WITHOUT_OBJECTS:
        return
    target = Name(name.text.decode(errors="replace"), name.byte_range)
    out.append(Do(Assign(target, value, node.byte_range, op="type", declare="const"), node.byte_range))


_WITHOUT_OBJECTS = frozenset(
    {
        "string",
        "number",
        "boolean",
        "any",
        "unknown",
        "void",
        "never",
        "object",
        "symbol",
        "bigint",
        "null",
        "undefined",
    }
)


def _type_parts(r: _Reading, node: Node) -> Expr:
    parts = [_type(r, child) for child in node.named_children if child.type != "comment"]
    return Opaque(tuple(part for part in parts if part is not None), node.byte_range)


def _type_inside(r: _Reading, node: Node) -> Expr:
    children = node.named_children
    return (_type(r, children[0]) if children else None) or Opaque((), node.byte_range)


def _object_type(r: _Reading, node: Node) -> Expr:
    """``{ pool: Pool }``: the types by name."""
    entries = []
    for child in node.named_children:
        name, given = child.child_by_field_name("name"), child.child_by_field_name("type")
        if child.type == "property_signature" and name is not None and given is not None and name.text is not None:
            value = _type(r, given)
            plain = isinstance(value, Name) and value.id in _WITHOUT_OBJECTS
            if value is not None and not plain:
                entries.append(Entry(name.text.decode(errors="replace"), value, child.byte_range))
    return Record(tuple(entries), node.byte_range)


def _generic(r: _Reading, node: Node) -> Expr:
    """``Promise<Pool>``: the head, then what stands in the brackets."""
    parts: list[Expr] = []
    for child in node.named_children:
        inside = child.named_children if child.type == "type_arguments" else [child]
        parts.extend(part for each in inside if (part := _type(r, each)) is not None)
    return Opaque(tuple(parts), node.byte_range)


def _union(r: _Reading, node: Node) -> Expr:
    """Unions are left-deep in the grammar; walked without recursion."""
    span = node.byte_range
    members: list[Node] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.type == "union_type":
            waiting.extend(each.named_children)
        elif each.type != "comment" and not (
            each.type == "literal_type" and r.data[each.start_byte : each.end_byte] in {b"null", b"undefined"}
        ):
            members.append(each)
    members.reverse()
    parts = [part for each in members if (part := _type(r, each)) is not None]
    return parts[0] if len(parts) == 1 else Opaque(tuple(parts), span)


def _qualified(r: _Reading, node: Node) -> Expr:
    """``pg.Pool`` in a type, or ``a.b.c`` in front of one."""
    children = [child for child in node.named_children if child.type != "comment"]
    if len(children) != 2:
        return Opaque((), node.byte_range)
    if r.data[node.start_byte : node.start_byte + 7] in {b"import(", b"typeof "}:
        return Opaque((), node.byte_range)
    owner = _type(r, children[0]) or Opaque((), node.byte_range)
    return Member(owner, _spelled(r, children[1]), node.byte_range, children[1].byte_range)


# --- functions and classes ----------------------------------------------------------------------


def _function(
    r: _Reading,
    node: Node,
    kind: str,
    name: str,
    at: Span,
    owner: int = -1,
    decorators: tuple[Expr, ...] = (),
    static: bool = False,
) -> int:
    """Lower a function of any kind and return its index."""
    index, parent = len(r.functions), r.scope
    span = node.byte_range
    r.functions.append(_PENDING)
    if r.depth >= DEPTH:
        r.cuts.append(span)
        return index
    r.scope = index
    r.depth += 1
    params: tuple[Parameter, ...] = ()
    directives: tuple[str, ...] = ()
    body: Block = ()
    returns = None
    asynchronous = generator = False
    children = node.children
    for child in children:
        part = child.type
        if part == "formal_parameters":
            params = _parameters(r, child)
        elif part == "statement_block":
            directives, body = _body(r, child)
        elif part == "async":
            asynchronous = True
        elif part == "*":
            generator = True
        elif part == "type_annotation":
            returns = _type(r, child)
    if kind == "arrow":
        alone, last = node.child_by_field_name("parameter"), children[-1]
        if alone is not None:
            params = (Parameter(_name(r, alone), alone.byte_range),)
        if last.type != "statement_block" and last.is_named:
            value = _expr(r, last)
            body = (Return(value, last.byte_range),)
    r.functions[index] = Function(
        name,
        kind,
        params,
        body,
        span,
        at,
        parent,
        owner,
        asynchronous,
        generator,
        static,
        decorators,
        directives,
        returns=returns,
    )
    r.scope = parent
    r.depth -= 1
    return index


def _parameters(r: _Reading, node: Node) -> tuple[Parameter, ...]:
    found = []
    for child in node.named_children:
        kind = child.type
        if kind == "comment":
            continue
        if kind in {"required_parameter", "optional_parameter"}:
            parameter = _typed_parameter(r, child)
            if parameter is not None:
                found.append(parameter)
            continue
        target, star = _expr(r, child), ""
        default: Expr | None = None
        if isinstance(target, Assign):
            default = target.value
            target = target.target
        elif isinstance(target, Spread):
            target, star = target.value, "*"
        found.append(Parameter(target, child.byte_range, default=default, kind=star))
    return tuple(found)


def _typed_parameter(r: _Reading, node: Node) -> Parameter | None:
    """A parameter of TypeScript; ``None`` for ``this: T``, which is no parameter at run time."""
    target: Expr | None = None
    annotation = default = None
    property_, private, assigned, star = False, False, False, ""
    decorators: list[Expr] = []
    for child in node.children:
        kind = child.type
        if kind == "decorator":
            decorators.append(_inner(r, child))
        elif kind in {"accessibility_modifier", "readonly", "override_modifier"}:
            property_ = True
            private = private or child.text == b"private"
        elif kind == "type_annotation":
            annotation = _type(r, child)
        elif kind == "=":
            assigned = True
        elif child.is_named and kind != "comment":
            if assigned:
                default = _expr(r, child)
            elif target is None:
                if kind == "this":
                    return None
                target = _expr(r, child)
    if isinstance(target, Spread):
        target, star = target.value, "*"
    if target is None:
        target = Opaque((), node.byte_range)
    return Parameter(
        target,
        node.byte_range,
        annotation,
        default and kept(target, default),
        star,
        property_,
        tuple(decorators),
        private,
    )


def _body(r: _Reading, node: Node) -> tuple[tuple[str, ...], Block]:
    """The directives and the statements of a file or of a function's block."""
    directives: list[str] = []
    out: list[Stmt] = []
    leading = True
    for child in node.named_children:
        kind = child.type
        if leading:
            if kind in {"comment", "hash_bang_line"}:
                continue
            if kind == "expression_statement":
                first = child.named_child(0) if child.named_child_count else None
                if first is not None and first.type == "string":
                    directives.append(_decoded(r.data[first.start_byte + 1 : first.end_byte - 1]))
                    continue
            leading = False
        _statement(r, child, out)
    return tuple(directives), tuple(out)


_METHOD_KINDS = {"get": "getter", "set": "setter"}


def _method(r: _Reading, node: Node, owner: int, decorators: tuple[Expr, ...]) -> int:
    """A method of a class, or of an object literal (``owner`` is then -1)."""
    kind, static = "method", False
    own: list[Expr] = []
    for child in node.children:
        word = child.type
        if word in _METHOD_KINDS:
            kind = _METHOD_KINDS[word]
        elif word == "static":
            static = True
        elif word == "decorator":
            own.append(_inner(r, child))
        elif word == "formal_parameters":
            break
    key = node.child_by_field_name("name")
    name = _key(r, key)
    if name is None:
        name = _spelled(r, key) if key is not None and key.end_byte - key.start_byte < 80 else ""
    if name == "constructor" and owner >= 0 and not static:
        kind = "constructor"
    at = key.byte_range if key is not None else node.byte_range
    return _function(r, node, kind, name, at, owner, (*decorators, *own), static)


def _field(r: _Reading, node: Node, decorators: tuple[Expr, ...]) -> Field | None:
    name: str | None = None
    value = annotation = None
    static = assigned = private = False
    own: list[Expr] = []
    for child in node.children:
        kind = child.type
        if kind == "static":
            static = True
        elif kind == "accessibility_modifier":
            private = child.text == b"private"
        elif kind == "=":
            assigned = True
        elif kind == "type_annotation":
            annotation = _type(r, child)
        elif kind == "decorator":
            own.append(_inner(r, child))
        elif assigned and child.is_named and kind != "comment":
            value = _expr(r, child)
        elif kind in _KEYS:
            name, private = _key(r, child), private or kind == "private_property_identifier"
    if name is None:
        return None if value is None else Field("", node.byte_range, value, annotation, static, (*decorators, *own))
    return Field(name, node.byte_range, value and kept(name, value), annotation, static, (*decorators, *own), private)


def _class(r: _Reading, node: Node, decorators: tuple[Expr, ...]) -> int:
    """Lower a class and return its index; a static block is a nameless static method."""
    index = len(r.classes)
    span = node.byte_range
    r.classes.append(_PENDING_CLASS)
    if r.depth >= DEPTH:
        r.cuts.append(span)
        return index
    r.depth += 1
    name, at = "", node.children[0].byte_range
    own: list[Expr] = []
    bases: list[Expr] = []
    fields: list[Field] = []
    methods: list[int] = []
    for child in node.children:
        kind = child.type
        if kind in {"type_identifier", "identifier"}:
            name, at = _spelled(r, child), child.byte_range
        elif kind == "decorator":
            own.append(_inner(r, child))
        elif kind == "class_heritage":
            bases.extend(_bases(r, child))
        elif kind == "class_body":
            _members(r, child, index, fields, methods)
    r.classes[index] = Class(name, tuple(bases), tuple(fields), tuple(methods), span, at, r.scope, (*decorators, *own))
    r.depth -= 1
    return index


def _bases(r: _Reading, node: Node) -> Iterator[Expr]:
    for child in node.named_children:
        if child.type == "extends_clause":
            yield from [_expr(r, each) for each in child.children_by_field_name("value")]
        elif child.type not in {"comment", "implements_clause"}:
            yield _expr(r, child)


def _members(r: _Reading, node: Node, owner: int, fields: list[Field], methods: list[int]) -> None:
    waiting: tuple[Expr, ...] = ()
    for child in node.named_children:
        kind = child.type
        if kind == "comment":
            continue
        if kind == "decorator":
            waiting = (*waiting, _inner(r, child))
            continue
        if kind == "method_definition":
            methods.append(_method(r, child, owner, waiting))
        elif kind in {"public_field_definition", "field_definition"}:
            found = _field(r, child, waiting)
            if found is not None:
                fields.append(found)
        elif kind == "class_static_block":
            methods.append(_function(r, child, "method", "", child.children[0].byte_range, owner, static=True))
        waiting = ()


# --- statements ---------------------------------------------------------------------------------


def _statement(r: _Reading, node: Node, out: list[Stmt]) -> None:
    kind = node.type
    lower = _STATEMENTS.get(kind)
    if lower is None and kind in _SILENT:
        return
    if r.depth >= DEPTH:
        r.cuts.append(node.byte_range)
        out.append(Do(Opaque((), node.byte_range), node.byte_range))
        return
    r.depth += 1
    if lower is not None:
        lower(r, node, out)
    else:
        _effect(r, node, node.byte_range, out)
    r.depth -= 1


def _block(r: _Reading, nodes: Iterable[Node]) -> Block:
    out: list[Stmt] = []
    for node in nodes:
        _statement(r, node, out)
    return tuple(out)


def _suite(r: _Reading, node: Node | None) -> Block:
    """The statements of a block, or the one statement that stands in its place."""
    if node is None:
        return ()
    if node.type in {"statement_block", "else_clause"}:
        return _block(r, node.named_children)
    return _block(r, (node,))


def _inside(r: _Reading, node: Node, out: list[Stmt]) -> None:
    for child in node.named_children:
        _statement(r, child, out)


def _effect(r: _Reading, node: Node, span: Span, out: list[Stmt]) -> None:
    """An expression as a statement; ``a(), b()`` is two."""
    if node.type == "parenthesized_expression" and node.named_child_count == 1:
        node = node.named_child(0)
    if node.type == "sequence_expression":
        for child in node.named_children:
            if child.type != "comment":
                _effect_of(r, _expr(r, child), child.byte_range, out)
    else:
        _effect_of(r, _expr(r, node), span, out)


def _effect_of(r: _Reading, value: Expr, span: Span, out: list[Stmt]) -> None:
    if type(value) is Assign and r.scope == 0:
        _offer_commonjs(r, value)
    out.append(Do(value, span))


def _expression_statement(r: _Reading, node: Node, out: list[Stmt]) -> None:
    for child in node.named_children:
        kind = child.type
        if kind in _STATEMENTS:  # TypeScript's namespaces
            _statement(r, child, out)
        elif kind != "comment":
            _effect(r, child, node.byte_range, out)


def _last_of_sequence(r: _Reading, node: Node, out: list[Stmt]) -> Expr | None:
    """The value of ``return``/``throw``; what stands before a comma goes before the statement."""
    value = next((child for child in node.named_children if child.type != "comment"), None)
    if value is None:
        return None
    if value.type == "sequence_expression":
        parts = [child for child in value.named_children if child.type != "comment"]
        for part in parts[:-1]:
            _effect_of(r, _expr(r, part), part.byte_range, out)
        value = parts[-1]
    return _expr(r, value)


def _return(r: _Reading, node: Node, out: list[Stmt]) -> None:
    value = _last_of_sequence(r, node, out)
    out.append(Return(value, node.byte_range))


def _throw(r: _Reading, node: Node, out: list[Stmt]) -> None:
    value = _last_of_sequence(r, node, out)
    out.append(Raise(value, node.byte_range))


def _label(r: _Reading, node: Node) -> str:
    label = node.child_by_field_name("label")
    return _spelled(r, label) if label is not None else ""


def _break(r: _Reading, node: Node, out: list[Stmt]) -> None:
    out.append(Break(node.byte_range, _label(r, node)))


def _continue(r: _Reading, node: Node, out: list[Stmt]) -> None:
    out.append(Continue(node.byte_range, _label(r, node)))


def _declaration(r: _Reading, node: Node, out: list[Stmt]) -> None:
    """``const``, ``let``, ``var`` and ``using``: one assignment per name or pattern."""
    children = node.children
    declare = children[0].type
    start, end = node.start_byte, node.end_byte
    start, declare = _declared(r, children[0], start, declare)
    found = [child for child in children if child.type == "variable_declarator"]
    for child in found:
        value = _declarator(r, child, declare)
        out.append(Do(value, (start, end) if len(found) == 1 else value.span))
        if type(value.value) is Assign and r.scope == 0:
            _offer_commonjs(r, value)
    out.extend(Do(_opaque(r, child), child.byte_range) for child in children if child.type == "ERROR")


def _declared(r: _Reading, word: Node, start: int, declare: str) -> tuple[int, str]:
    """Where a declaration starts and what declares it, seen through the rewriting of ``using``."""
    if not r.using or word.start_byte not in r.using:
        return start, declare
    real = r.using[word.start_byte]
    return min(start, real), "using" if real == word.start_byte else "await using"


def _declarator(r: _Reading, node: Node, declare: str) -> Assign:
    children = node.children
    target = _expr(r, children[0])
    value = annotation = None
    assigned = False
    for child in children[1:]:
        kind = child.type
        if kind == "=":
            assigned = True
        elif kind == "type_annotation":
            annotation = _type(r, child)
        elif assigned and child.is_named and kind != "comment":
            value = _expr(r, child)
    return Assign(target, value and kept(target, value), node.byte_range, "=", declare, annotation)


def _define(r: _Reading, node: Node, out: list[Stmt]) -> None:
    if node.child_by_field_name("body") is not None:
        out.append(Define(_named_function(r, node), node.byte_range))


def _define_class(r: _Reading, node: Node, out: list[Stmt]) -> None:
    out.append(DefineClass(_class(r, node, ()), node.byte_range))


def _stray_method(r: _Reading, node: Node, out: list[Stmt]) -> None:
    """A method whose class the parser could not make sense of."""
    out.append(Define(_method(r, node, -1, ()), node.byte_range))


def _enum(r: _Reading, node: Node, out: list[Stmt]) -> None:
    """An enum is a constant record; a member without value is unknown."""
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    entries: list[Entry] = []
    for child in body.named_children if body is not None else ():
        span = child.byte_range
        if child.type == "enum_assignment":
            key, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            entries.append(Entry(_key(r, key), _present(r, value, child), span))
        elif child.type != "comment":
            entries.append(Entry(_key(r, child), Opaque((), span), span))
    if name is not None:
        span = node.byte_range
        out.append(Do(Assign(_name(r, name), Record(tuple(entries), span), span, "=", "const"), span))


def _namespace(r: _Reading, node: Node, out: list[Stmt]) -> None:
    """The body of a namespace stands as if around it were nothing; what it exports is not the module's."""
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if body is None or (name is not None and name.type == "string"):
        return
    r.ambient += 1
    _inside(r, body, out)
    r.ambient -= 1


def _ambient(r: _Reading, node: Node, out: list[Stmt]) -> None:
    """``declare …``: names without values; ``declare global`` too."""
    for child in node.named_children:
        if child.type == "statement_block":
            r.ambient += 1
            _inside(r, child, out)
            r.ambient -= 1
        elif child.type in _STATEMENTS:
            _statement(r, child, out)


def _condition(r: _Reading, node: Node) -> Expr:
    return _present(r, node.child_by_field_name("condition"), node)


def _if(r: _Reading, node: Node, out: list[Stmt]) -> None:
    test = _condition(r, node)
    then = _suite(r, node.child_by_field_name("consequence"))
    otherwise = _suite(r, node.child_by_field_name("alternative"))
    out.append(If(test, then, otherwise, node.byte_range))


def _while_test(r: _Reading, node: Node) -> Expr | None:
    """The test of a loop; ``None`` when it is a constant that always holds."""
    test = _condition(r, node)
    return None if type(test) is Constant and test.value else test


def _while(r: _Reading, node: Node, out: list[Stmt], label: str = "") -> None:
    test = _while_test(r, node)
    out.append(Loop("while", test, None, _suite(r, node.child_by_field_name("body")), node.byte_range, label=label))


def _do(r: _Reading, node: Node, out: list[Stmt], label: str = "") -> None:
    body = _suite(r, node.child_by_field_name("body"))
    out.append(Loop("do", _while_test(r, node), None, body, node.byte_range, label=label))


def _for(r: _Reading, node: Node, out: list[Stmt], label: str = "") -> None:
    initializer, condition = node.child_by_field_name("initializer"), node.child_by_field_name("condition")
    if initializer is not None:
        _statement(r, initializer, out)
    test: Expr | None = None
    if condition is not None and condition.is_named and condition.type != "empty_statement":
        test = _inner(r, condition) if condition.type == "expression_statement" else _expr(r, condition)
    body = list(_suite(r, node.child_by_field_name("body")))
    increment = node.child_by_field_name("increment")
    if increment is not None:
        _effect(r, increment, increment.byte_range, body)
    out.append(Loop("for", test, None, tuple(body), node.byte_range, label=label))


def _for_each(r: _Reading, node: Node, out: list[Stmt], label: str = "") -> None:
    """``for…of``, ``for…in`` and ``for await``; a ``using`` target is an assignment without value."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    target, subject = _present(r, left, node), _present(r, right, node)
    asynchronous = False
    for child in node.children:
        kind = child.type
        if kind == "await":
            asynchronous = True
        elif kind == "const":
            _, declare = _declared(r, child, 0, "")
            if declare:
                target = Assign(target, None, target.span, "=", declare)
        elif kind in {"of", "in"}:
            break
    body = _suite(r, node.child_by_field_name("body"))
    out.append(Loop("each", subject, target, body, node.byte_range, asynchronous=asynchronous, label=label))


def _labeled(r: _Reading, node: Node, out: list[Stmt]) -> None:
    """A labelled block is a loop that runs once: ``break label`` leaves it."""
    label, body = _label(r, node), node.child_by_field_name("body")
    if body is None:
        return
    loop = _LOOPS.get(body.type)
    if loop is not None:
        loop(r, body, out, label)
    elif body.type == "statement_block":
        span = node.byte_range
        out.append(Loop("do", Constant(False, (span[1], span[1])), None, _suite(r, body), span, label=label))
    else:
        _statement(r, body, out)


def _switch(r: _Reading, node: Node, out: list[Stmt]) -> None:
    subject, body = node.child_by_field_name("value"), node.child_by_field_name("body")
    arms: list[Arm] = []
    for case in body.named_children if body is not None else ():
        if case.type not in {"switch_case", "switch_default"}:
            continue
        children = [child for child in case.named_children if child.type != "comment"]
        tests: tuple[Expr, ...] = ()
        if case.type == "switch_case" and children:
            tests = (_expr(r, children.pop(0)),)
        arms.append(Arm(tests, _block(r, children)))
    out.append(Switch(_present(r, subject, node), tuple(arms), node.byte_range, falls=True))


def _try(r: _Reading, node: Node, out: list[Stmt]) -> None:
    body = _suite(r, node.child_by_field_name("body"))
    handler, finalizer = node.child_by_field_name("handler"), node.child_by_field_name("finalizer")
    handlers = () if handler is None else (_catch(r, handler),)
    final = None if finalizer is None else _suite(r, finalizer.child_by_field_name("body"))
    out.append(Try(body, handlers, (), final, node.byte_range))


def _catch(r: _Reading, node: Node) -> Handler:
    """A ``catch``; a pattern in it is bound by a declaration of something unknown before its body."""
    parameter = node.child_by_field_name("parameter")
    name = ""
    bound: Block = ()
    if parameter is not None:
        target = _expr(r, parameter)
        if isinstance(target, Name):
            name = target.id
        else:
            value = Assign(target, Opaque((), target.span), target.span, "=", "let")
            bound = (Do(value, target.span),)
    body = _suite(r, node.child_by_field_name("body"))
    return Handler((), name, (*bound, *body), node.byte_range)


def _with(r: _Reading, node: Node, out: list[Stmt]) -> None:
    """JavaScript's ``with`` makes every name in it unknown; only its calls are kept."""
    out.append(Do(_opaque(r, node), node.byte_range))


# --- imports and exports ------------------------------------------------------------------------


def _specifier(r: _Reading, node: Node | None) -> str:
    return "" if node is None else mask(_decoded(r.data[node.start_byte + 1 : node.end_byte - 1]))


def _import(r: _Reading, node: Node, out: list[Stmt]) -> None:
    if r.ambient:
        return
    children = node.children
    type_only = any(child.type in {"type", "typeof"} for child in children[1:3])
    source = node.child_by_field_name("source")
    clause = next((child for child in children if child.type in {"import_clause", "import_require_clause"}), None)
    if clause is None:
        if source is not None:
            r.imports.append(Import("", _specifier(r, source), "", node.byte_range, 0, type_only))
        return
    if clause.type == "import_require_clause":
        module = _specifier(r, clause.child_by_field_name("source"))
        local = clause.named_children[0]
        r.imports.append(Import(_spelled(r, local), module, "*", node.byte_range, 0, type_only))
        return
    module = _specifier(r, source)
    for child in clause.named_children:
        span = child.byte_range
        if child.type == "identifier":
            r.imports.append(Import(_spelled(r, child), module, "default", span, 0, type_only))
        elif child.type == "namespace_import":
            local = child.named_children[-1]
            r.imports.append(Import(_spelled(r, local), module, "*", span, 0, type_only))
        elif child.type == "named_imports":
            for each in child.named_children:
                if each.type == "import_specifier":
                    name, local_name = _renamed(r, each)
                    inline = each.children[0].type in {"type", "typeof"} and each.child_count > 1
                    r.imports.append(Import(local_name, module, name, each.byte_range, 0, type_only or inline))


def _renamed(r: _Reading, node: Node) -> tuple[str, str]:
    """``a as b`` as ``("a", "b")``, ``a`` as ``("a", "a")``; strings stand for their value."""
    name, alias = node.child_by_field_name("name"), node.child_by_field_name("alias")
    spelled = [
        _specifier(r, each) if each.type == "string" else _spelled(r, each)
        for each in (name, alias)
        if each is not None
    ]
    return (spelled[0], spelled[-1]) if spelled else ("", "")


def _export(r: _Reading, node: Node, out: list[Stmt]) -> None:
    span = node.byte_range
    declaration, value = node.child_by_field_name("declaration"), node.child_by_field_name("value")
    source = node.child_by_field_name("source")
    module = _specifier(r, source) if source is not None else ""
    found: list[Export] = []
    default = False
    decorators: list[Expr] = []
    for child in node.children:
        kind = child.type
        if kind == "decorator":
            decorators.append(_inner(r, child))
        elif kind == "default":
            default = True
        elif kind == "*":
            found.append(Export("*", span, module=module))
        elif kind == "namespace_export":
            name = child.named_children[-1]
            text = _specifier(r, name) if name.type == "string" else _spelled(r, name)
            found.append(Export(text, span, module=module, imported="*"))
        elif kind == "export_clause":
            for each in child.named_children:
                if each.type == "export_specifier":
                    local, text = _renamed(r, each)
                    found.append(
                        Export(text, each.byte_range, module=module, imported=local)
                        if source is not None
                        else Export(text, each.byte_range, local=local)
                    )
        elif kind == "=":
            value, default = node.named_children[-1], True
    if declaration is not None:
        found.extend(_declared_exports(r, declaration, default, tuple(decorators), out))
    elif value is not None and default:
        found.append(_offered(r, "default", _expr(r, value), span))
        if not found[-1].local:
            out.append(Do(found[-1].value or Opaque((), span), span))
    else:
        for child in node.named_children:
            if child.type in _STATEMENTS:
                _statement(r, child, out)
    if not r.ambient:
        r.exports.extend(found)


def _declared_exports(
    r: _Reading, node: Node, default: bool, decorators: tuple[Expr, ...], out: list[Stmt]
) -> Iterator[Export]:
    """Lower an exported declaration and tell the names it binds."""
    if node.type in {"class_declaration", "abstract_class_declaration"}:
        out.append(DefineClass(_class(r, node, decorators), node.byte_range))
        new = out[-1:]
    else:
        before = len(out)
        _statement(r, node, out)
        new = out[before:] if node.type not in {"internal_module", "module"} else []
    for statement in new:
        if isinstance(statement, Define):
            function = r.functions[statement.function]
            bound = [(function.name, function.at)]
        elif isinstance(statement, DefineClass):
            cls = r.classes[statement.cls]
            bound = [(cls.name, cls.at)]
        elif isinstance(statement, Do) and isinstance(statement.value, Assign):
            bound = list(_bound(statement.value.target))
        else:
            bound = []
        for name, at in bound:
            yield Export("default" if default else name, at, local=name)


def _bound(target: Expr) -> Iterator[tuple[str, Span]]:
    """The names a target binds, with their spans."""
    if isinstance(target, Name):
        yield target.id, target.span
    elif isinstance(target, Record):
        for entry in target.entries:
            yield from _bound(entry.value)
    elif isinstance(target, Items):
        for item in target.items:
            yield from _bound(item)
    elif isinstance(target, Assign):
        yield from _bound(target.target)
    elif isinstance(target, Spread):
        yield from _bound(target.value)


def _offered(r: _Reading, name: str, value: Expr, span: Span) -> Export:
    if isinstance(value, Name):
        return Export(name, span, local=value.id)
    return Export(name, span, value=value)


def _offer_commonjs(r: _Reading, assignment: Assign) -> None:
    """Exports of ``module.exports = …``, ``exports.x = …`` and of chains of them."""
    targets: list[Expr] = []
    value: Expr | None = assignment
    while isinstance(value, Assign) and value.op == "=":
        targets.append(value.target)
        value = value.value
    if value is None or r.ambient:
        return
    for target in targets:
        if _is_exports(target):
            if isinstance(target, Member):
                _offer_whole(r, value, target.span)
        elif isinstance(target, Member) and _is_exports(target.owner):
            r.exports.append(_offered(r, target.name, value, target.at))
        elif isinstance(target, Index) and _is_exports(target.owner) and isinstance(target.key, Text):
            r.exports.append(_offered(r, target.key.value, value, target.key.span))


def _is_exports(node: Expr) -> bool:
    if isinstance(node, Member):
        return node.name == "exports" and isinstance(node.owner, Name) and node.owner.id == "module"
    return isinstance(node, Name) and node.id == "exports"


def _offer_whole(r: _Reading, value: Expr, span: Span) -> None:
    if isinstance(value, Record):
        for entry in value.entries:
            if entry.key is not None:
                r.exports.append(_offered(r, entry.key, entry.value, entry.span))
            elif entry.spread and (module := _required(entry.value)):
                r.exports.append(Export("*", entry.span, module=module))
    elif module := _required(value):
        r.exports.append(Export("*", span, module=module))
    r.exports.append(_offered(r, "default", value, span))


def _required(value: Expr) -> str:
    """The module of ``require("…")``, or ``""``."""
    if isinstance(value, Call) and isinstance(value.callee, Name) and value.callee.id == "require" and value.args:
        argument = value.args[0].value
        return argument.value if isinstance(argument, Text) else ""
    return ""


# --- dispatch -----------------------------------------------------------------------------------

_OPTIONAL = frozenset({"?.", "optional_chain"})
_LINKS = frozenset({"member_expression", "call_expression", "subscript_expression"})
_PREFIXES = frozenset({"await_expression", "unary_expression", "binary_expression"})
_KEYS = frozenset({"property_identifier", "private_property_identifier", "string", "number", "computed_property_name"})
_JSX_TAGS = frozenset({"jsx_opening_element", "jsx_self_closing_element", "jsx_attribute"})
_JSX_INSIDE = frozenset({"jsx_attribute", "jsx_expression", "jsx_element", "jsx_self_closing_element"})
_SILENT = frozenset(
    {
        "comment",
        "html_comment",
        "hash_bang_line",
        "empty_statement",
        "debugger_statement",
        "function_signature",
        "method_signature",
        "abstract_method_signature",
        "import_alias",
        "jsx_closing_element",
        "jsx_text",
        "type_annotation",
        "type_arguments",
        "type_parameters",
        "property_identifier",
        "statement_identifier",
        "import_attribute",
        "type_identifier",
        "predefined_type",
    }
)

_EXPRESSIONS: dict[str, Callable[[_Reading, Node], Expr]] = {
    "identifier": _name,
    "this": _name,
    "super": _name,
    "import": _name,
    "private_property_identifier": _name,
    "shorthand_property_identifier": _name,
    "shorthand_property_identifier_pattern": _name,
    "string": _string,
    "template_string": _template,
    "number": _number,
    "null": _nothing,
    "undefined": _nothing,
    "true": _true,
    "false": _false,
    "regex": lambda r, node: Opaque((), node.byte_range),
    "meta_property": _meta,
    "member_expression": _chain,
    "call_expression": _chain,
    "subscript_expression": _chain,
    "new_expression": _new,
    "object": _object,
    "object_pattern": _object,
    "array": _array,
    "array_pattern": _array,
    "spread_element": _spread,
    "rest_pattern": _spread,
    "ternary_expression": _ternary,
    "binary_expression": _binary,
    "unary_expression": _unary,
    "update_expression": _update,
    "assignment_expression": _assignment,
    "augmented_assignment_expression": _assignment,
    "assignment_pattern": _assignment,
    "object_assignment_pattern": _assignment,
    "await_expression": _await,
    "yield_expression": _yield,
    "arrow_function": _arrow,
    "function_expression": _function_value,
    "generator_function": _function_value,
    "class": _class_value,
    "parenthesized_expression": _inner,
    "non_null_expression": _inner,
    "as_expression": _inner,
    "satisfies_expression": _inner,
    "instantiation_expression": _inner,
    "type_assertion": _assertion,
    "sequence_expression": _opaque,
    "jsx_element": _opaque,
    "jsx_self_closing_element": _opaque,
}

_WHOLE = frozenset({_object, _array, _arrow, _function_value, _class_value, _template, _opaque})
"""What stays what it is when a part of it is unreadable: the part is unknown, the rest is not."""

_TYPES: dict[str, Callable[[_Reading, Node], Expr]] = {
    "object_type": _object_type,
    "type_identifier": _name,
    "identifier": _name,
    "predefined_type": _name,
    "nested_type_identifier": _qualified,
    "nested_identifier": _qualified,
    "generic_type": _generic,
    "union_type": _union,
    "intersection_type": _type_parts,
    "array_type": _type_parts,
    "tuple_type": _type_parts,
    "type_query": _type_parts,
    "readonly_type": _type_inside,
    "parenthesized_type": _type_inside,
    "optional_type": _type_inside,
    "rest_type": _type_inside,
}

_LOOPS: dict[str, Callable[[_Reading, Node, list[Stmt], str], None]] = {
    "while_statement": _while,
    "do_statement": _do,
    "for_statement": _for,
    "for_in_statement": _for_each,
}

_STATEMENTS: dict[str, Callable[[_Reading, Node, list[Stmt]], None]] = {
    "expression_statement": _expression_statement,
    "lexical_declaration": _declaration,
    "variable_declaration": _declaration,
    "using_declaration": _declaration,
    "return_statement": _return,
    "throw_statement": _throw,
    "break_statement": _break,
    "continue_statement": _continue,
    "if_statement": _if,
    "while_statement": _while,
    "do_statement": _do,
    "for_statement": _for,
    "for_in_statement": _for_each,
    "labeled_statement": _labeled,
    "switch_statement": _switch,
    "try_statement": _try,
    "with_statement": _with,
    "statement_block": _inside,
    "function_declaration": _define,
    "generator_function_declaration": _define,
    "class_declaration": _define_class,
    "type_alias_declaration": _type_alias,
    "interface_declaration": _type_alias,
    "abstract_class_declaration": _define_class,
    "method_definition": _stray_method,
    "enum_declaration": _enum,
    "internal_module": _namespace,
    "module": _namespace,
    "ambient_declaration": _ambient,
    "import_statement": _import,
    "export_statement": _export,
    "ERROR": _inside,
}
