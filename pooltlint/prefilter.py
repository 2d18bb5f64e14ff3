"""Which programs are worth parsing: a look at their bytes, before any parser."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import cache
from typing import Any

from pooltlint.model.demand import Demand

Search = Callable[[str, bytes], bool]
"""Says of a program's path and bytes whether it is wanted."""
Read = Callable[[str], bytes]
"""The bytes of a file below the root. Raises :class:`OSError`."""
Resolve = Callable[[str, str], str | None]
"""The code file that a specifier names for the file that imports it."""

_ROOTS = {"index", "mod", "main", "__init__"}
"""Stems of files that pass on what others offer."""
_SCRIPT = re.compile(rb"""(?:from|import|require)\s*\(?\s*(?:/\*[^*]*\*/\s*)?["'`]([^"'`\n]+)["'`]""")
_PASSED = re.compile(rb"""\bexport\b[^;'"`]*?\bfrom\s*["']([^"'\n]+)["']""")
_TYPES = re.compile(rb"""\bimport\s+type\b[^;'"`()]*?\bfrom\s*["'][^"'\n]+["']""")
_PYTHON = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n\\]*(?:\\\r?\n[^\n\\]*)*)|import[ \t]+([^\n#;]+))",
    re.MULTILINE,
)
_CLAUSES = re.compile(
    rb"""^[ \t]*(?:import\b[^;'"`()]*?\bfrom\s*["'][^"'\n]*["']"""
    rb"""|(?:const|let|var)\s*\{[^{}]*\}\s*=\s*(?:await\s+)?(?:require|import)\s*\(\s*["'][^"'\n]*["']\s*\)"""
    rb"""|from[ \t]+[.\w]+[ \t]+import[ \t]*(?:\([^)]*\)|[^\n]*))""",
    re.MULTILINE,
)
"""Clauses that bind a name without using it."""
_DEFAULTS = re.compile(rb"""\bimport\s+([\w$]+)\s*(?:,[^;'"`()]*?)?\bfrom\s*["']([^"'\n]+)["']""")
_NAMES = re.compile(rb"\w+(?:[ \t]+as[ \t]+\w+)?")
_DOTTED = re.compile(rb"[\w.]+")


def searcher(demands: Set[Demand], reach: Reach | None = None) -> Search:
    """A function that says whether a program satisfies some demand; one without words is always satisfied.

    Hyperscan where it is installed, for it searches for all words at once at more than 1 GB/s; else
    one search per word. Both look for the plain bytes, so they agree. ``reach`` follows imports, for demands
    that name a module.
    """
    if any(not each.words for each in demands):
        return lambda path, data: True
    groups = _groups(demands)
    held = _held(groups)

    def wanted(path: str, data: bytes) -> bool:
        leads: Set[str] | None = None
        idle: set[tuple[str, str]] = set()
        for words in held(data):
            modules = groups[words]
            if reach is None:
                asked = [each for several in modules.values() for each in several]
            else:
                if leads is None and modules.keys() != {""}:
                    leads = reach.of(path, data)
                asked = [each for module in ("", *sorted(leads or ())) for each in modules.get(module, ())]
            for each in asked:
                if not each.name:
                    return True
                if (each.module, each.name) in idle:  # found by other words, and used for nothing of interest
                    continue
                if any(_uses(name, each, data) for name in _names(each, path, data, reach)):
                    return True
                idle.add((each.module, each.name))
        return False

    return wanted


_Words = tuple[bytes, ...]
_Groups = Mapping[_Words, Mapping[str, list[Demand]]]


def _groups(demands: Set[Demand]) -> _Groups:
    """Demands by their words and by their module, so that a file is only asked about what it may satisfy."""
    found: dict[_Words, dict[str, list[Demand]]] = {}
    for each in sorted(demands):
        found.setdefault(each.words, {}).setdefault(each.module, []).append(each)
    return found


def _held(groups: _Groups) -> Callable[[bytes], Iterable[_Words]]:
    """A function that gives the groups of words that bytes hold."""
    words = sorted({word for group in groups for word in group})
    database = _database(tuple(words)) if len(words) > 3 else None
    if database is None:
        return lambda data: (group for group in groups if all(word in data for word in group))
    number = {word: at for at, word in enumerate(words)}
    needs: dict[int, list[tuple[frozenset[int], _Words]]] = {}
    for group in groups:
        needs.setdefault(number[group[0]], []).append((frozenset(map(number.__getitem__, group)), group))
    bare = all(
        len(group) == 1 and not each.module and not each.name
        for group, modules in groups.items()
        for several in modules.values()
        for each in several
    )

    def fast(data: bytes) -> Iterator[_Words]:
        seen: set[int] = set()

        def hit(number: int, *_: object) -> bool:
            seen.add(number)
            return bare  # the first hit is enough: stop

        try:
            database.scan(data, match_event_handler=hit)
        except _stopped():
            pass
        return (group for word in sorted(seen) for need, group in needs.get(word, ()) if need <= seen)

    return fast


@cache
def _database(words: tuple[bytes, ...]) -> Any:
    try:
        import hyperscan
    except ImportError:  # no wheel for this platform
        return None
    flags = hyperscan.HS_FLAG_SINGLEMATCH
    made = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    expressions = [b"".join(b"\\x%02x" % byte for byte in word) for word in words]
    made.compile(expressions=expressions, ids=list(range(len(words))), elements=len(words), flags=[flags] * len(words))
    return made


@cache
def _stopped() -> Any:
    import hyperscan

    return hyperscan.ScanTerminated


class Reach:
    """Which code files a program imports, seen without parsing it; ``types``: those only for their types, too."""

    def __init__(self, read: Read, resolve: Resolve, types: bool = True) -> None:
        self._read, self._resolve, self._types = read, resolve, types
        self._passed: dict[str, frozenset[str]] = {}
        self._known: dict[str, frozenset[str]] = {}

    def of(self, path: str, data: bytes) -> Set[str]:
        """The code files that a program's specifiers name, and those that package roots among them pass on."""
        found = self._known.get(path)
        if found is None:
            direct = set(self._targets(path, data, exports=False))
            found = self._known[path] = frozenset(direct.union(*map(self._passes_on, sorted(direct))))
        return found

    def behind(self, path: str, specifier: str) -> Set[str]:
        """The code file that a specifier names, and what it passes on."""
        found = self._resolve(path, specifier)
        return frozenset() if found is None else {found} | self._passes_on(found)

    def _targets(self, path: str, data: bytes, exports: bool) -> Iterator[str]:
        """What a file imports; with ``exports`` only what it passes on by the statement that imports it."""
        for each in _specifiers(path, data, exports, self._types):
            found = self._resolve(path, each)
            if found is not None:
                yield found

    def _passes_on(self, path: str) -> frozenset[str]:
        if posixpath.basename(path).partition(".")[0] not in _ROOTS:
            return frozenset()
        known = self._passed.get(path)
        if known is None:
            self._passed[path] = frozenset()  # for whoever comes around in a circle
            try:
                data = self._read(path)
            except OSError:
                return frozenset()
            targets = set(self._targets(path, data, exports=not path.endswith(".py")))
            known = frozenset(targets.union(*map(self._passes_on, sorted(targets))))
            self._passed[path] = known
        return known


def _specifiers(path: str, data: bytes, exports: bool, types: bool) -> Iterator[str]:
    """The specifiers in a program's imports; in Python each imported name may be a module, too."""
    if not path.endswith((".py", ".pyi")):
        if not types and b"import type" in data:
            data = _TYPES.sub(b"", data)
        pattern = _PASSED if exports else _SCRIPT
        yield from (each.decode("utf-8", "replace") for each in pattern.findall(data))
        return
    for module, names, modules in _PYTHON.findall(data):
        if modules:
            yield from (each.decode() for each in _DOTTED.findall(modules))
            continue
        whole = module.decode()
        yield whole
        dot = "" if whole.endswith(".") else "."
        yield from (f"{whole}{dot}{each.split()[0].decode()}" for each in _NAMES.findall(names))


def _names(demand: Demand, path: str, data: bytes, reach: Reach | None) -> Iterator[str]:
    """What a program calls the object that a demand is about; ``""`` when that cannot be told."""
    if demand.name != "default" or reach is None:
        yield demand.name
        return
    found = False
    for name, specifier in _DEFAULTS.findall(data):
        if demand.module in reach.behind(path, specifier.decode("utf-8", "replace")):
            found = True
            yield name.decode("utf-8", "replace")
    if not found:
        yield ""


def _uses(name: str, demand: Demand, data: bytes) -> bool:
    """Is a name used otherwise than for members of no interest."""
    return not name or _pattern(name, demand.members).search(_CLAUSES.sub(b"", data)) is not None


@cache
def _pattern(name: str, members: tuple[str, ...]) -> re.Pattern[bytes]:
    """A name that stands alone, or before one of the members."""
    known = "|".join(map(re.escape, members)) or "(?!)"
    return re.compile(
        rf"""(?<![\w$'"/@-]){re.escape(name)}(?![\w$'"/-])(?!\s*[?!]?\.\s*(?!(?:{known})(?![\w$]))[A-Za-z_$])""".encode()
    )
