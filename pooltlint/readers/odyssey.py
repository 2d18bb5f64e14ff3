"""odyssey.conf: where Odyssey listens, and the pool mode and size of each of its routes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import BouncerDatabase, DeploymentFile, PoolerSettings, Setting
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place, Span, line_starts, place
from pooltlint.model.url import mask
from pooltlint.outline.nodes import Comment

MOST_BYTES = 1_000_000
"""Larger files are not read."""

_TOKEN = re.compile(
    rb'[ \t\r\v\f]+|(?P<comment>#[^\n]*)|(?P<line>\n)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<mark>[{}])|(?P<word>[^\s"{}#]+)'
)
_NAMES = {"pool": "pool_mode", "client_max": "max_client_conn"}
_KEPT = frozenset(
    "pool client_max pool_size min_pool_size pool_timeout pool_ttl pool_discard pool_smart_discard pool_discard_query"
    " pool_reserve_prepared_statement pool_pin_on_listen server_lifetime storage storage_db maintain_params".split()
)
_MOST_LEVELS = 8


class _Word(Struct, frozen=True):
    """One token. ``kind``: ``word``, ``text``, ``mark`` or ``line``; ``span`` of a text is without its quotes."""

    kind: str
    text: str
    span: Span


class _Block(Struct):
    """``kind "name" … { … }`` with its options; the top level is a block without name."""

    kind: str
    names: list[_Word]
    at: Span
    options: dict[str, tuple[_Word, list[_Word]]]
    blocks: list[_Block]


def read(path: str, data: bytes) -> DeploymentFile:
    """Read an odyssey.conf (Odyssey ``sources/parser.h``, ``docs/configuration/rules.md``).

    A ``user`` block in a ``database`` block is a route: an entry of the users with ``dbname``, ``pool`` as
    ``pool_mode`` and ``client_max`` as ``max_client_conn``; ``default`` is ``*``. Where all routes of a database, or
    all there are, agree, their mode is its mode. ``pool_size`` 0 is no limit. Passwords are never kept. Never raises.
    """
    starts = line_starts(data)
    profile = profile_of(path)
    if len(data) > MOST_BYTES:
        problem = Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes")
        return DeploymentFile(path, profile, "Odyssey", problems=(problem,), lines=starts)
    problems: list[Problem] = []
    comments: list[Comment] = []
    top = _parsed(path, data, starts, problems, comments)

    def at(span: Span) -> Place:
        return place(path, starts, span)

    databases: list[BouncerDatabase] = []
    users: list[BouncerDatabase] = []
    for database in (each for each in top.blocks if each.kind == "database"):
        name, modes = _named(database), dict[str | None, Setting]()
        for user in (each for each in database.blocks if each.kind == "user" and not _internal(each)):
            settings = tuple(
                Setting(
                    _NAMES.get(key, key), _value(values), at(values[0].span if values else word.span), at(word.span)
                )
                for key, (word, values) in user.options.items()
                if key in _KEPT
            )
            where = at(user.at)
            users.append(BouncerDatabase(_named(user), where, (*settings, Setting("dbname", name, where, where))))
            modes |= {each.text: each for each in settings if each.name == "pool_mode"}
        if name != "console":
            databases.append(BouncerDatabase(name, at(database.at), tuple(modes.values()) if len(modes) == 1 else ()))
    ports = []
    for listen in (each for each in top.blocks if each.kind == "listen"):
        number = _value(listen.options.get("port", (None, []))[1])
        if number and number.isdigit() and len(number) < 6:
            ports.append(int(number))
    found = [one for each in users for one in each.settings if one.name == "pool_mode"]
    here = found[0].at if found else at(top.blocks[0].at if top.blocks else (0, 0))
    agreed = {"pool_mode": found[0]} if len({each.text for each in found}) == 1 else {}
    pooler = PoolerSettings(
        "Odyssey",
        path.rpartition("/")[2],
        here,
        agreed,
        tuple(databases),
        tuple(users),
        ports=tuple(dict.fromkeys(ports)) or (6432,),
    )
    return DeploymentFile(
        path=path,
        profile=profile,
        platform="Odyssey",
        poolers=(pooler,) if users or ports else (),
        problems=tuple(problems),
        comments=tuple(comments),
        lines=starts,
    )


def _internal(user: _Block) -> bool:
    """Is it a route to Odyssey's own console, or one of its own (a watchdog)."""
    said = {_value(user.options[key][1]) for key in ("role", "pool_routing", "storage") if key in user.options}
    return bool(said & {"admin", "stat", "internal", "local"})


def _named(block: _Block) -> str:
    """The block's name; ``default`` without quotes is everything that no other block names."""
    if not block.names:
        return "*"
    first = block.names[0]
    return "*" if first.kind == "word" and first.text == "default" else first.text


def _value(words: list[_Word]) -> str | None:
    text = words[0].text if words else ""
    return None if re.search(r"\$\{|\{\{|<%", text) else mask(text)


def _parsed(path: str, data: bytes, starts: list[int], problems: list[Problem], comments: list[Comment]) -> _Block:
    top = _Block("", [], (0, 0), {}, [])
    stack = [top]
    line: list[_Word] = []

    def finish() -> None:
        if line:
            stack[-1].options[line[0].text.lower()] = (line[0], line[1:])
            line.clear()

    for word in _words(path, data, starts, problems, comments):
        if word.kind == "line":
            finish()
        elif word.text == "{" and word.kind == "mark":
            if not line or len(stack) > _MOST_LEVELS:
                problems.append(Problem(path, place(path, starts, word.span).line, "a block without a name"))
            head = line[0] if line else word
            block = _Block(head.text.lower(), line[1:], head.span, {}, [])
            stack[-1].blocks.append(block)
            stack.append(block)
            line.clear()
        elif word.text == "}" and word.kind == "mark":
            finish()
            if len(stack) > 1:
                stack.pop()
            else:
                problems.append(Problem(path, place(path, starts, word.span).line, "`}` closes nothing"))
        else:
            line.append(word)
    finish()
    if len(stack) > 1:
        problems.append(Problem(path, place(path, starts, stack[-1].at).line, f"`{stack[-1].kind}` is not closed"))
    return top


def _words(
    path: str, data: bytes, starts: list[int], problems: list[Problem], comments: list[Comment]
) -> Iterator[_Word]:
    at = 0
    while at < len(data):
        found = _TOKEN.match(data, at)
        if found is None:  # a quote that does not close
            problems.append(Problem(path, place(path, starts, (at, at + 1)).line, "a text that does not end"))
            end = data.find(b"\n", at)
            at = end if end >= 0 else len(data)
            continue
        at = found.end()
        if found["comment"] is not None:
            if b"pooltlint" in found["comment"]:
                comments.append(Comment(found["comment"].decode("utf-8", "replace").lstrip("#").strip(), found.span()))
        elif found["text"] is not None:
            start, end = found.span()
            yield _Word("text", found["text"][1:-1].decode("utf-8", "replace"), (start + 1, end - 1))
        elif found.lastgroup is not None:
            yield _Word(found.lastgroup, found[0].decode("utf-8", "replace"), found.span())
