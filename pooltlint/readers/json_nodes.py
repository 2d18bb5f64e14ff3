"""JSON as nodes with byte positions, for the readers whose files people write in it.

The nodes are YAML's, of which JSON is a part. Comments and trailing commas are let through, as npm,
TypeScript and Bun let them through where they are common; what is broken costs only itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.finding import Problem
from pooltlint.outline.nodes import Comment
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq

MOST_BYTES = 2_000_000
"""Larger files are not read here."""

MOST_LEVELS = 100
"""Deeper nesting is not read."""

_TOKEN = re.compile(
    rb'[ \t\r\n]+|\xef\xbb\xbf|(?P<text>"(?:[^"\\\r\n]|\\.)*")|(?P<mark>[{}\[\],:])|(?P<word>[\w.+-]+)'
    rb'|(?P<comment>//[^\r\n]*|/\*.*?(?:\*/|\Z))|(?P<bad>"(?:[^"\\\r\n]|\\.)*|.)',
    re.DOTALL,
)
_NUMBER = re.compile(r"-?\d+\Z")
_TAGS = {"true": "bool", "false": "bool", "null": "null"}


def parse(path: str, data: bytes) -> tuple[Node | None, list[Problem], tuple[Comment, ...]]:
    """The document (``None``: nothing there), what is wrong with it, and comments that hold ``pooltlint``.

    Lenient where that loses nothing: trailing and missing commas are not reported. At the first
    broken place a problem is noted, and reading goes on as well as brackets allow. Never raises; spans
    are byte offsets, those of texts with their quotes.
    """
    if len(data) > MOST_BYTES:
        return None, [Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes")], ()
    problems: list[Problem] = []
    comments: list[Comment] = []

    def wrong(at: int, what: str) -> None:
        if not problems:
            problems.append(Problem(path, data.count(b"\n", 0, at) + 1, f"not valid JSON: {what}"))

    # one entry per open bracket: start, is it an object, what is in it, the key waiting for its value
    stack: list[tuple[int, bool, list[Node], list[Scalar]]] = []
    top: Node | None = None

    def add(node: Node, at: int) -> None:
        nonlocal top
        if not stack:
            if top is None:
                top = node
            else:
                wrong(at, "something stands behind the document")
            return
        _, is_map, children, waiting = stack[-1]
        if not is_map:
            children.append(node)
        elif waiting:
            children += [waiting.pop(), node]
        else:
            wrong(at, "a key was expected")

    pending: Scalar | None = None  # a text that is a key if ":" follows
    for kind, start, end in _tokens(data):
        if kind == "mark" and data[start] == 58:  # ":"
            if pending is not None and stack and stack[-1][1] and not stack[-1][3]:
                stack[-1][3].append(pending)
            else:
                wrong(start, "a colon without a key")
            pending = None
            continue
        if pending is not None:
            add(pending, pending.span[0])
            pending = None
        if kind == "text":
            pending = Scalar(_text(data[start:end]), "str", (start, end), '"')
        elif kind == "word":
            word = data[start:end].decode("ascii", "replace")
            pending = Scalar(word, _TAGS.get(word) or ("int" if _NUMBER.match(word) else "float"), (start, end))
        elif kind == "comment":
            if b"pooltlint" in data[start:end]:
                text = data[start:end].decode("utf-8", "replace")
                comments.append(Comment(text[2:].removesuffix("*/").strip(), (start, end)))
        elif kind == "bad":
            wrong(start, "unexpected character")
        elif data[start] == 44:  # ","
            if stack and stack[-1][3]:
                wrong(start, "a key without a value")
                stack[-1][3].clear()
        elif data[start] in b"{[":
            if len(stack) >= MOST_LEVELS:
                return (
                    top,
                    [Problem(path, data.count(b"\n", 0, start) + 1, "not read: nested too deep")],
                    tuple(comments),
                )
            stack.append((start, data[start] == 123, [], []))
        elif data[start] in b"}]":
            if not stack or stack[-1][1] != (data[start] == 125):
                wrong(start, "a bracket closes that was not opened")
                continue
            if stack[-1][3]:
                wrong(start, "a key without a value")
            add(_closed(*stack.pop()[:3], end), start)
    if pending is not None:
        add(pending, pending.span[0])
    if stack:
        wrong(len(data), "a bracket is not closed")
    while stack:
        add(_closed(*stack.pop()[:3], len(data)), len(data))
    return top, problems, tuple(comments)


def _closed(start: int, is_map: bool, children: list[Node], end: int) -> Node:
    if not is_map:
        return Seq(tuple(children), (start, end))
    return Map(tuple(zip(children[::2], children[1::2], strict=True)), (start, end))


def _tokens(data: bytes) -> Iterator[tuple[str, int, int]]:
    for found in _TOKEN.finditer(data):
        if found.lastgroup:
            yield found.lastgroup, *found.span()


def _text(data: bytes) -> str:
    if b"\\" not in data:
        return data[1:-1].decode("utf-8", "replace")
    from json import JSONDecodeError, loads

    try:
        return str(loads(data.decode("utf-8", "replace"), strict=False))
    except JSONDecodeError:
        return data[1:-1].decode("utf-8", "replace")
