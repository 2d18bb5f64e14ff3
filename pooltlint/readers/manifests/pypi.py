"""PyPI: requirements files, pyproject.toml, setup.cfg, Pipfile, and the lock files of Poetry, uv, PDM and Pipenv."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from pooltlint.model.commands import conceal
from pooltlint.model.facts import Dependency, Manifest, Script
from pooltlint.model.finding import Problem
from pooltlint.model.source import Span, line_starts, place
from pooltlint.model.url import mask
from pooltlint.outline.nodes import Comment
from pooltlint.readers import toml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?P<wanted>@\s*[^\s;]+|\(?\s*(?:(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,;()]+\s*,?\s*)*\)?)\s*(?s:;.*|--.*)?"
)
_EGG = re.compile(r"#(?:.*&)?egg=([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?")
_DEVELOPMENT = re.compile(
    r"(?i)(?:^|[-_./])(?:dev|develop|development|tests?|testing|lint|docs?|typing|ci)(?:$|[-_./])"
)


def normal(name: str) -> str:
    """The name as PyPI compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(path: str, data: bytes) -> Manifest:
    """A requirements file (pip documentation, "Requirements File Format").

    Backslash continuations, comments, hashes, markers and extras are understood; ``-e`` and URLs
    count by their ``#egg=`` or their ``name @``. ``-r`` and ``-c`` are left to discovery, which finds
    those files itself. ``at`` is the requirement without marker and options.
    """
    starts = line_starts(data)
    development = bool(_DEVELOPMENT.search(path.rpartition("/")[2]))
    kept: list[Dependency] = []
    for start, text in _logical(data):
        found = _dependency(path, starts, text, start, development)
        if found:
            kept.append(found)
    return Manifest(path, "pypi", tuple(kept), comments=_comments(data), lines=starts)


def _logical(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Logical lines with their offsets, comments and continuation marks blanked so that offsets stay."""
    for found in re.finditer(rb"(?:[^\n\\]|\\\r?\n|\\)+", data):
        text = re.sub(rb"\\(?=\r?\n)", b" ", found[0])
        text = re.sub(rb"(?m)(^|(?<=\s))#.*", lambda comment: b" " * len(comment[0]), text)
        if text.strip():
            yield found.start(), text


def _dependency(
    path: str, starts: list[int], text: bytes, start: int, development: bool, at: Span | None = None
) -> Dependency | None:
    """The dependency that one PEP 508 requirement names, or ``None`` when it names none."""
    written = text.decode("latin-1")  # one character for each byte: offsets stay
    stripped = written.strip()
    egg = _EGG.search(stripped)
    if stripped.startswith("-") or "://" in stripped.partition("@")[0]:
        if not egg:
            return None
        name, extras, wanted, end = egg[1], egg[2], "", len(written.rstrip())
    else:
        found = _REQUIREMENT.match(written)
        if not found or found.end() < len(written.rstrip()):
            return None
        name, extras = found["name"], found["extras"]
        wanted = found["wanted"].strip().strip("()").strip()
        end = found.end("wanted")
    begin = start + len(written) - len(written.lstrip())
    end = start + len(written[:end].rstrip())
    return Dependency(
        "pypi",
        normal(name),
        place(path, starts, at or (begin, end)),
        mask(" ".join(wanted.split())),
        development=development,
        extras=tuple(sorted(each.strip().lower() for each in (extras or "").split(",") if each.strip())),
    )


def _comments(data: bytes) -> tuple[Comment, ...]:
    if b"pooltlint" not in data:
        return ()
    return tuple(
        Comment(found[1].decode("utf-8", "replace").strip(), found.span())
        for found in re.finditer(rb"(?m)(?:^|(?<=[ \t]))[#;]([^\r\n]*)", data)
        if b"pooltlint" in found[1]
    )


# --- pyproject.toml and Pipfile -----------------------------------------------------------------------


def read_pyproject(path: str, data: bytes) -> Manifest:
    """A ``pyproject.toml``: PEP 621, PEP 735 and the tables of Poetry, PDM and uv.

    ``at`` is the requirement inside its quotes, or the pair in Poetry's tables. Scripts are those of
    PDM, Poe and taskipy; ``workspaces`` are uv's members.
    """
    root, problems, comments = toml_nodes.parse(path, data)
    starts = line_starts(data)
    kept: list[Dependency] = []

    def listed(node: Node | None, development: bool) -> None:
        for each in node.items if isinstance(node, Seq) else ():
            if isinstance(each, Scalar):
                start, end = inside(each)
                found = _dependency(path, starts, each.text.encode(), start, development, (start, end))
                if found:
                    kept.append(found)

    def named(node: Node | None, development: bool) -> None:
        for key, value in node.pairs if isinstance(node, Map) else ():
            if isinstance(key, Scalar) and key.text != "python":
                kept.append(_poetic(path, starts, key, value, development))

    listed(_at(root, "project", "dependencies"), False)
    for key, value in _pairs(_at(root, "project", "optional-dependencies")):
        listed(value, bool(_DEVELOPMENT.search(key.text)))
    for _, value in _pairs(_at(root, "dependency-groups")):
        listed(value, True)
    named(_at(root, "tool", "poetry", "dependencies"), False)
    named(_at(root, "tool", "poetry", "dev-dependencies"), True)
    for key, value in _pairs(_at(root, "tool", "poetry", "group")):
        named(_at(value, "dependencies"), key.text != "main")
    for _, value in _pairs(_at(root, "tool", "pdm", "dev-dependencies")):
        listed(value, True)
    listed(_at(root, "tool", "uv", "dev-dependencies"), True)
    tables = (("tool", "pdm", "scripts"), ("tool", "poe", "tasks"), ("tool", "taskipy", "tasks"))
    scripts = tuple(each for table in tables for each in _scripts(path, starts, _at(root, *table)))
    name = _at(root, "project", "name") or _at(root, "tool", "poetry", "name")
    members = _at(root, "tool", "uv", "workspace", "members")
    return Manifest(
        path=path,
        ecosystem="pypi",
        dependencies=tuple(kept),
        scripts=scripts,
        name=normal(name.text) if isinstance(name, Scalar) else "",
        workspaces=tuple(each.text for each in members.items if isinstance(each, Scalar))
        if isinstance(members, Seq)
        else (),
        problems=tuple(problems),
        comments=comments,
        lines=starts,
    )


def read_pipfile(path: str, data: bytes) -> Manifest:
    """A ``Pipfile``: ``[packages]`` and ``[dev-packages]``. ``at`` is the pair."""
    root, problems, comments = toml_nodes.parse(path, data)
    starts = line_starts(data)
    kept = [
        _poetic(path, starts, key, value, section == "dev-packages")
        for section in ("packages", "dev-packages")
        for key, value in _pairs(_at(root, section))
    ]
    scripts = tuple(_scripts(path, starts, _at(root, "scripts")))
    return Manifest(path, "pypi", tuple(kept), scripts, problems=tuple(problems), comments=comments, lines=starts)


def _at(node: Node | None, *keys: str) -> Node | None:
    for wanted in keys:
        node = next((value for key, value in _pairs(node) if key.text == wanted), None)
    return node


def _pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    return [(key, value) for key, value in node.pairs if isinstance(key, Scalar)] if isinstance(node, Map) else []


def _poetic(path: str, starts: list[int], key: Scalar, value: Node, development: bool) -> Dependency:
    """``name = "^1.2"`` or ``name = { version = "^1.2", extras = ["pool"] }``."""
    first = value.items[0] if isinstance(value, Seq) and value.items else value
    wanted = first if isinstance(first, Scalar) else _at(first, "version")
    extras = _at(first, "extras")
    return Dependency(
        "pypi",
        normal(key.text),
        place(path, starts, (key.span[0], max(value.span[1], key.span[1]))),
        mask(wanted.text) if isinstance(wanted, Scalar) else "",
        development=development,
        extras=tuple(sorted(each.text.lower() for each in extras.items if isinstance(each, Scalar)))
        if isinstance(extras, Seq)
        else (),
    )


def _scripts(path: str, starts: list[int], node: Node | None) -> Iterator[Script]:
    for key, value in _pairs(node):
        command = value if isinstance(value, Scalar) else _at(value, "cmd") or _at(value, "shell")
        if isinstance(command, Scalar) and command.tag == "str":
            role = {"start": "start", "serve": "start", "release": "release", "build": "build"}.get(key.text, "script")
            yield Script(key.text, conceal(command.text), place(path, starts, inside(command)), role)


# --- setup.cfg --------------------------------------------------------------------------------------

_CFG_LINE = re.compile(
    rb"(?m)^(?:\[(?P<section>[^\]\r\n]+)\]|[ \t]+(?P<more>[^\r\n]*)"
    rb"|(?P<key>[^\s#;\[=:][^=:\r\n]*?)[ \t]*[=:][ \t]*(?P<value>[^\r\n]*))"
)


def read_setup_cfg(path: str, data: bytes) -> Manifest:
    """A ``setup.cfg`` of setuptools: ``install_requires``, ``tests_require`` and ``extras_require``."""
    starts = line_starts(data)
    kept: list[Dependency] = []
    section = key = name = ""
    for found in _CFG_LINE.finditer(data):
        if found["section"] is not None:
            section, key = found["section"].decode("utf-8", "replace"), ""
            continue
        part = "more" if found["more"] is not None else "value"
        if part == "value":
            key = found["key"].decode("utf-8", "replace").strip()
        text = re.sub(rb"(?:^|\s)#.*", b"", found[part])
        if (section, key) == ("metadata", "name") and part == "value":
            name = normal(text.decode("utf-8", "replace").strip())
        development = (section == "options.extras_require" and bool(_DEVELOPMENT.search(key))) or key == "tests_require"
        if (section == "options.extras_require" and key) or (
            section == "options" and key in ("install_requires", "tests_require")
        ):
            wanted = _dependency(path, starts, text, found.start(part), development) if text.strip() else None
            if wanted:
                kept.append(wanted)
    return Manifest(path, "pypi", tuple(kept), name=name, comments=_comments(data), lines=starts)


# --- lock files -------------------------------------------------------------------------------------

_LOCKED = re.compile(rb"(?m)^\[\[package\]\][ \t]*\r?\n((?:(?!\[)[^\r\n]*\r?\n?)*)")
_LOCKED_NAME = re.compile(rb"(?m)^name[ \t]*=[ \t]*\"([^\"\r\n]+)\"")
_LOCKED_VERSION = re.compile(rb"(?m)^version[ \t]*=[ \t]*\"([^\"\r\n]+)\"")
_LOCKED_DEVELOPMENT = re.compile(
    rb"(?m)^category[ \t]*=[ \t]*\"dev\"|^groups[ \t]*=[ \t]*\[(?![^\]]*\"(?:main|default)\")[^\]]+\]"
)


def read_toml_lock(path: str, data: bytes, known: frozenset[str] | None = None) -> Manifest:
    """A ``poetry.lock``, ``uv.lock`` or ``pdm.lock``. ``at`` is the package's name.

    Scanned by lines: the three share one layout of ``[[package]]`` tables, and the standard library's
    reader takes some ten times as long.
    """
    starts = line_starts(data)
    kept = []
    for found in _LOCKED.finditer(data):
        name = _LOCKED_NAME.search(found[1])
        if not name or (known is not None and normal(name[1].decode("utf-8", "replace")) not in known):
            continue
        version = _LOCKED_VERSION.search(found[1])
        start = found.start(1)
        kept.append(
            Dependency(
                "pypi",
                normal(name[1].decode("utf-8", "replace")),
                place(path, starts, (start + name.start(1), start + name.end(1))),
                locked=version[1].decode("utf-8", "replace") if version else "",
                development=bool(_LOCKED_DEVELOPMENT.search(found[1])),
            )
        )
    return Manifest(path, "pypi", tuple(kept), lock=True, lines=starts)


class _Pinned(msgspec.Struct):
    version: str = ""


class _Pipenv(msgspec.Struct):
    default: dict[str, _Pinned] = {}
    develop: dict[str, _Pinned] = {}


def read_pipfile_lock(path: str, data: bytes, known: frozenset[str] | None = None) -> Manifest:
    """A ``Pipfile.lock``. ``at`` is the key."""
    starts = line_starts(data)
    try:
        lock = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Pipenv)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = re.search(r"byte (\d+)", str(error))
        line = data.count(b"\n", 0, int(found[1])) + 1 if found else 0
        return Manifest(
            path,
            "pypi",
            lock=True,
            problems=(Problem(path, line, f"not valid JSON: {mask(str(error))[:200]}"),),
            lines=starts,
        )
    kept = []
    for section, packages in (("default", lock.default), ("develop", lock.develop)):
        begin = max(data.find(b'"' + section.encode() + b'"'), 0)
        for name, pinned in packages.items():
            if known is not None and normal(name) not in known:
                continue
            key = re.compile(re.escape(msgspec.json.encode(name)) + rb"(?=\s*:\s*\{)").search(data, begin)
            span = key.span() if key else (0, 0)
            kept.append(
                Dependency(
                    "pypi",
                    normal(name),
                    place(path, starts, span),
                    locked=pinned.version.lstrip("="),
                    development=section == "develop",
                )
            )
    return Manifest(path, "pypi", tuple(kept), lock=True, lines=starts)
