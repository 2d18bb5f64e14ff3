"""What an expression is worth: library objects, constants, environment variables, followed through names and files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pooltlint.drivers import Construct, Function, Method, Shelf
from pooltlint.link.program import Program, package_of
from pooltlint.link.roles import role
from pooltlint.model.source import Span
from pooltlint.model.topology import Runs
from pooltlint.model.url import safe
from pooltlint.outline import nodes
from pooltlint.outline.names import Binding, Scopes
from pooltlint.outline.nodes import Expr

DEPTH = 40
"""How many steps a value is followed before it counts as unknown."""
ALTERNATIVES = 64
"""How many values an expression may have."""
STARS = 400
"""How many modules are asked for a name that one of them passes on."""
WRITES = 200
"""How many assignments to members of one name a file may have before they are not followed."""
CALLERS = 8
"""How many call sites are asked what a parameter is given."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The expression that made a value."""

    path: str
    function: int
    span: Span


class Worth:
    """A value as the linker knows it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Dark(Worth):
    """Not known."""


@dataclass(frozen=True, slots=True)
class Again(Dark):
    """Not known because it depends on itself; says nothing beside other values."""


@dataclass(frozen=True, slots=True)
class Missing(Dark):
    """Not known because a file of the repository has not been parsed; parsing it may tell."""

    path: str


@dataclass(frozen=True, slots=True)
class Const(Worth):
    """A literal. ``None`` is nothing at all."""

    value: str | int | float | bool | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Env(Worth):
    """An environment variable, with the default the code falls back to."""

    name: str
    origin: Origin
    default: Worth | None = None

    def __hash__(self) -> int:
        return hash(self.origin)  # what is inside may be shared many times over


@dataclass(frozen=True, slots=True)
class Environment(Worth):
    """All environment variables: ``process.env``, ``os.environ``, a settings object validated from them.

    ``prefix`` stands before each name; ``upper`` when attributes are the lower-case names.
    """

    prefix: str = ""
    upper: bool = False


def _binding(owner: Expr) -> str:
    """The Hyperdrive binding that ``env.NAME`` may be, in whatever a Worker is given its environment; ``""`` for none."""
    return owner.name if isinstance(owner, nodes.Member) and owner.name.isupper() else ""


@dataclass(frozen=True, slots=True)
class Glued(Worth):
    """Text put together from parts."""

    parts: tuple[Worth, ...]
    origin: Origin

    def __hash__(self) -> int:
        return hash(self.origin)  # what is inside may be shared many times over


@dataclass(frozen=True, slots=True)
class Library(Worth):
    """A symbol of a package of somebody else: dotted module and path."""

    symbol: str


@dataclass(frozen=True, slots=True)
class Instance(Worth):
    """An object of a library type. ``pool``: the object it was taken out of or derived from."""

    type: str
    origin: Origin | None
    pool: Instance | None = None

    def __hash__(self) -> int:
        return hash((self.type, self.origin))


@dataclass(frozen=True, slots=True)
class Routine(Worth):
    """A function of the repository; ``me`` is what ``this``/``self`` is bound to."""

    path: str
    function: int
    me: Worth | None = None
    memoised: bool = False


@dataclass(frozen=True, slots=True)
class Klass(Worth):
    """A class of the repository."""

    path: str
    cls: int


@dataclass(frozen=True, slots=True)
class Thing(Worth):
    """An object of a class of the repository."""

    path: str
    cls: int
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Table(Worth):
    """An object literal or dictionary; ``open`` when something not known may be in it too."""

    entries: Mapping[str, Worth]
    open: bool
    origin: Origin
    spans: Mapping[str, Span] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.origin)  # what is inside may be shared many times over


@dataclass(frozen=True, slots=True)
class Series(Worth):
    """A list or tuple."""

    items: tuple[Worth, ...]
    origin: Origin

    def __hash__(self) -> int:
        return hash(self.origin)  # what is inside may be shared many times over


@dataclass(frozen=True, slots=True)
class File(Worth):
    """A module of the repository as a value."""

    path: str


@dataclass(frozen=True, slots=True)
class Edited(Worth):
    """A text with ``old`` replaced by ``new``; ``old`` is ``None`` for the scheme of a connection string."""

    text: Worth
    old: str | None
    new: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Either(Worth):
    """One of several values."""

    values: tuple[Worth, ...]


DARK = Dark()
AGAIN = Again()


def _is_text(value: Worth) -> bool:
    return any(
        isinstance(each, (Env, Glued, Edited)) or (isinstance(each, Const) and isinstance(each.value, str))
        for each in branches(value)
    )


def either(values: list[Worth]) -> Worth:
    """One value for several, flattened and without duplicates; nothing (``None``) yields to anything else.

    Of more than :data:`ALTERNATIVES` the rest counts as not known.
    """
    if len(values) == 1:
        return values[0]
    flat = list(dict.fromkeys(each for value in values for each in branches(value)))
    flat = [each for each in flat if not isinstance(each, Again)] or flat
    flat = [each for each in flat if not (isinstance(each, Const) and each.value is None)] or flat
    known = {each.type for each in flat if isinstance(each, Instance) and each.origin is not None}
    if known:  # an annotation says less than the object itself
        flat = [
            each for each in flat if not (isinstance(each, Instance) and each.origin is None and each.type in known)
        ]
    if not flat:
        return DARK
    if len(flat) > ALTERNATIVES:
        flat = list(dict.fromkeys([*flat[:ALTERNATIVES], DARK]))
    return flat[0] if len(flat) == 1 else Either(tuple(flat))


def branches(value: Worth) -> tuple[Worth, ...]:
    """The values an either may be, or the value itself."""
    return value.values if isinstance(value, Either) else (value,)


def instances(value: Worth) -> list[Instance]:
    """The library objects a value may be."""
    return [each for each in branches(value) if isinstance(each, Instance)]


_ENVIRONMENTS = {
    "process.env",
    "Bun.env",
    "Deno.env",
    "import.meta.env",
    "os.environ",
    "node:process.env",
    "process.default.env",
}
_GLOBALS = {"globalThis", "global", "window", "self"}
_READERS = {
    "os.getenv",
    "os.environ.get",
    "os.environ.setdefault",
    "os.environ.pop",
    "Deno.env.get",
    "decouple.config",
    "prisma/config.env",
    "@prisma/config.env",
}
"""Functions that read the environment variable named by their first argument; the second, or ``default``, is the fallback."""
_ENV_OBJECTS = {
    "environ.Env",
    "environ.FileAwareEnv",
    "environs.Env",
    "starlette.config.Config",
    "decouple.Config",
    "decouple.AutoConfig",
}
_CONFIGURATIONS = {"@nestjs/config.ConfigService"}
"""Types whose ``get(name)`` reads an environment variable (@nestjs/config 4: names with dots are of the project's own making)."""
_ENV_READER = "environment reader"
"""Type of an object that reads the variable it is called with (django-environ, environs, decouple, Starlette)."""
_VALIDATES = {"parse", "safeParse", "parseAsync", "validate", "validateSync"}
_SETTINGS_BASES = {
    "pydantic_settings.BaseSettings",
    "pydantic.BaseSettings",
    "pydantic.v1.BaseSettings",
    "pydantic_settings.main.BaseSettings",
}
_VALIDATED = {
    "@t3-oss/env-nextjs.createEnv",
    "@t3-oss/env-core.createEnv",
    "@t3-oss/env-nuxt.createEnv",
    "envalid.cleanEnv",
    "znv.parseEnv",
}
_MEMOISERS = {
    "react.cache": 0,
    "lodash.once": 0,
    "lodash.memoize": 0,
    "lodash/once": 0,
    "lodash/memoize": 0,
    "lodash-es.once": 0,
    "lodash-es.memoize": 0,
    "memoizee": 0,
    "p-memoize": 0,
    "mem": 0,
    "onetime": 0,
    "ramda.once": 0,
    "underscore.once": 0,
    "functools.lru_cache": 0,
    "functools.cache": 0,
    "async_lru.alru_cache": 0,
}
_REMEMBER = {"@epic-web/remember.remember": 1}
_DEPENDS = {"fastapi.Depends", "fastapi.params.Depends", "fastapi.Security"}
_ANNOTATED = {"typing.Annotated", "typing_extensions.Annotated"}
_WRAPPERS = {
    "typing.Optional",
    "typing.cast",
    "typing.AsyncGenerator",
    "typing.Generator",
    "typing.Iterator",
    "typing.AsyncIterator",
    "collections.abc.AsyncGenerator",
    "collections.abc.Generator",
    "collections.abc.Iterator",
    "collections.abc.AsyncIterator",
}
CONTEXT_MANAGERS = {"contextlib.contextmanager", "contextlib.asynccontextmanager"}


_SAME_TEXT = frozenset(
    {"toString", "strip", "trim", "geturl", "unicode_string", "get_secret_value", "human_repr", "__str__"}
)
"""Methods without arguments that give a text as it is, or the text of an object that was made of one."""
_ADDRESSED = re.compile(
    r"(?:(?:postgres|psql|cockroachdb)[a-z0-9]*(?:\+[a-z0-9_]+)?(?::(?://)?)?|-pooler\.?|:\d{2,5}/?|\.)?"
)
"""Pieces of a connection string that people replace: schemes, ports, ``-pooler``. Anything else may be a secret."""
_BUILDERS = ("URL.create", "PostgresDsn.build", "MultiHostUrl.build")
_CASTS = frozenset({"int", "float", "Number", "parseInt", "parseFloat"})
"""Built-in functions that make a number of what they are given."""


class Values:
    """Evaluates expressions of a program on demand. Flow-insensitive; every step is remembered."""

    def __init__(self, program: Program, shelf: Shelf) -> None:
        self.program = program
        self.shelf = shelf
        self._memo: dict[tuple[str, int, Span, str], Worth] = {}
        self._names: dict[tuple[str, int, str], Worth] = {}
        self._running: set[tuple[str, int, Span, str]] = set()
        self._returned: dict[tuple[str, int, bool], Worth] = {}
        self._returning: set[tuple[str, int, bool]] = set()
        self._given: dict[tuple[str, int, int], Worth] = {}
        self._callers: dict[str, list[tuple[str, int]]] | None = None
        self._wide: dict[str, tuple[Mapping[str, str], tuple[str, ...]]] = {}
        self.depth = 0

    def forget(self) -> None:
        """Drop what is remembered: the program has grown."""
        self._memo.clear()
        self._names.clear()
        self._returned.clear()
        self._given.clear()
        self._wide.clear()
        self._callers = None

    # --- expressions ---

    def of(self, path: str, function: int, node: Expr | None) -> Worth:
        """What an expression of a function is worth."""
        if node is None or self.depth > DEPTH:
            return DARK
        match node:
            case nodes.Text(value=text):
                return Const(text, Origin(path, function, node.span))
            case nodes.Constant(value=constant):
                return Const(constant, Origin(path, function, node.span))
            case nodes.Lambda(function=index):
                return Routine(path, index)
            case nodes.ClassValue(cls=index):
                return Klass(path, index)
            case nodes.Await(value=value):
                return self.of(path, function, value)
        key = (path, function, node.span, type(node).__name__)
        found = self._memo.get(key)
        if found is not None:
            return found
        if key in self._running:
            return AGAIN
        self._running.add(key)
        self.depth += 1
        try:
            found = self._of(path, function, node)
        finally:
            self.depth -= 1
            self._running.discard(key)
        if not isinstance(found, Again):
            self._memo[key] = found
        return found

    def _of(self, path: str, function: int, node: Expr) -> Worth:
        origin = Origin(path, function, node.span)
        match node:
            case nodes.Name(id=name):
                return self.name(path, function, name)
            case nodes.Member(owner=owner, name=name):
                if name == "env" and isinstance(owner, nodes.Name) and owner.id in ("import.meta", "process"):
                    return Environment()
                if path.endswith(".py") and (loaded := self._loaded(path, node)) is not None:
                    return self._file(loaded)
                found = self.member(self.of(path, function, owner), name, Origin(path, function, node.span))
                if name == "href" and isinstance(found, Dark):
                    return self._url_object(path, function, owner)
                if name == "connectionString" and isinstance(found, Dark) and _binding(owner):
                    return Env(f"{_binding(owner)}.{name}", origin)
                return found
            case nodes.Index(owner=owner, key=key):
                step = self.of(path, function, key)
                whole = self.of(path, function, owner)
                if isinstance(whole, Library) and (whole.symbol in _ANNOTATED or whole.symbol in _WRAPPERS):
                    return self.annotation(path, function, node)
                if isinstance(step, Const) and isinstance(step.value, (str, int)) and not isinstance(step.value, bool):
                    return self.step(whole, step.value, origin)
                if any(
                    "*" in self.shelf.types[each.type][1].attributes
                    for each in instances(whole)
                    if each.type in self.shelf.types
                ):
                    return self.member(whole, "*", origin)
                return DARK
            case nodes.Template(parts=parts):
                return Glued(tuple(self.of(path, function, part) for part in parts), origin)
            case nodes.Operation(op="+", operands=operands):
                parts_: list[Worth] = []
                for each in operands:
                    value = self.of(path, function, each)
                    parts_.extend(value.parts if isinstance(value, Glued) else (value,))
                return Glued(tuple(parts_), origin)
            case nodes.Operation(op="%", operands=(nodes.Text(value=pattern), given)):
                texts = re.split(r"%[sd]", pattern)
                holes: list[Expr | None] = list(given.items if isinstance(given, nodes.Items) else (given,))
                if "%(" in pattern or len(holes) < len(texts) - 1:
                    return DARK
                return self._poured(path, function, texts, holes[len(holes) - len(texts) + 1 :], origin)
            case nodes.Operation(op=op, operands=operands) if op in ("or", "??"):
                options = [self.of(path, function, each) for each in operands]
                first = options[0]
                if isinstance(first, Env) and first.default is None:
                    return Env(first.name, first.origin, either(options[1:]))
                return either(options)
            case nodes.Operation(op="and", operands=operands):
                return self.of(path, function, operands[-1])
            case nodes.Choice(then=then, otherwise=otherwise):
                return either([self.of(path, function, then), self.of(path, function, otherwise)])
            case nodes.Assign(value=value, op=op, target=target):
                if op in ("??=", "||="):
                    return either([self.of(path, function, target), self.of(path, function, value)])
                return self.of(path, function, value) if op in ("=", ":=") else DARK
            case nodes.Record(entries=entries):
                return self.table(path, function, node, entries)
            case nodes.Items(items=items):
                return Series(tuple(self.of(path, function, each) for each in items), origin)
            case nodes.Call():
                return self.call(path, function, node)
            case _:
                return DARK

    def table(self, path: str, function: int, node: nodes.Record, entries: tuple[nodes.Entry, ...]) -> Worth:
        """An object literal or dictionary, spreads included."""
        found: dict[str, Worth] = {}
        spans: dict[str, Span] = {}
        open_ = False
        for entry in entries:
            if entry.spread:
                for each in branches(self._spread(path, function, entry.value)):
                    if isinstance(each, Table):
                        several = len(branches(self._spread(path, function, entry.value))) > 1
                        for name, value in each.entries.items():
                            found[name] = either([value, found.get(name, DARK)]) if several else value
                            spans[name] = entry.span
                        open_ = open_ or each.open
                    elif not (isinstance(each, Const) and not each.value):
                        open_ = True
            elif entry.key is None:
                open_ = True
            else:
                found[entry.key] = self.of(path, function, entry.value)
                spans[entry.key] = entry.span
        return Table(found, open_, Origin(path, function, node.span), spans)

    def _spread(self, path: str, function: int, value: Expr) -> Worth:
        if isinstance(value, nodes.Operation) and value.op == "and" and len(value.operands) == 2:
            nothing: Worth = Const(False, Origin(path, function, value.span))
            return Either((self.of(path, function, value.operands[1]), nothing))
        if isinstance(value, nodes.Choice):
            return Either((self.of(path, function, value.then), self.of(path, function, value.otherwise)))
        return self.of(path, function, value)

    # --- names ---

    def name(self, path: str, function: int, name: str) -> Worth:
        """What a name is worth, as seen from a function."""
        key = (path, function, name)
        known = self._names.get(key)
        if known is None:
            running = (path, function, (-1, -1), name)
            if running in self._running:
                return AGAIN
            self._running.add(running)
            try:
                known = self._name(path, function, name)
            finally:
                self._running.discard(running)
            if not isinstance(known, Again):
                self._names[key] = known
        return known

    def _name(self, path: str, function: int, name: str) -> Worth:
        view = self.program.modules.get(path)
        if view is None:
            return DARK
        if name in ("self", "this", "cls"):
            owner = view.owner(function)
            if owner >= 0:
                return Klass(path, owner) if name == "cls" else Thing(path, owner)
        found = view.lookup(function, name)
        if found is None:
            if name in _GLOBALS:
                return Library("globalThis")
            return (
                Library(name)
                if name in ("process", "Deno", "Bun", "require", "import", "module", "exports")
                else self._star(view, name)
            )
        return either([self.binding(path, each) for each in found[1]])

    def _star(self, view: Scopes, name: str) -> Worth:
        """``from m import *``: the name may come from there, or from what that takes over whole."""
        unseen: Worth = DARK
        queue = [view.module.path]
        for path in queue:
            for each in self.program.modules[path].module.imports:
                if each.local != "*" or each.name != "*":
                    continue
                target = self.program.resolve(path, each.module)
                if target is None and f"{each.module}.{name}" in self.shelf.symbols:
                    return self.foreign(f"{each.module}.{name}")
                if target is None or target in queue or len(queue) > STARS:
                    continue
                other = self.program.modules.get(target)
                if other is None:
                    unseen = Missing(target)
                    continue
                value = self.name(target, 0, name) if name in other.names[0] else self._part(target, name)
                if not isinstance(value, Dark):
                    return value
                unseen = value if isinstance(value, Missing) else unseen
                queue.append(target)
        return unseen

    def _part(self, path: str, name: str) -> Worth:
        """A module of a Python package."""
        inner = self.program.resolve(path, f".{name}") if path.endswith("/__init__.py") else None
        return self._file(inner) if inner else DARK

    def binding(self, path: str, binding: Binding) -> Worth:
        """What one binding of a name gives it."""
        function = binding.function
        match binding.kind:
            case "assign":
                if binding.op == "type" and binding.value is not None:
                    return self.annotation(path, function, binding.value)
                if binding.op not in ("=", "??=", "||=", ":="):
                    return DARK
                if isinstance(binding.value, nodes.Name) and binding.path == () and binding.annotation is not None:
                    annotated = self.annotation(path, function, binding.annotation)
                    if not isinstance(annotated, Dark):
                        given = [
                            each
                            for each in instances(self.of(path, function, binding.value))
                            if each.origin is not None
                        ]
                        return either(
                            [annotated, *(each for each in given if each.type == getattr(annotated, "type", ""))]
                        )
                value = self.of(path, function, binding.value)
                for step in binding.path:
                    value = self.step(value, step, Origin(path, function, binding.span))
                if binding.annotation is not None and isinstance(value, Dark):
                    return self.annotation(path, function, binding.annotation)
                if binding.annotation is not None and isinstance(value, Const) and value.value is None:
                    return either([self.annotation(path, function, binding.annotation), value])
                return value
            case "with":
                value = self.entered(self.of(path, function, binding.value), path, function)
                for step in binding.path:
                    value = self.step(value, step, Origin(path, function, binding.span))
                return value
            case "each":
                value = self.of(path, function, binding.value)
                for each in branches(value):
                    if isinstance(each, Routine):
                        return DARK
                if isinstance(binding.value, nodes.Call):
                    made = self._generator(path, function, binding.value)
                    if made is not None:
                        return made
                return DARK
            case "parameter":
                return self.parameter(path, function, binding)
            case "import":
                return self.imported(path, binding)
            case "function":
                return self.decorated(Routine(path, binding.index))
            case "class":
                return Klass(path, binding.index)
            case _:
                return self.annotation(path, function, binding.annotation) if binding.annotation is not None else DARK

    def _loaded(self, path: str, node: nodes.Member) -> str | None:
        """The file of ``a.b`` after ``import a.b``."""
        dotted = {each.module for each in self.program.modules[path].module.imports if not each.local}
        parts: list[str] = []
        at: Expr = node
        while isinstance(at, nodes.Member):
            parts.append(at.name)
            at = at.owner
        if not dotted or not isinstance(at, nodes.Name):
            return None
        whole = ".".join((at.id, *reversed(parts)))
        return self.program.resolve(path, whole) if whole in dotted else None

    def _generator(self, path: str, function: int, call: nodes.Call) -> Worth | None:
        """``async for session in get_session()``: one item is what the generator yields."""
        for each in branches(self.of(path, function, call.callee)):
            if isinstance(each, Routine) and self.program.modules[each.path].module.functions[each.function].generator:
                return self.yielded(each)
        return None

    def decorated(self, routine: Routine) -> Worth:
        """A function under decorators of ours and others: memoised, a context manager, or itself."""
        function = self.program.modules[routine.path].module.functions[routine.function]
        for decorator in function.decorators:
            head = decorator.callee if isinstance(decorator, nodes.Call) else decorator
            value = self.of(routine.path, max(function.parent, 0), head)
            if isinstance(value, Library) and (
                value.symbol in _MEMOISERS
                or value.symbol.rsplit(".", 1)[-1] in ("cached", "memoize", "cache_resource", "cached_property")
            ):
                return Routine(routine.path, routine.function, routine.me, True)
        return routine

    def imported(self, path: str, binding: Binding) -> Worth:
        """What an import binds."""
        found = binding.imported
        assert found is not None
        target = self.program.resolve(path, found.module)
        if target is None and path.endswith(".py") and found.name not in ("*", "default"):
            target = self.program.resolve(
                path, f"{found.module}.{found.name}" if not found.module.endswith(".") else found.module + found.name
            )
            if target:
                return self._file(target)
        if target is None:
            if found.module.startswith((".", "@/", "~/")) or "generated" in found.module:
                known = self.shelf.by_name.get(found.name)
                if known:
                    return Library(known)
                return DARK
            package = package_of(found.module)
            return self.foreign(package if found.name in ("*", "default") else f"{package}.{found.name}")
        if found.name == "*":
            return self._file(target)
        value = self.offered(target, found.name)
        if isinstance(value, Dark):
            known = self.shelf.by_name.get(found.name)
            if known and ("generated" in target or "prisma" in target):
                return Library(known)
            if path.endswith(".py"):
                inner = self.program.resolve(
                    path,
                    f"{found.module}.{found.name}" if not found.module.endswith(".") else found.module + found.name,
                )
                if inner and inner != target:
                    return self._file(inner)
        return value

    def foreign(self, symbol: str) -> Worth:
        """What a symbol of a package of somebody else is: the environment, a ready-made object, or just that symbol."""
        whole = self.plain(symbol)
        if whole in _ENVIRONMENTS:
            return Environment()
        if whole in self.shelf.values:
            return Instance(self.shelf.values[whole], None)
        return Library(whole)

    def _file(self, path: str) -> Worth:
        return File(path) if path in self.program.modules else Missing(path)

    def offered(self, path: str, name: str, seen: set[tuple[str, str]] | None = None) -> Worth:
        """What a module of the repository offers under a name."""
        view = self.program.modules.get(path)
        if view is None:
            return Missing(path)
        seen = set() if seen is None else seen
        if (path, name) in seen or len(seen) > STARS:
            return DARK
        seen.add((path, name))
        if view.module.language == "python":
            if name in view.names[0]:
                return self.name(path, 0, name)
            value = self._star(view, name)
            if not isinstance(value, Dark):
                return value
            part = self._part(path, name)
            return value if isinstance(part, Dark) and not isinstance(part, Missing) else part
        export = self.program.exports(path).get(name)
        if export is not None:
            if export.module:
                target = self.program.resolve(path, export.module)
                if target is None:
                    if self.shelf.by_name.get(export.imported) and export.module.startswith("."):
                        return Library(self.shelf.by_name[export.imported])
                    package = package_of(export.module)
                    return Library(package if export.imported in ("*", "default") else f"{package}.{export.imported}")
                return self._file(target) if export.imported == "*" else self.offered(target, export.imported, seen)
            if export.local:
                return self.name(path, 0, export.local)
            return self.of(path, 0, export.value)
        if name == "default" and not any(each.name == "default" for each in view.module.exports):
            return self._file(path)  # interop: the default of a CommonJS module is the module
        behind, foreign = self._passed_on(path)
        if name in behind:
            value = self.offered(behind[name], name, seen)
            if not isinstance(value, Dark):
                return value
        for specifier in foreign:
            if specifier.startswith("."):
                if name in self.shelf.by_name:
                    return Library(self.shelf.by_name[name])
            elif (symbol := f"{package_of(specifier)}.{name}") in self.shelf.symbols:
                return Library(symbol)
        if not view.module.exports and name in view.names[0]:
            return self.name(path, 0, name)
        return self._in_whole(path, name)

    def _in_whole(self, path: str, name: str) -> Worth:
        """What ``module.exports = db`` offers under a name that is put into the table: ``db.sequelize = sequelize``."""
        export = self.program.exports(path).get("default")
        if export is None or name == "default" or not (export.local or isinstance(export.value, nodes.Record)):
            return DARK
        found = [
            self.member(each, name, Origin(path, 0, (0, 0)))
            for each in branches(self.offered(path, "default"))
            if isinstance(each, Table)
        ]
        return either(found) if found else DARK

    def _passed_on(self, path: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """What ``export * from`` passes on, by name the module that has it, and the specifiers that lead elsewhere."""
        found = self._wide.get(path)
        if found is None:
            names: dict[str, str] = {}
            foreign: list[str] = []
            queue = [path]
            for at in queue:
                for each in self.program.modules[at].module.exports:
                    if each.name != "*" or not each.module:
                        continue
                    target = self.program.resolve(at, each.module)
                    if target is None:
                        foreign.append(each.module)
                    elif target in self.program.modules and target not in queue and len(queue) <= STARS:
                        queue.append(target)
                        view = self.program.modules[target]
                        for name in self.program.exports(target) if view.module.exports else view.names[0]:
                            names.setdefault(name, target)
            found = self._wide[path] = (names, tuple(foreign))
        return found

    def parameter(self, path: str, function: int, binding: Binding) -> Worth:
        """What a parameter is given: by its annotation, by the call that takes the function, by its callers."""
        view = self.program.modules[path]
        value: Worth = DARK
        parameters = view.module.functions[function].params
        annotation = binding.annotation
        if binding.path and annotation is None and 0 <= binding.index < len(parameters):
            annotation = parameters[binding.index].annotation  # of the whole that is taken apart
        if annotation is not None:
            value = self.annotation(path, function, annotation)
        if isinstance(value, Dark) and binding.default is not None:
            given = self.of(path, max(view.module.functions[function].parent, 0), binding.default)
            if not isinstance(given, Const):
                value = given
        if isinstance(value, Dark):
            value = self._callback(path, function, binding.index)
        if isinstance(value, (Dark, Table)) or (isinstance(value, Instance) and value.origin is None):
            callers = branches(self._from_callers(path, function, binding.index))
            known = [] if isinstance(value, Dark) else [value]
            value = either([*known, *(each for each in callers if not known or isinstance(each, (Instance, Table)))])
        for step in binding.path:
            value = self.step(value, step, Origin(path, function, binding.span))
        return value

    def _listener(self, path: str, function: int) -> Worth:
        """The first parameter under ``@event.listens_for(engine, "connect")``."""
        here = self.program.modules[path].module.functions[function]
        parent = max(here.parent, 0)
        for each in here.decorators:
            if not isinstance(each, nodes.Call) or len(each.args) < 2:
                continue
            for worth in branches(self.of(path, parent, each.callee)):
                known = self.shelf.symbols.get(self.plain(worth.symbol)) if isinstance(worth, Library) else None
                event = self.of(path, parent, each.args[1].value)
                if known and isinstance(known[1], Function) and isinstance(event, Const):
                    made = known[1].decorates.get(str(event.value))
                    for target in instances(self.of(path, parent, each.args[0].value)) if made else ():
                        return Instance(made or "", Origin(path, function, each.span), target)
        return DARK

    def _callback(self, path: str, function: int, index: int) -> Worth:
        taken = self.program.modules[path].callbacks.get(function)
        if taken is None:
            return self._listener(path, function) if index == 0 else DARK
        call, position, _ = taken
        site = self.program.modules[path].by_span.get(call.span)
        if site is None:
            return DARK
        if isinstance(call.callee, nodes.Member) and call.callee.name == "then" and position == 0 and index == 0:
            return self.of(path, site.function, call.callee.owner)
        method, receiver = self.method(path, site.function, call)
        if method is None or receiver is None or method.callback is None:
            return DARK
        at = method.callback if method.callback >= 0 else len(call.args) + method.callback
        if position != at or index >= len(method.gives) or not method.gives[index]:
            return DARK
        return Instance(method.gives[index], Origin(path, site.function, call.span), receiver)

    def _from_callers(self, path: str, function: int, index: int) -> Worth:
        key = (path, function, index)
        if key in self._given:
            return self._given[key]
        self._given[key] = DARK
        view = self.program.modules[path]
        target = view.module.functions[function]
        name = view.name_of(function)
        if target.kind == "constructor" or (target.owner >= 0 and name == "__init__"):
            name = view.module.classes[target.owner].name if target.owner >= 0 else name
        if not name or (target.owner >= 0 and target.kind not in ("constructor", "method")):
            return DARK
        shift = 1 if view.module.language == "python" and target.owner >= 0 and not target.static else 0
        found: list[Worth] = []
        callers = self.calls_of(name)
        if len(callers) > CALLERS * 4:
            return DARK
        for where, number in callers:
            site = self.program.modules[where].sites[number]
            if role(where) is Runs.TEST or not self.is_call_of(where, site.function, site.call, path, function):
                continue
            argument = next(
                (each for each in site.call.args if each.name and each.name == self._parameter_name(target, index)),
                None,
            )
            if argument is None:
                positional = [each for each in site.call.args if not each.name]
                argument = positional[index - shift] if 0 <= index - shift < len(positional) else None
            if argument is None or argument.spread:
                continue
            found.append(self.of(where, site.function, argument.value))
            if len(found) >= CALLERS:
                break
        self._given[key] = either(found) if found else DARK
        return self._given[key]

    @staticmethod
    def _parameter_name(function: nodes.Function, index: int) -> str:
        target = function.params[index].target if index < len(function.params) else None
        return target.id if isinstance(target, nodes.Name) else ""

    def calls_of(self, name: str) -> list[tuple[str, int]]:
        """All calls in the program whose callee ends in a name: ``(path, number of the site)``."""
        if self._callers is None:
            self._callers = {}
            for path in sorted(self.program.modules):
                for number, site in enumerate(self.program.modules[path].sites):
                    last = terminal(site.call.callee)
                    if last:
                        self._callers.setdefault(last, []).append((path, number))
        return self._callers.get(name, [])

    def is_call_of(self, where: str, function: int, call: nodes.Call, path: str, target: int) -> bool:
        """Does this call run that function (or construct the class whose constructor it is)."""
        wanted = self.program.modules[path].module.functions[target]
        for each in branches(self.of(where, function, call.callee)):
            if isinstance(each, Routine) and (each.path, each.function) == (path, target):
                return True
            if isinstance(each, Klass) and wanted.owner >= 0 and (each.path, each.cls) == (path, wanted.owner):
                return wanted.kind == "constructor" or wanted.name == "__init__"
        return False

    # --- annotations ---

    def annotation(self, path: str, function: int, node: Expr) -> Worth:
        """An object of the annotated type: of a library, or of a class of the repository."""
        match node:
            case nodes.Opaque(parts=parts) | nodes.Items(items=parts):
                found = [self.annotation(path, function, each) for each in parts]
                return either([each for each in found if not isinstance(each, Dark)] or [DARK])
            case nodes.Operation(op="|", operands=operands):
                found = [self.annotation(path, function, each) for each in operands]
                return either([each for each in found if not isinstance(each, Dark)] or [DARK])
            case nodes.Record(entries=entries):
                members = {each.key: self.annotation(path, function, each.value) for each in entries if each.key}
                return Table(members, True, Origin(path, function, node.span))
            case nodes.Text(value=text) if text.replace(".", "").replace("_", "").isalnum() and not text[:1].isdigit():
                head, *rest = text.split(".")
                value = self.name(path, function, head)
                for step in rest:
                    value = self.member(value, step, Origin(path, function, node.span))
                return self._object(value)
            case nodes.Index(owner=owner, key=key):
                value = self.of(path, function, owner)
                if (
                    isinstance(value, Library)
                    and value.symbol in _ANNOTATED
                    and isinstance(key, nodes.Items)
                    and key.items
                ):
                    for each in key.items[1:]:
                        if isinstance(each, nodes.Call):
                            given = self.of(path, function, each)
                            if not isinstance(given, Dark):
                                return given
                    return self.annotation(path, function, key.items[0])
                if isinstance(value, Library) and value.symbol in _WRAPPERS:
                    return self.annotation(
                        path, function, key.items[0] if isinstance(key, nodes.Items) and key.items else key
                    )
                made = self._object(value)
                return made if isinstance(made, Instance) else DARK
            case nodes.Name(id=name):
                value = self.name(path, function, name)
                return self._object(value)
            case nodes.Member():
                return self._object(self.of(path, function, node))
            case _:
                return DARK

    def _object(self, value: Worth) -> Worth:
        found: list[Worth] = []
        for each in branches(value):
            match each:
                case Library(symbol=symbol) if self.plain(symbol) in _CONFIGURATIONS:
                    found.append(Environment())
                case Library(symbol=symbol):
                    made = self.type_of(symbol)
                    if made:
                        found.append(Instance(made, None))
                case Klass(path=path, cls=cls):
                    found.append(Thing(path, cls))
                case Instance() | Table() | Thing():
                    found.append(each)  # an alias: made by Annotated[...], or a type of TypeScript
                case _:
                    pass
        return either(found) if found else DARK

    def type_of(self, symbol: str) -> str:
        """The library type a symbol means when it is used as a type, or ``""``."""
        symbol = self.plain(symbol)
        known = self.shelf.annotations.get(symbol)
        if known:
            return known
        entry = self.shelf.symbols.get(symbol)
        return entry[1].makes if entry and isinstance(entry[1], Construct) else ""

    @staticmethod
    def plain(symbol: str) -> str:
        """A symbol without the ``default`` steps that module systems put in between."""
        return symbol.replace(".default", "") if ".default" in symbol else symbol

    # --- members ---

    def step(self, value: Worth, step: str | int, origin: Origin) -> Worth:
        """``value.step`` or ``value[step]``."""
        if isinstance(step, str):
            return self.member(value, step, origin)
        found: list[Worth] = []
        for each in branches(value):
            match each:
                case Series(items=items) if 0 <= step < len(items) or -len(items) <= step < 0:
                    found.append(items[step])
                case Table(entries=entries):
                    found.append(entries.get(str(step), DARK))
                case _:
                    found.append(DARK)
        return either(found)

    def member(self, value: Worth, name: str, origin: Origin, seen: frozenset[tuple[str, int]] = frozenset()) -> Worth:
        """``value.name``."""
        if name == "...":
            return DARK
        found: list[Worth] = []
        for each in branches(value):
            match each:
                case Environment(prefix=prefix, upper=upper):
                    if name in ("get", "getOrThrow", "toObject"):
                        found.append(Library("os.environ.get"))
                    else:
                        found.append(Env(prefix + (name.upper() if upper else name), origin))
                case Library(symbol="globalThis"):
                    found.append(self._global(origin.path, name))
                case Library(symbol="exports" | "module.exports"):
                    found.append(self.offered(origin.path, name))
                case Library(symbol=symbol):
                    found.append(self.foreign(f"{symbol}.{name}"))
                case Missing():
                    found.append(each)
                case File(path=path):
                    found.append(self.offered(path, name))
                case Table(entries=entries):
                    found.append(either([*([entries[name]] if name in entries else []), *self.assigned(each, name)]))
                case Thing(path=path, cls=cls):
                    found.append(self.attribute(path, cls, name, each, origin, seen))
                case Klass(path=path, cls=cls):
                    found.append(self.attribute(path, cls, name, each, origin, seen))
                case Instance(type=type_name):
                    entry = self.shelf.types.get(type_name)
                    inner = entry[1].attributes.get(name, entry[1].attributes.get("*")) if entry else None
                    if inner == "same":
                        found.append(each)
                    elif inner:
                        found.append(Instance(inner, each.origin, each))
                    else:
                        found.append(DARK)
                case _:
                    found.append(DARK)
        return either(found)

    def assigned(self, table: Table, name: str) -> list[Worth]:
        """What the file of an object literal assigns to one of its members later (``ref.current = …``)."""
        view = self.program.modules.get(table.origin.path)
        writes = view.members.get(name, ()) if view is not None else ()
        if len(writes) > WRITES:
            return [DARK]
        found: list[Worth] = []
        for assign, function in writes:
            target = assign.target
            if not isinstance(target, (nodes.Member, nodes.Index)) or assign.value is None:
                continue
            if table in branches(self.of(table.origin.path, function, target.owner)):
                found.append(self.of(table.origin.path, function, assign.value))
        return found

    def grows(self, table: Table) -> bool:
        """Is something not known put into an object literal or dictionary later: ``options.update(more)``, ``options[key] = x``."""
        view = self.program.modules.get(table.origin.path)
        if view is None:
            return False
        path = table.origin.path
        for assign, function in view.stores:
            target = assign.target
            if (
                isinstance(target, nodes.Index)
                and not isinstance(target.key, nodes.Text)
                and table in branches(self.of(path, function, target.owner))
            ):
                return True
        for site in view.sites:
            callee, args = site.call.callee, site.call.args
            if isinstance(callee, nodes.Member) and callee.name in ("update", "setdefault"):
                changed = callee.owner
            elif isinstance(callee, nodes.Member) and callee.name == "assign" and args:
                changed = args[0].value
            else:
                continue
            if table in branches(self.of(path, site.function, changed)):
                return True
        return False

    def _global(self, path: str, name: str) -> Worth:
        """``globalThis.x``: whatever the same file, else any file, assigns to it."""
        view = self.program.modules.get(path)
        if view is None:
            return DARK
        found = []
        for assign, function in view.members.get(name, ())[:WRITES]:
            target = assign.target
            if isinstance(target, (nodes.Member, nodes.Index)) and assign.value is not None:
                owner = self.of(path, function, target.owner)
                if isinstance(owner, Library) and owner.symbol == "globalThis":
                    found.append(self.of(path, function, assign.value))
        return either(found) if found else DARK

    def attribute(
        self, path: str, cls: int, name: str, me: Worth, origin: Origin, seen: frozenset[tuple[str, int]]
    ) -> Worth:
        """``self.name``: fields, assignments in any method, methods, properties, base classes."""
        if (path, cls) in seen:
            return DARK
        seen = seen | {(path, cls)}
        view = self.program.modules[path]
        here = view.module.classes[cls]
        bindings = view.attributes[cls].get(name)
        if bindings:
            values = [self.binding(path, each) for each in bindings]
            if self._is_settings(path, cls):
                return self._setting(path, cls, name, bindings, origin)
            return either(values)
        for index in here.methods:
            method = view.module.functions[index]
            if method.name == name:
                if method.kind == "getter" or self._is_property(path, index):
                    return self.returned(Routine(path, index, me))
                return self.decorated(Routine(path, index, me))
        for base in here.bases:
            for each in branches(self.of(path, max(here.parent, 0), base)):
                if isinstance(each, Klass):
                    value = self.attribute(each.path, each.cls, name, me, origin, seen)
                    if not isinstance(value, Dark):
                        return value
                elif isinstance(each, Library):
                    made = self.type_of(each.symbol)
                    if made:
                        return self.member(Instance(made, None), name, origin)
                    if self.plain(each.symbol) in _SETTINGS_BASES:
                        return Env(name.upper(), origin)
        return DARK

    def _is_property(self, path: str, index: int) -> bool:
        function = self.program.modules[path].module.functions[index]
        return any(
            (isinstance(each, nodes.Name) and each.id in ("property", "cached_property"))
            or (isinstance(each, nodes.Member) and each.name == "cached_property")
            for each in function.decorators
        )

    def _is_settings(self, path: str, cls: int, depth: int = 0) -> bool:
        here = self.program.modules[path].module.classes[cls]
        for base in here.bases:
            for each in branches(self.of(path, max(here.parent, 0), base)):
                if isinstance(each, Library) and self.plain(each.symbol) in _SETTINGS_BASES:
                    return True
                if isinstance(each, Klass) and depth < 6 and self._is_settings(each.path, each.cls, depth + 1):
                    return True
        return False

    def _setting(self, path: str, cls: int, name: str, bindings: list[Binding], origin: Origin) -> Worth:
        """A field of a pydantic settings class is the environment variable of its name (pydantic-settings documentation)."""
        view = self.program.modules[path]
        prefix = ""
        for each in view.attributes[cls].get("model_config", ()):
            value = each.value
            arguments = value.args if isinstance(value, nodes.Call) else ()
            entries = value.entries if isinstance(value, nodes.Record) else ()
            given = next((a.value for a in arguments if a.name == "env_prefix"), None) or next(
                (e.value for e in entries if e.key == "env_prefix"), None
            )
            if isinstance(given, nodes.Text):
                prefix = given.value
        default: Worth | None = None
        variable = ""
        at = bindings[0]
        if isinstance(at.value, nodes.Call) and terminal(at.value.callee) == "Field":
            for argument in at.value.args:
                if argument.name in ("alias", "validation_alias", "env") and isinstance(argument.value, nodes.Text):
                    variable = argument.value.value
                elif argument.name == "default" or (not argument.name and argument is at.value.args[0]):
                    default = self.of(path, at.function, argument.value)
        elif at.value is not None:
            default = self.of(path, at.function, at.value)
        if isinstance(default, Const) and default.value is None:
            default = None
        return Env((variable or prefix + name).upper(), Origin(path, at.function, at.span), default)

    # --- calls ---

    def call(self, path: str, function: int, node: nodes.Call) -> Worth:
        """What a call gives (awaited or not: promises and coroutines are transparent)."""
        callee = node.callee
        origin = Origin(path, function, node.span)
        if (
            isinstance(callee, nodes.Name)
            and callee.id in ("require", "import")
            and node.args
            and isinstance(node.args[0].value, nodes.Text)
        ):
            specifier = node.args[0].value.value
            target = self.program.resolve(path, specifier)
            if target and target not in self.program.modules:
                return Missing(target)
            if target:
                return (
                    either([self._file(target)])
                    if "default" not in self.program.exports(target) or callee.id == "import"
                    else self._commonjs(target)
                )
            return Library(package_of(specifier)) if not specifier.startswith(".") else DARK
        if (
            isinstance(callee, nodes.Member)
            and callee.name == "resolve"
            and isinstance(callee.owner, nodes.Name)
            and callee.owner.id == "Promise"
        ):
            return self.of(path, function, node.args[0].value) if node.args else DARK
        if isinstance(callee, nodes.Member) and callee.name == "then" and node.args:
            handlers = branches(self.of(path, function, node.args[0].value))
            if len(handlers) == 1 and isinstance(handlers[0], Routine):
                return self.returned(handlers[0])
        if isinstance(callee, nodes.Member) and callee.name in ("catch", "finally"):
            inner = self.of(path, function, callee.owner)
            if not isinstance(inner, Dark):
                return inner
        if isinstance(callee, nodes.Name) and callee.id in _CASTS and node.args and len(node.args) < 3:
            return self.of(path, function, node.args[0].value)
        if isinstance(callee, nodes.Member) and callee.name == "bind":
            return self.of(path, function, callee.owner)
        if isinstance(callee, nodes.Member) and callee.name in _VALIDATES and node.args:
            given = self.of(path, function, node.args[0].value)
            if isinstance(given, Environment):
                return given
        asked = callee.owner if isinstance(callee, nodes.Member) else callee
        if node.args and any(each.type == _ENV_READER for each in instances(self.of(path, function, asked))):
            return self._read(path, function, node, origin)
        found: list[Worth] = []
        for each in branches(self.of(path, function, callee)):
            found.append(self._called(each, path, function, node, origin))
        if isinstance(callee, nodes.Member):
            method, receiver = self.method(path, function, node)
            if method is not None and receiver is not None:
                if method.returns == "same":
                    found.append(receiver)
                elif method.returns:
                    found.append(Instance(method.returns, origin, receiver))
        elif isinstance(callee, (nodes.Name, nodes.Call, nodes.Await)):
            for each in instances(self.of(path, function, callee)):
                entry = self.shelf.types.get(each.type)
                called = entry[1].calls if entry else None
                if entry and entry[1].constructs is not None and not node.tag:
                    found.append(Instance(entry[1].constructs.makes, origin))
                if called and called.returns and not node.tag:
                    found.append(Instance(called.returns, origin, each) if called.returns != "same" else each)
        solid = [each for each in found if not isinstance(each, Dark)]
        return either(solid) if solid else self._text(path, function, node, origin)

    def _text(self, path: str, function: int, node: nodes.Call, origin: Origin) -> Worth:
        """Texts that functions of the languages and of URL libraries make of others, and objects that are put together."""
        match node.callee:
            case nodes.Name(id="str" | "String") if len(node.args) == 1:
                return self._url_object(path, function, node.args[0].value)
            case nodes.Member(owner=nodes.Name(id="Object"), name="assign"):
                entries = tuple(nodes.Entry(None, each.value, each.value.span, True) for each in node.args)
                return self.table(path, function, nodes.Record(entries, node.span), entries)
            case nodes.Member(owner=owner, name=name) if name in _SAME_TEXT and not node.args:
                return self._url_object(path, function, owner)
            case nodes.Member(owner=owner, name="render_as_string"):
                return self.of(path, function, owner)
            case nodes.Member(owner=owner, name="replace") if len(node.args) in (2, 3):
                old, new = (self.of(path, function, each.value) for each in node.args[:2])
                text = self.of(path, function, owner)
                if isinstance(old, Const) and isinstance(new, Const) and _is_text(text):
                    if isinstance(text, Const):
                        return Const(str(text.value).replace(str(old.value), str(new.value)), text.origin)
                    if all(_ADDRESSED.fullmatch(str(each.value)) for each in (old, new)):
                        return Edited(text, str(old.value), str(new.value), origin)
            case nodes.Member(owner=owner, name="set" | "_replace" as name):
                key = "drivername" if name == "set" else "scheme"
                text = self._url_object(path, function, owner)
                new = (
                    self.of(path, function, node.args[0].value) if [each.name for each in node.args] == [key] else DARK
                )
                if isinstance(new, Const) and _ADDRESSED.fullmatch(str(new.value)) and _is_text(text):
                    return Edited(text, None, str(new.value), origin)
            case nodes.Member(owner=nodes.Text(value=pattern), name="format") if not any(
                each.spread for each in node.args
            ):
                return self._filled(path, function, pattern, node, origin)
        callee = self.of(path, function, node.callee)
        symbol = callee.symbol if isinstance(callee, Library) else ""
        if symbol.startswith(("sqlalchemy.", "urllib.parse.")) and terminal(node.callee) in (
            "make_url",
            "urlparse",
            "urlsplit",
        ):
            return self.of(path, function, node.args[0].value) if node.args else DARK
        if symbol.endswith(_BUILDERS):
            return self._built(path, function, node, origin)
        return DARK

    def _filled(self, path: str, function: int, pattern: str, node: nodes.Call, origin: Origin) -> Worth:
        """``"…{}…{port}".format(host, port=port)``; formats of numbers are not known."""
        pieces = re.split(r"\{(\w*)\}", pattern)
        plain = [each.value for each in node.args if not each.name]
        named = {each.name: each.value for each in node.args if each.name}
        named.update({str(at): each for at, each in enumerate(plain)})
        empty = sum(not name for name in pieces[1::2])
        rest = iter(plain[len(plain) - empty :])  # the first ones are gone where user-info is masked
        holes = [named.get(name) if name else next(rest, None) for name in pieces[1::2]]
        return self._poured(path, function, pieces[::2], holes, origin)

    def _poured(self, path: str, function: int, texts: list[str], holes: list[Expr | None], origin: Origin) -> Worth:
        parts: list[Worth] = [Const(texts[0], origin)]
        for text, hole in zip(texts[1:], holes, strict=True):
            parts += [self.of(path, function, hole), Const(text, origin)]
        return Glued(tuple(parts), origin)

    def _built(self, path: str, function: int, node: nodes.Call, origin: Origin) -> Worth:
        """``URL.create(…)`` of SQLAlchemy and ``PostgresDsn.build(…)`` of pydantic, with host, port and database by keyword."""
        given = {each.name: self.of(path, function, each.value) for each in node.args if each.name}
        first = next(
            (self.of(path, function, each.value) for each in node.args if not each.name and not each.spread), DARK
        )
        scheme, host = given.get("drivername", given.get("scheme", first)), given.get("host")
        if host is None or not isinstance(scheme, Const):
            return DARK
        parts: list[Worth] = [Const(f"{scheme.value}://", origin), host]
        if "port" in given:
            parts += [Const(":", origin), given["port"]]
        parts += [Const("/", origin), given.get("database", given.get("path", Const("", origin)))]
        query = given.get("query")
        if isinstance(query, Table):
            for sign, (name, value) in zip("?" + "&" * len(query.entries), query.entries.items(), strict=False):
                parts += [Const(f"{sign}{name}=", origin), value]
        return Glued(tuple(parts), origin)

    def _url_object(self, path: str, function: int, node: Expr) -> Worth:
        """The text of an object, that of ``new URL(text)`` with the parameters that are set on it; other texts are their own."""
        made, later = node, list[Worth]()
        if isinstance(node, nodes.Name):
            view = self.program.modules[path]
            bindings = (view.lookup(function, node.id) or (0, ()))[1]
            if len(bindings) == 1 and isinstance(bindings[0].value, nodes.Call):
                made = bindings[0].value
        if not (isinstance(made, nodes.Call) and made.new and terminal(made.callee) == "URL"):
            return self.of(path, function, node)
        if len(made.args) != 1:
            return DARK
        if isinstance(node, nodes.Name):
            for site in self.program.modules[path].sites:
                match site.call.callee:
                    case nodes.Member(owner=nodes.Member(owner=nodes.Name(id=node.id), name="searchParams"), name=name):
                        given = [self.of(path, site.function, each.value) for each in site.call.args]
                        if name in ("has", "get"):
                            continue
                        if name not in ("set", "append") or len(given) != 2 or not isinstance(given[0], Const):
                            return DARK
                        key, value = str(given[0].value), given[1]
                        if isinstance(value, Const):
                            value = Const(safe(key, str(value.value)), value.origin)
                        later += [Const(f"&{key}=", Origin(path, site.function, site.call.span)), value]
        text = self.of(path, function, made.args[0].value)
        return Glued((text, *later), Origin(path, function, made.span)) if later else text

    def _commonjs(self, path: str) -> Worth:
        """``require("./x")``: what ``module.exports`` is, or the module with its named exports."""
        export = self.program.exports(path).get("default")
        if export is None or not (export.value is not None or export.local):
            return self._file(path)
        value = self.offered(path, "default")
        return value if not isinstance(value, (Dark, Table)) else self._file(path)

    def _called(self, callee: Worth, path: str, function: int, node: nodes.Call, origin: Origin) -> Worth:
        match callee:
            case Library(symbol=symbol):
                return self._library_call(self.plain(symbol), path, function, node, origin)
            case Routine():
                return self.returned(callee, node, path, function)
            case Klass(path=where, cls=cls):
                return Thing(where, cls, origin)
            case Missing():
                return callee
            case _:
                return DARK

    def _library_call(self, symbol: str, path: str, function: int, node: nodes.Call, origin: Origin) -> Worth:
        arguments = [each for each in node.args if not each.name and not each.spread]
        if symbol in _READERS and arguments:
            return self._read(path, function, node, origin)
        if symbol in _ENV_OBJECTS:
            return Instance(_ENV_READER, origin)
        if symbol in _VALIDATED:
            return Environment()
        if symbol in _MEMOISERS and arguments:
            value = self.of(path, function, arguments[0].value)
            if isinstance(value, Routine):
                return Routine(value.path, value.function, value.me, True)
            return value
        if symbol in _REMEMBER and len(arguments) > 1:
            value = self.of(path, function, arguments[1].value)
            return self.returned(value) if isinstance(value, Routine) else DARK
        if symbol in _DEPENDS and arguments:
            value = self.of(path, function, arguments[0].value)
            for each in branches(value):
                if isinstance(each, Routine):
                    inner = self.program.modules[each.path].module.functions[each.function]
                    return self.yielded(each) if inner.generator else self.returned(each)
                if isinstance(each, Klass):
                    return Thing(each.path, each.cls, origin)
            return DARK
        entry = self.shelf.symbols.get(symbol)
        if entry is None:
            return DARK
        known = entry[1]
        if isinstance(known, Construct):
            return Instance(known.makes, origin)
        assert isinstance(known, Function)
        if known.passes is not None and len(arguments) > known.passes:
            return self.of(path, function, arguments[known.passes].value)
        return Instance(known.returns, origin, self.bound(path, function, node)) if known.returns else DARK

    def bound(self, path: str, function: int, node: nodes.Call) -> Instance | None:
        """The library object among a call's arguments: the engine of ``sessionmaker(bind=engine)`` or ``Session(engine)``."""
        for each in node.args:
            for value in branches(self.of(path, function, each.value)):
                if isinstance(value, Instance):
                    return value
        return None

    def _read(self, path: str, function: int, node: nodes.Call, origin: Origin) -> Worth:
        """``getenv(name, default)`` and its kin."""
        positional = [each.value for each in node.args if not each.name and not each.spread]
        default = next(
            (each.value for each in node.args if each.name == "default"), positional[1] if len(positional) > 1 else None
        )
        name = self.of(path, function, positional[0]) if positional else DARK
        if not isinstance(name, Const) or not isinstance(name.value, str):
            return DARK
        given = self.of(path, function, default) if default is not None else None
        return Env(name.value, origin, None if isinstance(given, Const) and given.value is None else given)

    def method(self, path: str, function: int, node: nodes.Call) -> tuple[Method | None, Instance | None]:
        """The library method a call runs, with its receiver; ``(None, None)`` when it is none that is known."""
        callee = node.callee
        if isinstance(callee, nodes.Member):
            for each in branches(self.of(path, function, callee.owner)):
                if isinstance(each, Klass):
                    each = self.underlying(Thing(each.path, each.cls)) or each
                if isinstance(each, Thing):
                    each = self.underlying(each) or each
                if isinstance(each, Instance):
                    entry = self.shelf.types.get(each.type)
                    found = entry[1].methods.get(callee.name) if entry else None
                    if found is not None:
                        return found, each
            for each in branches(self.of(path, function, callee)):
                known = self.shelf.symbols.get(each.symbol) if isinstance(each, Library) else None
                if known and isinstance(known[1], Function) and known[1].method is not None:
                    return known[1].method, Instance("", None)
            return None, None
        for each in branches(self.of(path, function, callee)):
            if isinstance(each, Thing):
                each = self.underlying(each) or each
            if isinstance(each, Instance):
                entry = self.shelf.types.get(each.type)
                if entry:
                    called = (entry[1].tag or entry[1].calls) if node.tag else entry[1].calls
                    if called is not None:
                        return called, each
            if isinstance(each, Library):
                known = self.shelf.symbols.get(self.plain(each.symbol))
                if known and isinstance(known[1], Function) and known[1].method is not None:
                    return known[1].method, Instance("", None)
        return None, None

    def underlying(self, thing: Thing, depth: int = 0) -> Instance | None:
        """The library object a class of the repository extends (``class PrismaService extends PrismaClient``)."""
        if depth > 6:
            return None
        view = self.program.modules.get(thing.path)
        if view is None:
            return None
        here = view.module.classes[thing.cls]
        for base in here.bases:
            for each in branches(self.of(thing.path, max(here.parent, 0), base)):
                if isinstance(each, Library):
                    made = self.type_of(each.symbol)
                    if made:
                        return Instance(made, Origin(thing.path, max(here.parent, 0), here.at))
                elif isinstance(each, Klass):
                    found = self.underlying(Thing(each.path, each.cls), depth + 1)
                    if found:
                        return found
                elif isinstance(each, Instance):
                    return each
        return None

    def returned(self, routine: Routine, node: nodes.Call | None = None, path: str = "", function: int = 0) -> Worth:
        """What calling a function of the repository gives."""
        key = (routine.path, routine.function, False)
        if key in self._returned:
            return self._returned[key]
        if key in self._returning:
            return DARK
        view = self.program.modules.get(routine.path)
        if view is None:
            return DARK
        here = view.module.functions[routine.function]
        if here.generator:
            return Routine(routine.path, routine.function, routine.me)
        self._returning.add(key)
        try:
            values = [self.of(routine.path, routine.function, each) for each in view.returns.get(routine.function, ())]
            solid = [each for each in values if not isinstance(each, Dark)]
            if any(map(_is_text, solid)) and len(solid) < len(values):
                solid.append(DARK)  # a text that comes back changed on some paths
            result: Worth = either(solid) if solid else DARK
            if isinstance(result, Dark) and here.returns is not None:
                result = self.annotation(routine.path, routine.function, here.returns)
        finally:
            self._returning.discard(key)
        self._returned[key] = result
        return result

    def yielded(self, routine: Routine) -> Worth:
        """What a generator of the repository yields."""
        key = (routine.path, routine.function, True)
        if key in self._returned:
            return self._returned[key]
        if key in self._returning:
            return DARK
        view = self.program.modules.get(routine.path)
        if view is None:
            return DARK
        self._returning.add(key)
        try:
            values = [self.of(routine.path, routine.function, each) for each in view.yields.get(routine.function, ())]
            solid = [each for each in values if not isinstance(each, Dark)]
            here = view.module.functions[routine.function]
            result: Worth = either(solid) if solid else DARK
            if isinstance(result, Dark) and here.returns is not None:
                result = self.annotation(routine.path, routine.function, here.returns)
        finally:
            self._returning.discard(key)
        self._returned[key] = result
        return result

    def entered(self, value: Worth, path: str, function: int) -> Worth:
        """What ``with value as x`` binds."""
        found: list[Worth] = []
        for each in branches(value):
            match each:
                case Instance(type=type_name):
                    entry = self.shelf.types.get(type_name)
                    inner = entry[1].enters if entry else ""
                    found.append(Instance(inner, each.origin, each) if inner else each)
                case Routine():
                    found.append(self.yielded(each))
                case Thing(path=where, cls=cls):
                    found.append(self._entered_thing(where, cls, each))
                case _:
                    found.append(DARK)
        return either(found)

    def _entered_thing(self, path: str, cls: int, me: Worth) -> Worth:
        for name in ("__enter__", "__aenter__"):
            value = self.attribute(path, cls, name, me, Origin(path, 0, (0, 0)), frozenset())
            if isinstance(value, Routine):
                return self.returned(value)
        return DARK

    def __iter__(self) -> Iterator[tuple[str, Scopes]]:
        return iter(sorted(self.program.modules.items()))


def terminal(node: Expr) -> str:
    """The last name of a callee: ``connect`` of ``this.db.pool.connect``."""
    match node:
        case nodes.Name(id=name):
            return name
        case nodes.Member(name=name):
            return name
        case _:
            return ""
