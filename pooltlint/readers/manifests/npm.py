"""npm: package.json, the lock files of npm, pnpm, yarn and Bun, and pnpm's workspace file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from pooltlint.model.commands import conceal
from pooltlint.model.facts import Dependency, Manifest, Script
from pooltlint.model.finding import Problem
from pooltlint.model.source import line_starts, place
from pooltlint.model.url import mask
from pooltlint.readers import json_nodes, yaml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside

_SECTIONS = {"dependencies": False, "optionalDependencies": False, "peerDependencies": False, "devDependencies": True}
_ROLES = (
    (re.compile(r"(?:pre|post)?(?:start|serve)(?:[:.-].*)?|preview"), "start"),
    (re.compile(r"(?:pre|post)?release(?:[:.-].*)?"), "release"),
    (
        re.compile(
            r"(?:pre|post)?build(?:[:.-].*)?|(?:pre|post)?install|prepare|vercel-build|heroku-(?:pre|post)build"
        ),
        "build",
    ),
)
_SOURCE = re.compile(r"(?<!\.d)\.[cm]?tsx?\Z|(?:\A|/)src/(?!.*\.d\.[cm]?ts\Z)")
_CONDITIONS = ("source", "import", "module", "default", "node", "require", "types", "browser")


def read_package_json(path: str, data: bytes) -> Manifest:
    """A ``package.json``. ``at`` of a dependency runs from its name to its range, of a script it is the command.

    ``overrides``, ``resolutions`` and ``pnpm.overrides`` count only where they put another package
    in a name's place (``npm:``). Of an export's conditions the one that leads to a source file
    is taken, else the first of ``import``, ``module``, ``default``, ``node``, ``require``, ``types``.
    ``imports`` (``#db``) are among the entries.
    """
    root, problems, comments = json_nodes.parse(path, data)
    starts = line_starts(data)
    top = _get(root)
    dependencies = [
        _dependency(path, starts, key, value, development)
        for section, development in _SECTIONS.items()
        for key, value in _get(top.get(section)).values()
        if isinstance(value, Scalar)
    ]
    overrides = (top.get("overrides"), top.get("resolutions"), _get(top.get("pnpm")).get("overrides", (None, None)))
    for pair in overrides:
        for key, value in _leaves(pair[1] if pair else None):
            if value.text.startswith("npm:"):
                bare = key.text.rpartition(">")[2].rpartition("**/")[2]
                name = bare if bare.rfind("@") < 1 else bare[: bare.rfind("@")]
                dependencies.append(_dependency(path, starts, Scalar(name, key.tag, key.span, key.style), value, False))
    scripts = tuple(
        Script(key.text, conceal(value.text), place(path, starts, inside(value)), _role(key.text))
        for key, value in _get(top.get("scripts")).values()
        if isinstance(value, Scalar)
    )
    spaces = top.get("workspaces", (None, None))[1]
    if isinstance(spaces, Map):
        spaces = _get(spaces).get("packages", (None, None))[1]
    return Manifest(
        path=path,
        ecosystem="npm",
        dependencies=tuple(dependencies),
        scripts=scripts,
        name=_string(top.get("name")),
        workspaces=tuple(each.text for each in spaces.items if isinstance(each, Scalar))
        if isinstance(spaces, Seq)
        else (),
        entries=_entries(top),
        prisma_schema=_string(_get(top.get("prisma")).get("schema")),
        problems=tuple(problems),
        comments=comments,
        lines=starts,
    )


Pairs = dict[str, tuple[Scalar, Node]]


def _get(found: Node | tuple[Scalar, Node] | None) -> Pairs:
    """The pairs of a map by key, of duplicates the last, as JSON.parse has it; empty for anything else."""
    node = found[1] if isinstance(found, tuple) else found
    return (
        {key.text: (key, value) for key, value in node.pairs if isinstance(key, Scalar)}
        if isinstance(node, Map)
        else {}
    )


def _string(found: tuple[Scalar, Node] | None) -> str:
    return found[1].text if found and isinstance(found[1], Scalar) and found[1].tag == "str" else ""


def _leaves(node: Node | None) -> Iterator[tuple[Scalar, Scalar]]:
    """The pairs with a text as value, at any depth."""
    for each in yaml_nodes.walk(node) if node else ():
        if isinstance(each, Map):
            for key, value in each.pairs:
                if isinstance(key, Scalar) and isinstance(value, Scalar):
                    yield key, value


def _dependency(
    path: str, starts: list[int], key: Scalar, value: Scalar, development: bool, within: str = ""
) -> Dependency:
    at = place(path, starts, (key.span[0], value.span[1]))
    name, wanted = _aliased(value.text)
    if not name:
        return Dependency("npm", key.text, at, mask(value.text), development=development, within=within)
    return Dependency(
        "npm", name, at, wanted, alias=key.text if key.text != name else "", development=development, within=within
    )


def _aliased(wanted: str) -> tuple[str, str]:
    """The package and the range behind ``npm:name@range``; an empty name when it is no alias."""
    if not wanted.startswith("npm:"):
        return "", wanted
    body = wanted[4:]
    cut = body.rfind("@")
    if cut > 0:
        return body[:cut], body[cut + 1 :]
    return (body, "") if re.match(r"@|[a-z]", body) else ("", body)


def _role(name: str) -> str:
    return next((role for pattern, role in _ROLES if pattern.fullmatch(name)), "script")


def _entries(top: Pairs) -> dict[str, str]:
    entries: dict[str, str] = {}
    exports = top.get("exports", (None, None))[1]
    subpaths = {key: value for key, (_, value) in _get(exports).items() if key.startswith(".")}
    for key, value in (subpaths or ({".": exports} if exports else {})).items():
        entries[key] = _target(value)
    for key, (_, value) in _get(top.get("imports")).items():
        if key.startswith("#"):
            entries[key] = _target(value)
    if not entries.get("."):
        mains = [_string(top.get(key)) for key in ("source", "module", "main", "types", "typings")]
        entries["."] = next((each for each in mains if _SOURCE.search(each)), next(filter(None, mains), ""))
    return {key: value for key, value in entries.items() if value}


def _target(node: Node) -> str:
    """The file that an export leads to."""
    found = list(_targets(node, ()))
    for _, file in found:
        if _SOURCE.search(file):
            return file
    for condition in _CONDITIONS:
        for conditions, file in found:
            if condition in conditions and not ("types" in conditions and condition != "types"):
                return file
    return found[0][1] if found else ""


def _targets(node: Node, conditions: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(node, Scalar):
        if node.tag == "str":
            yield conditions, node.text
    elif isinstance(node, Seq):
        for each in node.items:
            yield from _targets(each, conditions)
    else:
        for key, value in node.pairs:
            if isinstance(key, Scalar):
                yield from _targets(value, (*conditions, key.text))


# --- package-lock.json ----------------------------------------------------------------------------


class _Package(msgspec.Struct):
    version: str = ""
    name: str = ""
    dev: bool = False
    link: bool = False


class _Nested(msgspec.Struct):
    version: str = ""
    dev: bool = False
    dependencies: dict[str, _Nested] | None = None


class _Lock(msgspec.Struct):
    name: str = ""
    packages: dict[str, _Package] | None = None
    dependencies: dict[str, _Nested] | None = None


def read_package_lock(path: str, data: bytes, known: frozenset[str] | None = None) -> Manifest:
    """A ``package-lock.json`` or ``npm-shrinkwrap.json`` of version 1, 2 or 3.

    npm documentation, package-lock.json: ``packages`` by folder since version 2, nested
    ``dependencies`` in version 1. The file is decoded in one go with only the wanted fields built;
    places are found by searching for the keys afterwards. ``at`` is the key.
    """
    starts = line_starts(data)
    try:
        lock = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Lock)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = re.search(r"byte (\d+)", str(error))
        line = data.count(b"\n", 0, int(found[1])) + 1 if found else 0
        return Manifest(
            path,
            "npm",
            lock=True,
            problems=(Problem(path, line, f"not valid JSON: {mask(str(error))[:200]}"),),
            lines=starts,
        )
    kept = _new(path, data, starts, lock.packages, known) if lock.packages else _old(path, data, starts, lock, known)
    return Manifest(path, "npm", tuple(kept), name=lock.name, lock=True, lines=starts)


def _new(
    path: str, data: bytes, starts: list[int], packages: dict[str, _Package], known: frozenset[str] | None
) -> Iterator[Dependency]:
    at = 0
    for folder, package in packages.items():
        within, found, name = folder.rpartition("node_modules/")
        real = package.name or name
        if not found or package.link or (known is not None and real not in known and name not in known):
            continue
        key = msgspec.json.encode(folder)
        start = data.find(key, at)
        start = start if start >= 0 else data.find(key)
        if start >= 0:
            at = start
        span = (start, start + len(key)) if start >= 0 else (0, 0)
        yield Dependency(
            "npm",
            real,
            place(path, starts, span),
            locked=package.version,
            alias=name if name != real else "",
            development=package.dev,
            within=within.rstrip("/") or ".",
        )


def _old(path: str, data: bytes, starts: list[int], lock: _Lock, known: frozenset[str] | None) -> Iterator[Dependency]:
    places: dict[str, Iterator[re.Match[bytes]]] = {}
    for name, package, within in _walk(lock.dependencies or {}, "", 0):
        real, version = _aliased(package.version)
        real = real or name
        if known is not None and real not in known and name not in known:
            continue
        if name not in places:
            places[name] = re.finditer(re.escape(msgspec.json.encode(name)) + rb"(?=\s*:\s*\{)", data)
        found = next(places[name], None)
        yield Dependency(
            "npm",
            real,
            place(path, starts, found.span() if found else (0, 0)),
            locked=version,
            alias=name if name != real else "",
            development=package.dev,
            within=within or ".",
        )


def _walk(dependencies: dict[str, _Nested], within: str, level: int) -> Iterator[tuple[str, _Nested, str]]:
    for name, package in dependencies.items():
        yield name, package, within
        if package.dependencies and level < 50:
            yield from _walk(package.dependencies, f"{within}/node_modules/{name}".lstrip("/"), level + 1)


# --- pnpm -----------------------------------------------------------------------------------------

_PNPM_SECTION = re.compile(rb"(?m)^([A-Za-z]+):")
_PNPM_IMPORTER = re.compile(rb"(?m)^  (['\"]?)([^\s'\"][^\n\r'\"]*)\1:[ \t\r]*$")
_MOST_IMPORTERS = 10_000
_PNPM_PACKAGE = re.compile(rb"(?m)^  (['\"]?)(/?(?:@[\w.~-]+/)?[\w.~-]+[@/]\d[^\s'\"]*)\1:(?=\s|$)")
_PNPM_NAME = re.compile(r"/?((?:@[\w.~-]+/)?[\w.~-]+)[@/](\d[^(_/]*)")
_PNPM_IMPORTED = re.compile(
    rb"(?m)^(?P<indent> *)(?:(?P<section>dependencies|devDependencies|optionalDependencies)"
    rb"|(?P<quote>['\"]?)(?P<name>[\w./@~-]+)(?P=quote)): *(?P<value>[^\n\r]*)"
)


def read_pnpm_lock(path: str, data: bytes, known: frozenset[str] | None = None) -> Manifest:
    """A ``pnpm-lock.yaml`` of version 5, 6 or 9.

    The file is scanned by lines, not parsed as YAML: pnpm writes it in one fixed layout, it may
    have hundreds of thousands of lines, and the YAML layer refuses files of that size. First what
    each workspace package gets (``importers``, with ``within``), then every package there is.
    ``at`` is the key.
    """
    starts = line_starts(data)
    sections = {found[1].decode(): found for found in _PNPM_SECTION.finditer(data)}
    ends = sorted([each.start() for each in sections.values()] + [len(data)])

    def body(name: str) -> tuple[int, int]:
        found = sections.get(name)
        return (found.end(), next(each for each in ends if each > found.start())) if found else (0, 0)

    kept = list(_importers(path, data, starts, *body("importers"), known))
    for name in _SECTIONS:
        if name in sections:  # versions 5 and 6 without workspaces
            kept += _imported(path, data, starts, *body(name), known, ".", name)
    seen = set()
    for section in ("packages", "snapshots"):
        start, end = body(section)
        for found in _PNPM_PACKAGE.finditer(data, start, end):
            named = _PNPM_NAME.match(found[2].decode("utf-8", "replace"))
            if not named or (known is not None and named[1] not in known) or (named[1], named[2]) in seen:
                continue
            seen.add((named[1], named[2]))
            following = data[found.end() : found.end() + 4000]
            entry = following[: (re.search(rb"(?m)^  \S", following) or re.search(rb"\Z", following)).start()]  # type: ignore[union-attr]  # the end always matches
            kept.append(
                Dependency(
                    "npm",
                    named[1],
                    place(path, starts, found.span(2)),
                    locked=named[2],
                    development=b"\n    dev: true" in entry,
                )
            )
    problems = (
        () if b"lockfileVersion" in data else (Problem(path, 0, "not a pnpm lock file: it has no lockfileVersion"),)
    )
    return Manifest(path, "npm", tuple(kept), lock=True, problems=problems, lines=starts)


def _importers(
    path: str, data: bytes, starts: list[int], start: int, end: int, known: frozenset[str] | None
) -> Iterator[Dependency]:
    heads = list(islice(_PNPM_IMPORTER.finditer(data, start, end), _MOST_IMPORTERS))
    for number, head in enumerate(heads):
        last = heads[number + 1].start() if number + 1 < len(heads) else end
        yield from _imported(path, data, starts, head.end(), last, known, head[2].decode("utf-8", "replace"), "")


def _imported(
    path: str,
    data: bytes,
    starts: list[int],
    start: int,
    end: int,
    known: frozenset[str] | None,
    within: str,
    section: str,
) -> Iterator[Dependency]:
    """The packages of one importer: ``name: version`` (5) or ``name:`` above ``specifier`` and ``version`` (6, 9)."""
    name, at, wanted, indent = "", (0, 0), "", -1
    for found in _PNPM_IMPORTED.finditer(data, start, end):
        value = found["value"].decode("utf-8", "replace").strip().strip("'\"")
        depth = len(found["indent"])
        if found["section"] is not None and not value:
            section = found["section"].decode()
            indent = -1
            continue
        key = (found["name"] or found["section"] or b"").decode("utf-8", "replace")
        if indent < 0:
            indent = depth
        if depth < indent:  # a block that is none of the known sections
            section, indent = "", -1
            continue
        if depth > indent:
            if key == "specifier":
                wanted = value
            elif key != "version":
                continue
        else:
            name, at, wanted = key, found.span("name") if found["name"] else found.span("section"), ""
        if not section or not value or key == "specifier":
            continue
        named = _PNPM_NAME.fullmatch(re.sub(r"[(_].*", "", value))
        aliased = _aliased(wanted)[0]
        real = named[1] if named and not value[0].isdigit() else aliased or name
        locked = named[2] if named and not value[0].isdigit() else re.sub(r"[(_].*", "", value)
        if not locked[:1].isdigit() or (known is not None and real not in known and name not in known):
            continue
        yield Dependency(
            "npm",
            real,
            place(path, starts, at),
            wanted=_aliased(wanted)[1],
            locked=locked,
            alias=name if name != real else "",
            development=section == "devDependencies",
            within=within,
        )


def read_pnpm_workspace(path: str, data: bytes) -> Manifest:
    """A ``pnpm-workspace.yaml``: ``packages`` as workspaces; ``catalog`` and ``catalogs`` as dependencies.

    ``within`` of a catalog's item is the range that stands for it in a package.json (``catalog:``,
    ``catalog:react18``).
    """
    documents, problems = yaml_nodes.compose(path, data)
    starts = line_starts(data)
    top = _get(documents[0] if documents else None)
    spaces = top.get("packages", (None, None))[1]
    catalogs = {"catalog:": top.get("catalog")} | {
        f"catalog:{key}": pair for key, pair in _get(top.get("catalogs")).items()
    }
    return Manifest(
        path,
        "npm",
        tuple(
            _dependency(path, starts, key, value, False, within)
            for within, pair in catalogs.items()
            for key, value in _get(pair).values()
            if isinstance(value, Scalar)
        ),
        workspaces=tuple(each.text for each in spaces.items if isinstance(each, Scalar))
        if isinstance(spaces, Seq)
        else (),
        problems=tuple(problems),
        comments=yaml_nodes.comments(data, documents),
        lines=starts,
    )


# --- yarn and Bun -----------------------------------------------------------------------------------

_YARN_ENTRY = re.compile(rb"(?m)^(?![#\s])([^\r\n]+):[ \t]*\r?\n((?:[ \t]+[^\r\n]*\r?\n?)*)")
_YARN_VERSION = re.compile(rb"(?m)^[ \t]+\"?version\"?:? +\"?([^\"\s]+)")
_YARN_RESOLUTION = re.compile(rb"(?m)^[ \t]+resolution: +\"?((?:@[^@/\"]+/)?[^@\"]+)@npm:")
_YARN_DESCRIPTOR = re.compile(r"((?:@[^@/]+/)?[^@]+)@(.*)")
_BUN_ENTRY = re.compile(rb"(?m)^[ \t]*(\"(?:[^\"\\\r\n])+\"): \[\"((?:@[^@/\"]+/)?[^@\"]+)@([^\"]*)\"")


def read_yarn_lock(path: str, data: bytes, known: frozenset[str] | None = None) -> Manifest:
    """A ``yarn.lock`` of Yarn 1 or of Yarn 2 and later: one item for every range that an entry answers.

    Scanned by lines: Yarn 1's format is no YAML, and both are written in one fixed layout. ``at``
    is the entry's head.
    """
    starts = line_starts(data)
    kept: list[Dependency] = []
    for entry in _YARN_ENTRY.finditer(data):
        version = _YARN_VERSION.search(entry[2])
        if not version or b"@" not in entry[1]:
            continue
        resolution = _YARN_RESOLUTION.search(entry[2])
        at = place(path, starts, entry.span(1))
        for descriptor in entry[1].decode("utf-8", "replace").replace('"', "").split(", "):
            found = _YARN_DESCRIPTOR.fullmatch(descriptor)
            if not found:
                continue
            name, wanted = found[1], found[2]
            aliased, wanted = _aliased(wanted)
            real = aliased or (resolution[1].decode("utf-8", "replace") if resolution else name)
            if wanted.startswith(("workspace:", "patch:", "link:", "portal:")) and not resolution:
                continue
            if known is None or real in known or name in known:
                kept.append(
                    Dependency(
                        "npm",
                        real,
                        at,
                        mask(wanted),
                        version[1].decode("utf-8", "replace"),
                        name if name != real else "",
                    )
                )
    return Manifest(path, "npm", tuple(kept), lock=True, lines=starts)


def read_bun_lock(path: str, data: bytes, known: frozenset[str] | None = None) -> Manifest:
    """A ``bun.lock`` (text form, Bun 1.2 and later): one item for every line of ``packages``.

    Scanned by lines, which Bun writes one for a package. ``at`` is the key.
    """
    starts = line_starts(data)
    kept = []
    for found in _BUN_ENTRY.finditer(data, max(data.find(b'"packages"'), 0)):
        key, real, locked = (
            found[1][1:-1].decode("utf-8", "replace"),
            found[2].decode("utf-8", "replace"),
            found[3].decode("utf-8", "replace"),
        )
        parts = re.findall(r"(?:@[^/]+/)?[^/]+", key)
        name = parts[-1]
        if not locked[:1].isdigit() or (known is not None and real not in known and name not in known):
            continue
        within = "/".join(f"node_modules/{each}" for each in parts[:-1]) or "."
        kept.append(
            Dependency(
                "npm",
                real,
                place(path, starts, found.span(1)),
                locked=locked,
                alias=name if name != real else "",
                within=within,
            )
        )
    problems = (
        () if b"lockfileVersion" in data else (Problem(path, 0, "not a Bun lock file: it has no lockfileVersion"),)
    )
    return Manifest(path, "npm", tuple(kept), lock=True, problems=problems, lines=starts)
