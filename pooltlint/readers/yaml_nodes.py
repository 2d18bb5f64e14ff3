"""YAML as nodes with byte positions, for the readers whose files are written in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

from pooltlint.model.finding import Problem
from pooltlint.model.source import Span
from pooltlint.outline.nodes import Comment

if TYPE_CHECKING:
    from yaml import Event, Mark
    from yaml._yaml import Mark as CMark

MOST_BYTES = 1_000_000
"""Larger files are not read: no hand-written configuration comes near."""

MOST_LEVELS = 100
"""Deeper nesting is not followed."""

MOST_NODES = 100_000
"""Nodes of one file, every use of an alias counted with all that hangs on it: the guard against alias bombs."""

_MOST_REPAIRS = 8
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDE = re.compile("[^\x00-\x7f]")
_SECTION = re.compile(rb"(?m)^(?![ \t\r\n#}\]]).*")
_TAG = "tag:yaml.org,2002:"


class Scalar(Struct, frozen=True):
    """A single value.

    ``text`` is what the scalar says (escapes done, folded). ``tag`` is the short YAML 1.1 tag:
    ``str``, ``int``, ``float``, ``bool``, ``null``, ``merge``, ``timestamp`` … or a local tag as
    written (``!reset``). ``span`` is the region with quotes. ``style``: ``""`` plain, ``'``, ``"``,
    ``|`` or ``>``.
    """

    text: str
    tag: str
    span: Span
    style: str = ""


class Map(Struct, frozen=True):
    """A mapping: pairs in file order, duplicates and ``<<`` included. ``tag``: ``map`` or a local tag."""

    pairs: tuple[tuple[Node, Node], ...]
    span: Span
    tag: str = "map"


class Seq(Struct, frozen=True):
    """A sequence. ``tag``: ``seq`` or a local tag."""

    items: tuple[Node, ...]
    span: Span
    tag: str = "seq"


Node = Scalar | Map | Seq
_Pairs = dict[str, tuple[Scalar, Node]]


class _Open(Struct):
    """A collection whose end has not been seen."""

    mapping: bool
    flow: bool
    start: int
    tag: str
    anchor: str | None
    children: list[Node]
    end: int
    weight: int = 1


def compose(path: str, data: bytes) -> tuple[list[Node], list[Problem]]:
    """The documents of a YAML file, as far as they can be read, and what could not be.

    Nothing is constructed: the parser's events are put together here, so depth and size have
    guards and an alias is the anchored node itself (its span is where the value is written). An
    alias inside its own anchor, an unknown alias and what exceeds :data:`MOST_NODES` become a null
    scalar. Where the parser gives up, the top-level section it gave up in is left out and the rest
    is read. An empty document gives no node. Never raises for any input. Spans are byte offsets.
    """
    if len(data) > MOST_BYTES:
        return [], [Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes")]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [], [Problem(path, 0, "not read: encoded as UTF-16, not UTF-8")]
    problems: list[Problem] = []
    try:
        data.decode()
    except UnicodeDecodeError as error:
        problems.append(Problem(path, data.count(b"\n", 0, error.start) + 1, "not valid UTF-8"))
    for _ in range(_MOST_REPAIRS):
        documents, found, broken = _attempt(path, data)
        problems += [each for each in found if each not in problems]
        if broken is None:
            break
        rest = _without_section(data, broken)
        if rest is None:
            break
        data = rest
    return documents, problems


def merged(found: Map, *, positional: bool = False) -> list[tuple[Scalar, Node]]:
    """The pairs of a mapping after ``<<`` merges; the last duplicate wins, keys that are no scalars are dropped.

    The mapping's own pairs win over merged ones, an earlier item of ``<<: [*a, *b]`` over a later
    one (YAML merge key draft; PyYAML, go-yaml). ``positional``: as Ruby's Psych does it, where a
    ``<<`` overrides what stands before it in the same mapping (psych 4 visitors/to_ruby.rb,
    ``revive_hash``).
    """
    return list(_merged(found, positional, {}).values())


def repeated(found: Map) -> list[Scalar]:
    """The keys that stand in the mapping a second time, in file order (``<<`` may)."""
    seen: set[str] = set()
    again = []
    for key, _ in found.pairs:
        if isinstance(key, Scalar) and key.tag != "merge":
            if key.text in seen:
                again.append(key)
            seen.add(key.text)
    return again


def inside(scalar: Scalar) -> Span:
    """The scalar's region without its quotes."""
    start, end = scalar.span
    return (start + 1, end - 1) if scalar.style in ("'", '"') and end - start > 1 else (start, end)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, each node once however often it is aliased."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, Map):
            waiting += [side for pair in reversed(each.pairs) for side in reversed(pair)]
        elif isinstance(each, Seq):
            waiting += reversed(each.items)


def comments(data: bytes, documents: list[Node]) -> tuple[Comment, ...]:
    """The ``#`` comments that hold the word ``pooltlint``; a ``#`` inside a scalar begins none."""
    if b"pooltlint" not in data:
        return ()
    text = bytearray(data)
    for document in documents:
        for node in walk(document):
            if isinstance(node, Scalar):
                start, end = node.span
                if node.style in ("|", ">"):  # the header line may end in a comment
                    start = data.find(b"\n", start, end) + 1 or end
                text[start:end] = b"x" * (end - start)
    return tuple(
        Comment(data[found.start(1) : found.end(1)].decode("utf-8", "replace").strip(), found.span())
        for found in re.finditer(rb"(?m)(?:(?<=[ \t\r\n])|\A|(?<=\xef\xbb\xbf))#([^\r\n]*)", text)
        if b"pooltlint" in found[1]
    )


def _merged(found: Map, positional: bool, done: dict[int, _Pairs]) -> _Pairs:
    if id(found) in done:
        return done[id(found)]
    own: _Pairs = {}
    inherited: _Pairs = {}
    for key, value in found.pairs:
        if not isinstance(key, Scalar):
            continue
        if key.tag != "merge":
            own.pop(key.text, None)
            own[key.text] = (key, value)
            continue
        sources = [each for each in (value.items if isinstance(value, Seq) else (value,)) if isinstance(each, Map)]
        for source in reversed(sources):
            (own if positional else inherited).update(_merged(source, positional, done))
    done[id(found)] = inherited | own
    return done[id(found)]


def _attempt(path: str, data: bytes) -> tuple[list[Node], list[Problem], tuple[int, int] | None]:
    """Documents, problems, and where the parser gave up, if it did: the likeliest byte offsets, best first."""
    from yaml import YAMLError

    text, offset = _decode(data)
    assembly = _Assembly(path, data, offset)
    try:
        for event in _events(text):
            assembly.take(event)
    except _GuardError as error:
        assembly.report(error.args[0], f"not read further: {error.args[1]}")
    except (YAMLError, ValueError) as error:  # ValueError: a surrogate or a number the parser trips over
        at, began = (assembly.where(getattr(error, name, None)) for name in ("problem_mark", "context_mark"))
        assembly.report(at, f"not valid YAML: {getattr(error, 'problem', None) or 'unreadable'}")
        unclosed = re.search("flow|scalar|key", getattr(error, "context", None) or "")
        return assembly.finish(), assembly.problems, (began, at) if unclosed else (at, began)
    return assembly.finish(), assembly.problems, None


def _decode(data: bytes) -> tuple[str, Callable[[int], int]]:
    """The text, and the function from its characters to byte offsets."""
    shift = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    data = data[shift:]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
        return _NOT_PRINTABLE.sub("\ufffd", text), lambda at: min(at, len(text)) + shift
    wide = [(found.start(), len(found[0].encode()) - 1) for found in _WIDE.finditer(text)]
    characters = [at for at, _ in wide]
    more = list(accumulate((bytes_more for _, bytes_more in wide), initial=shift))
    return _NOT_PRINTABLE.sub("\ufffd", text), lambda at: min(at, len(text)) + more[bisect_left(characters, at)]


def _events(text: str) -> Iterator[Event]:
    import yaml

    return yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _without_section(data: bytes, broken: tuple[int, int]) -> bytes | None:
    """The data with the top-level section around the failure blanked; ``None`` when there is nothing left to blank."""
    starts = [found.start() for found in _SECTION.finditer(data)]
    for at in broken:
        start = max((each for each in starts if each <= at), default=None)
        if start is None:
            continue
        end = min((each for each in starts if each > at), default=len(data))
        return data[:start] + re.sub(rb"[^\r\n]", b" ", data[start:end]) + data[end:]
    return None


class _GuardError(Exception):
    """The file is larger in some way than any configuration; ``args``: byte offset and reason."""


class _Assembly:
    """Puts the parser's events together: a stack of open collections and the anchors seen."""

    def __init__(self, path: str, data: bytes, offset: Callable[[int], int]) -> None:
        from yaml.resolver import Resolver

        self.path, self.data, self.offset = path, data, offset
        self.problems: list[Problem] = []
        self.documents: list[Node] = []
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.spent = 0
        self.resolver = Resolver()

    def report(self, at: int, message: str) -> None:
        """Note a problem at a byte offset."""
        self.problems.append(Problem(self.path, self.data.count(b"\n", 0, at) + 1, message))

    def where(self, mark: Mark | CMark | None) -> int:
        """The byte offset of a mark."""
        return self.offset(mark.index) if mark else 0

    def spend(self, at: int) -> None:
        """Count one node."""
        self.spent += 1
        if self.spent > MOST_NODES:
            raise _GuardError(at, f"more than {MOST_NODES} values")

    def take(self, event: Event) -> None:
        """Put one event in its place."""
        import yaml

        start, end = self.where(event.start_mark), self.where(event.end_mark)
        match event:
            case yaml.ScalarEvent():
                tag = event.tag
                if tag is None or tag == "!":
                    tag = self.resolver.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]  # PyYAML has no types
                self.spend(start)
                self.add(Scalar(event.value, _short(tag), (start, end), event.style or ""), 1, event.anchor)
            case yaml.AliasEvent():
                self.alias(event.anchor or "", start, end)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(self.stack) >= MOST_LEVELS:
                    raise _GuardError(start, f"nested deeper than {MOST_LEVELS} levels")
                mapping = isinstance(event, yaml.MappingStartEvent)
                tag = _short(event.tag) if event.tag and event.tag != "!" else "map" if mapping else "seq"
                if event.anchor:
                    self.anchors[event.anchor] = None
                self.stack.append(_Open(mapping, bool(event.flow_style), start, tag, event.anchor, [], start))
                self.spend(start)
            case yaml.CollectionEndEvent():
                self.close(end)
            case yaml.DocumentStartEvent():
                self.anchors.clear()

    def alias(self, name: str, start: int, end: int) -> None:
        """Put the anchored node where its alias stands."""
        target = self.anchors.get(name)
        if target is not None and self.spent + target[1] <= MOST_NODES:
            self.spent += target[1]
            self.add(*target, None)
            if self.stack:
                self.stack[-1].end = end
            return
        if target is not None:
            self.report(start, "alias left out: the aliases of this file stand for too many values")
        elif name in self.anchors:
            self.report(start, f"alias *{name} stands inside the value it names")
        else:
            self.report(start, f"alias *{name} names nothing that stands before it")
        self.add(Scalar("", "null", (start, end)), 1, None)

    def add(self, node: Node, weight: int, anchor: str | None) -> None:
        """Hang a finished node under the innermost open collection."""
        if anchor:
            self.anchors[anchor] = (node, weight)
        if self.stack:
            self.stack[-1].children.append(node)
            self.stack[-1].weight += weight
            self.stack[-1].end = max(self.stack[-1].end, node.span[1])
        elif not (isinstance(node, Scalar) and node.tag == "null" and not node.text):
            self.documents.append(node)

    def close(self, end: int) -> None:
        """Finish the innermost collection; a block collection ends where its last child does."""
        done = self.stack.pop()
        span = (done.start, end if done.flow else done.end)
        node: Node
        if done.mapping:
            node = Map(tuple(zip(done.children[::2], done.children[1::2], strict=False)), span, done.tag)
        else:
            node = Seq(tuple(done.children), span, done.tag)
        self.add(node, done.weight, done.anchor)

    def finish(self) -> list[Node]:
        """The documents; collections still open end where their last child does."""
        while self.stack:
            self.close(self.stack[-1].end)
        return self.documents


def _short(tag: str) -> str:
    return tag.removeprefix(_TAG)
