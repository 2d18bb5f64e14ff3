"""YAML nodes: what they say, where they stand, and what stops at the guards."""

from __future__ import annotations

import time

import pytest

from pooltlint.readers.yaml_nodes import MOST_NODES, Map, Node, Scalar, Seq, comments, compose, inside, merged, repeated


def root(text: str) -> Map:
    (node,), problems = compose("a.yml", text.encode())
    assert problems == []
    assert isinstance(node, Map)
    return node


def entry(found: Node, key: str) -> Node:
    assert isinstance(found, Map)
    return next(value for name, value in found.pairs if isinstance(name, Scalar) and name.text == key)


def plain(found: Node) -> object:
    match found:
        case Scalar(text=text):
            return text
        case Seq(items=items):
            return [plain(each) for each in items]
        case _:
            return {key.text: plain(value) for key, value in merged(found)}


def test_spans_are_bytes() -> None:
    text = "\ufeff# ü\r\né: 'ö'\r\nb: [1, \"x\"]\r\nc: |\r\n  é\r\nd: 5\r\n"
    data = text.encode()
    (node,), _ = compose("a.yml", data)
    written = {}
    assert isinstance(node, Map)
    for key, value in node.pairs:
        assert isinstance(key, Scalar)
        written[data[slice(*key.span)].decode()] = data[slice(*value.span)].decode()
    assert written == {"é": "'ö'", "b": '[1, "x"]', "c": "|\r\n  é\r\n", "d": "5"}
    quoted = entry(node, "é")
    assert isinstance(quoted, Scalar)
    assert data[slice(*inside(quoted))].decode() == "ö"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("5", "int"),
        ("'5'", "str"),
        ("yes", "bool"),
        ("~", "null"),
        ("", "null"),
        ("1.5", "float"),
        ("x", "str"),
        ("!reset x", "!reset"),
    ],
)
def test_tags(text: str, tag: str) -> None:
    value = entry(root(f"a: {text}\nb: 1\n"), "a")
    assert isinstance(value, Scalar)
    assert value.tag == tag


def test_merges() -> None:
    found = root("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  z: 3\n  <<: [*a, *b]\nd:\n  <<: *b\n  z: 4\n")
    assert plain(entry(found, "c")) == {"x": "1", "y": "1", "z": "3"}
    assert plain(entry(found, "d")) == {"y": "2", "z": "4"}
    c = entry(found, "c")
    assert isinstance(c, Map)
    by_ruby = {key.text: plain(value) for key, value in merged(c, positional=True)}
    assert by_ruby == {"x": "1", "y": "1", "z": "2"}


def test_an_alias_stands_where_it_is_written() -> None:
    found = root("a: &a {x: 1}\nb: *a\n")
    assert entry(found, "b") is entry(found, "a")
    assert entry(found, "b").span == (3, 12)


def test_repeated_keys() -> None:
    found = root("a: 1\nb: 2\na: 3\n")
    assert [each.span for each in repeated(found)] == [(10, 11)]
    assert plain(found) == {"b": "2", "a": "3"}


@pytest.mark.parametrize(
    ("text", "line", "word", "left"),
    [
        ("a: 1\nb: [1, 2\nc: 3\nd: 4\n", 3, "not valid YAML", {"a": "1", "c": "3", "d": "4"}),
        ("a: 1\nb: 'x\nc: 3\n", 4, "not valid YAML", {"a": "1", "c": "3"}),
        ("a: 1\nb:\n\tx: 1\nc: 3\n", 3, "not valid YAML", {"a": "1", "c": "3"}),
        ("a: 1\nb: %x\nc: 3\n", 2, "not valid YAML", {"a": "1", "c": "3"}),
        ("a: 1\nb: x: y\nc: 3\n", 2, "not valid YAML", {"a": "1", "c": "3"}),
        ("a: &a\n  x: *a\nc: 3\n", 2, "inside the value it names", {"a": {"x": ""}, "c": "3"}),
        ("a: *b\nc: 3\n", 1, "*b names nothing", {"a": "", "c": "3"}),
    ],
)
def test_the_rest_of_a_broken_file_is_read(text: str, line: int, word: str, left: object) -> None:
    (node,), problems = compose("a.yml", text.encode())
    assert any(each.line == line and word in each.message for each in problems)
    assert plain(node) == left


def test_several_documents_and_empty_ones() -> None:
    documents, _ = compose("a.yml", b"a: 1\n---\n---\n- 2\n")
    assert [plain(each) for each in documents] == [{"a": "1"}, ["2"]]


def test_comments_are_those_outside_of_scalars() -> None:
    data = "# pooltlint é\na: '# pooltlint no'\nb: | # pooltlint head\n  # pooltlint no\n"
    data += "c: x#pooltlint no\nd: 1 # pooltlint d\n"
    documents, _ = compose("a.yml", data.encode())
    found = comments(data.encode(), documents)
    assert [each.text for each in found] == ["pooltlint é", "pooltlint head", "pooltlint d"]
    assert found[0].span == (0, 14)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"[" * 500_000, "nested deeper"),
        (b"{a: " * 200_000, "nested deeper"),
        (b"- " * 400_000, "nested deeper"),
        (b"? " * 400_000, "nested deeper"),
        (b"a: b\n" * 150_000, f"more than {MOST_NODES} values"),
        (b"x" * 1_000_001, "larger than"),
        (BOMB.encode(), "too many values"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"\xff: 1\nb: 2\n", "not valid UTF-8"),
        (b"a: \x00\x01\x1b\nb: \x7f", ""),
    ],
)
def test_guards(data: bytes, word: str) -> None:
    began = time.perf_counter()
    _, problems = compose("a.yml", data)
    assert any(word in each.message for each in problems) or not word
    assert time.perf_counter() - began < 10
