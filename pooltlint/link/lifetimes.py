"""How often a piece of code runs: from a function up its callers to an entry point of a framework."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pooltlint.drivers import Construct
from pooltlint.frameworks import Entry, Handler, Look, entries
from pooltlint.link.memos import Kept, Memos
from pooltlint.link.roles import perhaps, role
from pooltlint.link.sites import spelled, where
from pooltlint.link.values import Dark, Glued, Klass, Library, Missing, Routine, Series, Table, Values, Worth, branches
from pooltlint.model.finding import Note
from pooltlint.model.topology import Kind, Lifetime, Runs
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, Site

STEPS = 400
"""How many functions a search for entry points may visit."""
CALLS = 400
"""How many call sites of one name are looked at."""
_INLINE = {
    "map",
    "forEach",
    "filter",
    "reduce",
    "flatMap",
    "then",
    "catch",
    "finally",
    "some",
    "every",
    "find",
    "findIndex",
    "sort",
    "all",
}
_CONSTRUCTORS = ("__init__", "__new__", "__post_init__")
_TARGETS = {
    "dsn",
    "conninfo",
    "url",
    "connectionString",
    "connection",
    "host",
    "database",
    "dbname",
    "user",
    "username",
    "password",
}
"""Arguments and options that say where a client connects to, and as whom."""
_SETTINGS = {
    "self",
    "this",
    "cls",
    "app",
    "config",
    "cfg",
    "conf",
    "settings",
    "env",
    "options",
    "opts",
    "request",
    "req",
    "event",
    "ctx",
    "context",
    "c",
}
"""Names of parameters that lead to the same settings in every call, as far as anybody can tell."""
_DEPENDENCIES = {"fastapi.Depends", "fastapi.Security", "fastapi.params.Depends", "litestar.di.Provide"}
_INJECTABLE = {
    "@nestjs/common.Injectable",
    "@nestjs/common.Controller",
    "inversify.injectable",
    "tsyringe.singleton",
    "typedi.Service",
}


_CONSUMERS = {"kafka.KafkaConsumer", "aiokafka.AIOKafkaConsumer", "pulsar.Consumer"}
"""What a loop goes over for as long as messages come."""


@dataclass(frozen=True, slots=True)
class Node:
    """A function of the program, or a class of which objects are made.

    What lies between it and where the search began: ``loops``: an endless loop. ``tested``: a condition or
    an exception handler. ``stored``: the value was put where it outlives the call. ``doubtful``: it was, and
    a condition stands there or further out, so that it may well be made only when it is missing.
    """

    path: str
    index: int
    cls: bool = False
    loops: bool = False
    tested: bool = False
    stored: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step towards an entry point: a verdict, or the next function, with what to show of it."""

    runs: Runs | None = None
    node: Node | None = None
    note: Note | None = None


class Lifetimes:
    """Answers, for a call or a function, how often it runs. Remembers every answer."""

    def __init__(self, values: Values, depends: dict[str, frozenset[str]]) -> None:
        self.values = values
        self._depends = depends
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered: the program has grown."""
        self._listed: set[str] = set()
        self._makers: dict[tuple[str, int, tuple[int, int], str], str] = {}
        self._entries: dict[tuple[str, int], tuple[Entry, str]] = {}
        self._found: dict[Node, Lifetime] = {}
        self.memos = Memos(self.values)
        self._steps: dict[Node, tuple[Step, ...]] = {}
        self._came: dict[Node, tuple[Step, ...]] = {}
        self._asked: set[Node] = set()
        self._running: set[Node] = set()
        self._mentions: dict[str, set[str]] | None = None
        self._names: tuple[dict[str, set[str]], dict[str, set[str]]] | None = None
        self._dependencies: dict[tuple[str, int, bool], Note] | None = None

    # --- what others ask ---

    def of_site(self, path: str, site: Site) -> Lifetime:
        """How often a call runs; not known if its value is kept and made only under a condition."""
        step = self._before(path, site)
        if step.node is None:
            return Lifetime(step.runs or Runs.UNKNOWN)
        if self._single(path, site) and self.memos.kept_in(self.values.program.modules[path], site) is Kept.REQUEST:
            return Lifetime(Runs.UNKNOWN)  # Flask's g: closed when the request ends
        return self._search(step.node)

    def of_function(self, path: str, function: int) -> Lifetime:
        """How often a function runs, with the chain from its entry point."""
        return self._search(Node(path, function))

    def is_dependency(self, path: str, function: int) -> bool:
        """Is a function run by ``Depends(...)``."""
        return (path, function, False) in self._by_depends()

    def memoised(self, path: str, site: Site) -> bool:
        """Is a call's value made only when a place that outlives the call holds none yet."""
        return self._memo(path, site, None) is not None

    # --- the search ---

    def _search(self, start: Node) -> Lifetime:
        """Breadth first, so that the shortest chain is shown."""
        if start in self._found:
            return self._found[start]
        came: dict[Node, tuple[Node | None, Note | None]] = {start: (None, None)}
        queue = [start]
        endless: Lifetime | None = None
        unknown = False
        verdicts: set[Runs] = set()
        for node in queue:
            if len(queue) > STEPS:
                unknown = True
                break
            for step in self._next(node):
                if step.runs is None and step.node is not None:
                    if step.node not in came:
                        came[step.node] = (node, step.note)
                        queue.append(step.node)
                    continue
                runs = step.runs or Runs.UNKNOWN
                if runs in (Runs.REQUEST, Runs.JOB):
                    if node.doubtful:
                        unknown = True
                        continue
                    found = Lifetime(runs, tuple(self._chain(came, node, step.note)))
                    self._found[start] = found
                    return found
                if runs in (Runs.ONCE, Runs.SCRIPT) and node.loops and not node.tested:
                    endless = endless or Lifetime(Runs.LOOP, tuple(self._chain(came, node, step.note)))
                if runs in (Runs.UNKNOWN, Runs.CALL):
                    unknown = True
                else:
                    verdicts.add(runs)
        if endless is not None:
            result = endless
        elif unknown or not verdicts - {Runs.TEST}:
            result = Lifetime(Runs.TEST if verdicts == {Runs.TEST} and not unknown else Runs.CALL)
        else:
            result = Lifetime(Runs.ONCE if Runs.ONCE in verdicts else Runs.SCRIPT)
        self._found[start] = result
        return result

    @staticmethod
    def _chain(came: dict[Node, tuple[Node | None, Note | None]], node: Node, last: Note | None) -> Iterator[Note]:
        if last is not None:
            yield last
        at: Node | None = node
        while at is not None:
            at, note = came[at]
            if note is not None:
                yield note

    def _next(self, node: Node) -> tuple[Step, ...]:
        """Remembered for each way a function was come to: searches from many places meet in the same functions."""
        found = self._came.get(node)
        if found is None:
            plain = Node(node.path, node.index, node.cls)
            steps = self._steps.get(plain)
            if steps is None:
                self._steps[plain] = ()  # for whoever asks meanwhile, and is not remembered
                self._asked.add(plain)
                steps = tuple(
                    self._of_class(plain.path, plain.index) if plain.cls else self._of_function(plain.path, plain.index)
                )
                self._asked.discard(plain)
                self._steps[plain] = steps
            found = tuple(step if step.node is None else replace(step, node=_after(node, step.node)) for step in steps)
            if plain not in self._asked:
                self._came[node] = found
        return found

    def _before(self, path: str, site: Site, callee: tuple[str, int] | None = None) -> Step:
        """What a call site says of how often it runs: a verdict, or the function it stands in."""
        by_place = role(path)
        if by_place is not None:
            return Step(by_place)
        view = self.values.program.modules[path]
        kept = self._memo(path, site, callee)
        if kept is not None:
            return self._of_memo(path, view, site, kept)
        field_of = _instance_field(view, site)
        if field_of >= 0:
            return Step(node=Node(path, field_of, cls=True))
        endless = any(_endless(each) or self._consumes(path, site.function, each) for each in site.loops)
        if site.function == 0:
            runs = perhaps(path) or (Runs.SCRIPT if self._main_guard(site) else Runs.ONCE)
            return Step(Runs.LOOP if endless and runs is Runs.ONCE else runs)
        if self._main_guard(site):
            return Step(Runs.SCRIPT)
        stays = self.memos.kept_in(view, site)
        stored = stays is Kept.PROCESS or (stays is Kept.OBJECT and not _constructs(view, site.function))
        conditional = bool(site.tests or site.rescues)
        return Step(
            node=Node(
                path, site.function, loops=endless, tested=conditional, stored=stored, doubtful=stored and conditional
            )
        )

    def _consumes(self, path: str, function: int, loop: nodes.Loop) -> bool:
        """``for message in consumer``: a loop over messages, which ends with the process."""
        return (
            loop.kind == "each"
            and isinstance(loop.subject, (nodes.Name, nodes.Call))
            and self._symbol(path, function, loop.subject) in _CONSUMERS
        )

    def _of_memo(self, path: str, view: Scopes, site: Site, kept: Kept) -> Step:
        if kept is Kept.REQUEST:
            return Step(Runs.UNKNOWN)
        owner = view.owner(site.function)
        if kept is Kept.OBJECT and owner >= 0:
            node = Node(path, owner, cls=True)
            if node not in self._running:
                self._running.add(node)
                found = self._search(node)
                self._running.discard(node)
                if found.repeats:
                    return Step(node=node)
        return Step(Runs.ONCE)

    def _memo(self, path: str, site: Site, callee: tuple[str, int] | None) -> Kept | None:
        """Where a value is kept that is made only when there is none yet; ``None`` when it is made every time."""
        return self.memos.stored_by(self.values.program.modules[path], site, callee)

    # --- functions ---

    def _of_function(self, path: str, function: int) -> Iterator[Step]:
        by_place = role(path)
        if by_place is not None:
            yield Step(by_place)
            return
        if function == 0:
            yield Step(perhaps(path) or Runs.ONCE)
            return
        view = self.values.program.modules[path]
        here = view.module.functions[function]
        found = self.entry(path, function)
        if found is not None:
            entry, told = found
            yield Step(entry.runs, note=Note(entry.text, where(self.values, told, entry.span)))
            if entry.runs is not Runs.ONCE:
                return
        worth = self.values.decorated(Routine(path, function))
        if isinstance(worth, Routine) and worth.memoised:
            yield Step(Runs.ONCE)
            return
        note = self._by_depends().get((path, function, False))
        if note is not None:
            yield Step(Runs.REQUEST, note=note)
            return
        steps = [
            each for each in self._as_argument(path, view, function) if found is None or each.runs is not Runs.UNKNOWN
        ]
        steps += self._by_callers(path, view, function, here)
        yield from steps or ((Step(Runs.CALL),) if found is None else ())

    def _as_argument(self, path: str, view: Scopes, function: int) -> Iterator[Step]:
        """A function that is called on the spot, or given to a call of which it is known when it runs it."""
        for site in self._sites_of(view, function):
            if isinstance(site.call.callee, nodes.Lambda) and site.call.callee.function == function:
                yield self._before(path, site)
        taken = view.callbacks.get(function)
        if taken is None:
            return
        call, position, name = taken
        outer = view.by_span.get(call.span)
        if outer is None:
            yield Step(Runs.UNKNOWN)
            return
        method, _ = self.values.method(path, outer.function, call)
        last = call.callee.name if isinstance(call.callee, nodes.Member) else ""
        if (method is not None and method.callback is not None) or last in _INLINE:
            yield self._before(path, outer)
            return
        for each in branches(self.values.of(path, outer.function, call.callee)):
            if isinstance(each, Library) and _runs_once(each.symbol):
                yield Step(Runs.ONCE)
            elif isinstance(each, Routine) and not name:
                yield from self._through(each, position)
            else:
                yield Step(Runs.UNKNOWN)

    def _through(self, routine: Routine, position: int) -> Iterator[Step]:
        """A function of the repository that calls the function it is given."""
        view = self.values.program.modules[routine.path]
        function = view.module.functions[routine.function]
        shift = 1 if view.module.language == "python" and function.owner >= 0 and not function.static else 0
        target = function.params[position + shift].target if position + shift < len(function.params) else None
        found = False
        if isinstance(target, nodes.Name):
            for site in view.sites:
                callee = site.call.callee
                if isinstance(callee, nodes.Name) and callee.id == target.id:
                    bound = view.lookup(site.function, callee.id)
                    if bound is not None and bound[0] == routine.function:
                        found = True
                        yield self._before(routine.path, site)
        if not found:
            yield Step(Runs.UNKNOWN)

    def varies(self, path: str, site: Site) -> bool:
        """Is what a constructor connects to known to the call alone: a parameter, or what is looked up with one."""
        view = self.values.program.modules[path]
        stack = [(each.name, each.value) for each in site.call.args if not each.spread]
        for name, value in stack:
            if isinstance(value, nodes.Record):
                stack.extend((each.key or "", each.value) for each in value.entries if not each.spread)
            elif (
                (not name or name in _TARGETS)
                and self._unknown(path, site.function, value)
                and _from_call(view, site.function, value, 0)
            ):
                return True
        return False

    def _unknown(self, path: str, function: int, value: nodes.Expr) -> bool:
        worth = self.values.of(path, function, value)
        parts = worth.parts if isinstance(worth, Glued) else branches(worth)
        return any(isinstance(each, Dark) for each in parts)

    def makers(self, path: str, site: Site) -> Iterator[tuple[str, int]]:
        """The function that makes a new value with this call on each run; for a field of a class, -1 - the class."""
        view = self.values.program.modules[path]
        cls = _instance_field(view, site)
        if cls >= 0:
            yield path, -1 - cls
        elif site.function and self._memo(path, site, None) is None:
            yield path, site.function

    def unseen(self, path: str, site: Site) -> Iterator[str]:
        """Files that have to be parsed before it is known when the functions around a call are run."""
        view = self.values.program.modules[path]
        at = site.function
        while at > 0:
            taken = view.callbacks.get(at)
            at = view.module.functions[at].parent
            if taken is not None:
                yield from (
                    each.path
                    for each in branches(self.values.of(path, at, taken[0].callee))
                    if isinstance(each, Missing)
                )

    def callers(self, path: str, function: int) -> Iterator[tuple[str, Site]]:
        """The call sites that run a function, in any file; for a constructor (or -1 - a class) those that make one."""
        view = self.values.program.modules[path]
        cls, name = -1 - function, ""
        if function >= 0:
            here = view.module.functions[function]
            name = view.name_of(function)
            cls = (
                here.owner if here.kind == "constructor" or name in (*_CONSTRUCTORS, "__enter__", "__aenter__") else -1
            )
        if cls >= 0:
            name = view.module.classes[cls].name or view.named.get(-1 - cls, "")
        for caller, number in self._calls(path, name, view):
            site = self.values.program.modules[caller].sites[number]
            if (caller, site.function) == (path, function):
                continue
            if cls >= 0:
                worths = branches(self.values.of(caller, site.function, site.call.callee))
                if any(isinstance(each, Klass) and (each.path, each.cls) == (path, cls) for each in worths):
                    yield caller, site
            elif self.values.is_call_of(caller, site.function, site.call, path, function):
                yield caller, site

    def outward(self, made: set[tuple[str, int]]) -> Iterator[tuple[str, str]]:
        """Add the callers of some functions to them, up to entry points; yields path and name of each that is new.

        A call whose value is kept ends the way out: whoever calls that again gets what there is.
        """
        queue = sorted(made)
        for path, function in queue:
            if function >= 0 and (
                self.entry(path, function) is not None or (path, function, False) in self._by_depends()
            ):
                continue
            for caller, site in self.callers(path, function):
                if role(caller) is not None or self._memo(caller, site, (path, max(function, 0))) is not None:
                    continue
                view = self.values.program.modules[caller]
                cls = _instance_field(view, site)
                at = -1 - cls if cls >= 0 else site.function
                if at == 0 or (caller, at) in made:
                    continue
                made.add((caller, at))
                queue.append((caller, at))
                if cls >= 0:
                    yield caller, view.module.classes[cls].name
                while at > 0:
                    here = view.module.functions[at]
                    yield caller, view.name_of(at)
                    if here.owner >= 0:
                        yield caller, view.module.classes[here.owner].name
                    at = here.parent

    def _by_callers(self, path: str, view: Scopes, function: int, here: nodes.Function) -> Iterator[Step]:
        if here.kind == "constructor" or (here.owner >= 0 and view.name_of(function) in _CONSTRUCTORS):
            yield Step(node=Node(path, here.owner, cls=True))
            return
        for caller, site in self.callers(path, function):
            yield self._told(caller, site, (path, function), f"{spelled(site.call.callee)}() is called here")
        if here.owner >= 0 and any(self._maybe(*each) for each in self.values.calls_of(view.name_of(function))[:CALLS]):
            yield Step(Runs.CALL)

    def _maybe(self, caller: str, number: int) -> bool:
        """Is a method called on something unknown, which may be an object of any class."""
        site = self.values.program.modules[caller].sites[number]
        return any(isinstance(each, Dark) for each in branches(self.values.of(caller, site.function, site.call.callee)))

    def _told(self, caller: str, site: Site, callee: tuple[str, int], text: str) -> Step:
        step = self._before(caller, site, callee)
        return replace(step, note=Note(text, where(self.values, caller, site.call.span)))

    def _calls(self, path: str, name: str, view: Scopes) -> list[tuple[str, int]]:
        """Call sites of a name, and of the names under which others import it."""
        renamed, defaults = self._imports()
        names = {name} | renamed.get(name, set())
        if path in defaults:
            names |= defaults[path]
        names |= self.values.program.exported_as(path, name)
        names.discard("")
        return [each for one in sorted(names) for each in self.values.calls_of(one)[:CALLS]]

    def _imports(self) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """Names under which others import a name; names under which they import a module's default."""
        if self._names is None:
            renamed: dict[str, set[str]] = {}
            defaults: dict[str, set[str]] = {}
            for path, view in self.values:
                for each in view.module.imports:
                    if not each.local or each.type_only:
                        continue
                    if each.name == "default":
                        target = self.values.program.resolve(path, each.module)
                        if target is not None:
                            defaults.setdefault(target, set()).add(each.local)
                    elif each.name not in ("*", each.local):
                        renamed.setdefault(each.name, set()).add(each.local)
            self._names = renamed, defaults
        return self._names

    @staticmethod
    def _sites_of(view: Scopes, function: int) -> Iterator[Site]:
        parent = view.module.functions[function].parent
        if view.name_of(function) or parent < 0:
            return
        yield from (
            each for each in view.sites if each.function == parent and isinstance(each.call.callee, nodes.Lambda)
        )

    # --- classes ---

    def _of_class(self, path: str, cls: int) -> Iterator[Step]:
        view = self.values.program.modules[path]
        here = view.module.classes[cls]
        injectable = self._injectable(path, here)
        if injectable is not None:
            yield injectable
            return
        note = self._by_depends().get((path, cls, True))
        if note is not None:
            yield Step(Runs.REQUEST, note=note)
            return
        if self._maybe_single(path, here, 0):
            yield Step(Runs.CALL)
            return
        name = here.name or view.named.get(-1 - cls, "")
        found = False
        constructor = next(
            (each for each in here.methods if view.module.functions[each].name in ("constructor", *_CONSTRUCTORS)), 0
        )
        if constructor and view.module.language != "python" and view.returns.get(constructor):
            yield Step(Runs.CALL)  # if (Database.instance) return Database.instance
            return
        for caller, site in self.callers(path, -1 - cls):
            found = True
            yield self._told(
                caller, site, (path, constructor), f"{'new ' if site.call.new else ''}{name}() is made here"
            )
        for each in self._subclasses(path, cls):
            found = True
            yield Step(node=Node(each[0], each[1], cls=True))
        if not found:
            yield Step(Runs.CALL)

    def _maybe_single(self, path: str, cls: nodes.Class, depth: int) -> bool:
        """May calling a class give an object that is there already: by a metaclass, a base's ``__new__``, a decorator."""
        if any(isinstance(each, nodes.Opaque) for each in cls.bases):
            return True
        scope = max(cls.parent, 0)
        heads = (each.callee if isinstance(each, nodes.Call) else each for each in cls.decorators)
        if any(isinstance(one, Routine) for each in heads for one in branches(self.values.of(path, scope, each))):
            return True
        for base in cls.bases if depth < 5 else ():
            for each in branches(self.values.of(path, scope, base)):
                if isinstance(each, Klass):
                    module = self.values.program.modules[each.path].module
                    above = module.classes[each.cls]
                    if any(module.functions[one].name == "__new__" for one in above.methods) or self._maybe_single(
                        each.path, above, depth + 1
                    ):
                        return True
        return False

    def _subclasses(self, path: str, cls: int) -> Iterator[tuple[str, int]]:
        name = self.values.program.modules[path].module.classes[cls].name
        for other, view in self.values:
            for index, each in enumerate(view.module.classes):
                for base in each.bases:
                    if (
                        isinstance(base, (nodes.Name, nodes.Member))
                        and spelled(base).rsplit(".", 1)[-1] == name
                        and (other, index) != (path, cls)
                    ):
                        worth = branches(self.values.of(other, max(each.parent, 0), base))
                        if any(isinstance(one, Klass) and (one.path, one.cls) == (path, cls) for one in worth):
                            yield other, index

    def _injectable(self, path: str, cls: nodes.Class) -> Step | None:
        """``@Injectable()`` is one object per application, ``Scope.REQUEST`` one per request (@nestjs/common 12.5)."""
        for decorator in cls.decorators:
            call = decorator if isinstance(decorator, nodes.Call) else None
            head = call.callee if call else decorator
            for each in branches(self.values.of(path, max(cls.parent, 0), head)):
                if isinstance(each, Library) and each.symbol in _INJECTABLE:
                    text = _spelled_arguments(call) if call else ""
                    if "Scope.REQUEST" in text:
                        return Step(
                            Runs.REQUEST,
                            note=Note(
                                f"Nest makes {cls.name} for each request (Scope.REQUEST)",
                                where(self.values, path, decorator.span),
                            ),
                        )
                    return Step(Runs.CALL if "Scope.TRANSIENT" in text else Runs.ONCE)
        return None

    # --- entry points ---

    def entry(self, path: str, function: int) -> tuple[Entry, str] | None:
        """The entry point that a function is, if it is one, and the file that says so."""
        view = self.values.program.modules[path]
        self._list(path)
        key = (path, function)
        if key not in self._entries:
            renamed, defaults = self._imports()
            name = view.name_of(function)
            names = {name} | renamed.get(name, set()) | defaults.get(path, set())
            for each in sorted(names - {""}):
                for other in sorted(self._mentioning(each)):
                    self._list(other)
        return self._entries.get(key)

    def _list(self, path: str) -> None:
        if path in self._listed or path not in self.values.program.modules:
            return
        self._listed.add(path)
        if role(path) is Runs.TEST:
            return
        for each in entries(self._look(path)):
            key = (each.handler.path, each.handler.function)
            known = self._entries.get(key)
            if known is None or (known[0].runs is Runs.ONCE and each.runs is not Runs.ONCE):
                self._entries[key] = (each, path)

    def _mentioning(self, name: str) -> set[str]:
        """The files that hand something of this name to a call, or export it."""
        if self._mentions is None:
            self._mentions = {}
            for path, view in self.values:
                for each in _handed(view):
                    self._mentions.setdefault(each, set()).add(path)
        return self._mentions.get(name, set())

    def _by_depends(self) -> dict[tuple[str, int, bool], Note]:
        """Functions and classes that FastAPI or Litestar run for each request: ``Depends(get_db)`` (fastapi 0.165)."""
        if self._dependencies is None:
            self._dependencies = {}
            for word in ("Depends", "Security", "Provide"):
                for caller, number in self.values.calls_of(word):
                    site = self.values.program.modules[caller].sites[number]
                    if role(caller) is not None or not any(
                        isinstance(each, Library) and each.symbol in _DEPENDENCIES
                        for each in branches(self.values.of(caller, site.function, site.call.callee))
                    ):
                        continue
                    for path, index, cls in self._depended(caller, site):
                        name = (
                            self.values.program.modules[path].module.classes[index].name
                            if cls
                            else self.values.program.modules[path].name_of(index)
                        )
                        framework = "Litestar" if word == "Provide" else "FastAPI"
                        text = f"{framework} {'makes' if cls else 'calls'} {name} for each request: {word}({name})"
                        note = Note(text, where(self.values, caller, site.call.span))
                        self._dependencies.setdefault((path, index, cls), note)
        return self._dependencies

    def _depended(self, caller: str, site: Site) -> Iterator[tuple[str, int, bool]]:
        worths: list[Worth] = []
        value = next((each.value for each in site.call.args if not each.name or each.name == "dependency"), None)
        if value is not None:
            worths.extend(branches(self.values.of(caller, site.function, value)))
        else:  # service: Service = Depends()
            view = self.values.program.modules[caller]
            for each in view.module.functions[site.function].params:
                if each.default == site.call and each.annotation is not None:
                    worths.extend(branches(self.values.of(caller, site.function, each.annotation)))
        for worth in worths:
            if isinstance(worth, Routine):
                yield worth.path, worth.function, False
            elif isinstance(worth, Klass):
                yield worth.path, worth.cls, True

    @staticmethod
    def _main_guard(site: Site) -> bool:
        return any(holds and _is_main_test(test) for test, holds in site.tests)

    def _single(self, path: str, site: Site) -> bool:
        """Does a call open one connection (not a pool)."""
        for each in branches(self.values.of(path, site.function, site.call.callee)):
            if isinstance(each, Library):
                entry = self.values.shelf.symbols.get(self.values.plain(each.symbol))
                if entry is not None and isinstance(entry[1], Construct):
                    return entry[1].kind is Kind.CONNECTION
        return False

    # --- what framework modules see ---

    def _look(self, path: str) -> Look:
        view = self.values.program.modules[path]
        packages = self._packages(path)
        return Look(
            path,
            view,
            symbol=lambda function, node: self._symbol(path, function, node),
            handlers=lambda function, node: tuple(self._handlers(path, function, node, 0)),
            inside=lambda function, node: tuple(self._inside(self.values.of(path, function, node), 0)),
            exported=lambda name: tuple(self._exported(path, name)),
            depends=lambda *names: any(name in packages for name in names),
        )

    def _packages(self, path: str) -> frozenset[str]:
        folder = posixpath.dirname(path)
        found: set[str] = set()
        while True:
            found |= self._depends.get(folder, frozenset())
            if not folder:
                return frozenset(found)
            folder = posixpath.dirname(folder)

    def _symbol(self, path: str, function: int, node: nodes.Expr) -> str:
        for each in branches(self.values.of(path, function, node)):
            if isinstance(each, Library):
                return self.values.plain(each.symbol)
        # an object made by calling a package's symbol: a router, an app, a task queue
        return self._made_by(path, function, node, 0)

    def _made_by(self, path: str, function: int, node: nodes.Expr, depth: int) -> str:
        """The package symbol that was called to make an object; remembered, for fluent chains meet in their first link."""
        if depth > 12:
            return ""
        key = (path, function, node.span, node.id if isinstance(node, nodes.Name) else "")
        found = self._makers.get(key)
        if found is None:
            self._makers[key] = ""  # for whoever asks meanwhile
            found = self._makers[key] = self._maker(path, function, node, depth)
        return found

    def _maker(self, path: str, function: int, node: nodes.Expr, depth: int) -> str:
        match node:
            case nodes.Await(value=value):
                return self._made_by(path, function, value, depth + 1)
            case nodes.Call(callee=callee):
                for each in branches(self.values.of(path, function, callee)):
                    if isinstance(each, Library):
                        return self.values.plain(each.symbol)
                    if isinstance(each, Routine):
                        view = self.values.program.modules.get(each.path)
                        for returned in (view.returns.get(each.function, ()) if view else ())[:4]:
                            found = self._made_by(each.path, each.function, returned, depth + 1)
                            if found:
                                return found
                if isinstance(callee, nodes.Member):  # fluent: new Hono().basePath("/x")
                    return self._made_by(path, function, callee.owner, depth + 1)
                return ""
            case nodes.Name(id=name):
                view = self.values.program.modules[path]
                found_ = view.lookup(function, name)
                for binding in found_[1] if found_ else ():
                    if binding.kind == "assign" and binding.value is not None and not binding.path:
                        made = self._made_by(path, binding.function, binding.value, depth + 1)
                        if made:
                            return made
                    if binding.kind == "parameter" and binding.annotation is not None:
                        for each in branches(self.values.of(path, binding.function, binding.annotation)):
                            if isinstance(each, Library):
                                return self.values.plain(each.symbol)
                    if binding.kind == "import" and binding.imported is not None:
                        target = self.values.program.resolve(path, binding.imported.module)
                        other = self.values.program.modules.get(target) if target else None
                        if other is not None and target is not None:
                            export = self.values.program.exports(target).get(binding.imported.name)
                            local = export.local if export else binding.imported.name
                            if export is not None and export.value is not None:
                                return self._made_by(target, 0, export.value, depth + 1)
                            if local:
                                return self._made_by(target, 0, nodes.Name(local, (0, 0)), depth + 1)
                return ""
            case nodes.Member(owner=nodes.Name(id=who), name=name) if who in ("this", "self"):
                view = self.values.program.modules[path]
                owner = view.owner(function)
                for binding in view.attributes[owner].get(name, ()) if owner >= 0 else ():
                    if binding.value is not None:
                        made = self._made_by(path, binding.function, binding.value, depth + 1)
                        if made:
                            return made
                return ""
            case _:
                return ""

    def _handlers(self, path: str, function: int, node: nodes.Expr, depth: int) -> Iterator[Handler]:
        """The functions an expression may be, through wrappers: ``wrap(handler)``, ``withAuth({…}, handler)``."""
        if depth > 5:
            return
        yield from self._inside(self.values.of(path, function, node), 5)
        if isinstance(node, nodes.Call):
            if isinstance(node.callee, nodes.Member) and isinstance(node.callee.owner, nodes.Call):
                yield from self._handlers(path, function, node.callee.owner, depth + 1)  # middy(handler).use(…)
            for argument in node.args:
                value = argument.value
                if isinstance(value, (nodes.Lambda, nodes.Call)):
                    yield from self._handlers(path, function, value, depth + 1)
                elif isinstance(value, (nodes.Name, nodes.Member)):
                    for each in self._handlers(path, function, value, depth + 1):
                        if self.values.program.modules[each.path].module.functions[each.function].params:
                            yield each  # what a wrapper is given and takes nothing is rather a factory
        elif isinstance(node, nodes.Name):
            bound = self.values.program.modules[path].lookup(function, node.id)
            for binding in bound[1] if bound else ():
                if binding.kind == "assign" and isinstance(binding.value, nodes.Call):
                    yield from self._handlers(path, binding.function, binding.value, depth + 1)

    def _inside(self, worth: Worth, depth: int) -> Iterator[Handler]:
        for each in branches(worth):
            match each:
                case Routine(path=path, function=function):
                    view = self.values.program.modules[path]
                    yield Handler(path, function, view.name_of(function), view.module.functions[function].at)
                case Series(items=items):
                    for item in items:
                        yield from self._inside(item, max(depth, 5))
                case Table(entries=table) if depth < 4:
                    for item in table.values():
                        yield from self._inside(item, depth + 1)
                case _:
                    pass

    def _exported(self, path: str, name: str) -> Iterator[Handler]:
        export = self.values.program.exports(path).get(name)
        if export is None:
            return
        if export.module:
            yield from self._inside(self.values.offered(path, name), 5)
        elif export.value is not None:
            yield from self._handlers(path, 0, export.value, 0)
        elif export.local:
            yield from self._handlers(path, 0, nodes.Name(export.local, export.span), 0)


def _after(inner: Node, outer: Node) -> Node:
    """The next function of a chain, with what lies behind; a condition counts from where the value is stored on."""
    stored = inner.stored or outer.stored
    return replace(
        outer,
        loops=inner.loops or outer.loops,
        tested=inner.tested or outer.tested,
        stored=stored,
        doubtful=inner.doubtful or (stored and outer.tested),
    )


def _constructs(view: Scopes, function: int) -> bool:
    here = view.module.functions[function]
    return here.kind == "constructor" or (here.owner >= 0 and here.name in _CONSTRUCTORS)


def _from_call(view: Scopes, function: int, node: nodes.Expr, depth: int) -> bool:
    """Is an expression made of what only this call of the function knows."""
    if depth > 6:
        return False
    match node:
        case nodes.Name(id=name):
            found = view.lookup(function, name)
            if found is None or found[0] == 0 or name in _SETTINGS:
                return False
            return any(
                each.kind in ("parameter", "each")
                or (each.value is not None and _from_call(view, each.function, each.value, depth + 1))
                for each in found[1]
            )
        case nodes.Member(owner=owner):
            return _from_call(view, function, owner, depth + 1)
        case nodes.Index(owner=owner, key=key):
            return _from_call(view, function, owner, depth + 1) or _from_call(view, function, key, depth + 1)
        case nodes.Await(value=value):
            return _from_call(view, function, value, depth + 1)
        case nodes.Template(parts=parts) | nodes.Operation(operands=parts):
            return any(_from_call(view, function, each, depth + 1) for each in parts)
        case nodes.Call(callee=callee, args=args):
            return _from_call(view, function, callee, depth + 1) or any(
                _from_call(view, function, each.value, depth + 1) for each in args
            )
        case _:
            return False


def _handed(view: Scopes) -> Iterator[str]:
    """The last names of what a file hands to calls, puts into tables and lists, or exports."""
    stack: list[nodes.Expr] = [each.value for site in view.sites for each in site.call.args]
    for each in view.module.exports:
        yield each.local or each.imported
        if each.value is not None:
            stack.append(each.value)
    for bindings in view.names[0].values():
        stack.extend(each.value for each in bindings if isinstance(each.value, (nodes.Record, nodes.Items)))
    while stack:
        node = stack.pop()
        match node:
            case nodes.Name(id=name):
                yield name
            case nodes.Member(name=name):
                yield name
            case nodes.Record(entries=entries_):
                stack.extend(each.value for each in entries_)
            case nodes.Items(items=items):
                stack.extend(items)
            case nodes.Call(callee=nodes.Member(name="bind", owner=owner)):
                stack.append(owner)
            case _:
                pass


def _instance_field(view: Scopes, site: Site) -> int:
    """The class whose every object runs this call, because a field of it is initialised by it; or -1."""
    if view.module.language == "python":
        return -1
    for index, cls in enumerate(view.module.classes):
        if (
            cls.span[0] <= site.call.span[0]
            and site.call.span[1] <= cls.span[1]
            and max(cls.parent, 0) == site.function
        ):
            for each in cls.fields:
                if (
                    each.value is not None
                    and each.value.span[0] <= site.call.span[0]
                    and site.call.span[1] <= each.value.span[1]
                ):
                    return -1 if each.static else index
    return -1


def _endless(loop: nodes.Loop) -> bool:
    """``while True`` and ``for (;;)``."""
    return loop.kind in ("while", "for", "do") and (
        loop.subject is None or (isinstance(loop.subject, nodes.Constant) and bool(loop.subject.value))
    )


def _runs_once(symbol: str) -> bool:
    return symbol.rsplit(".", 1)[-1] in ("once", "memoize", "remember", "singleton", "cache_resource", "lru_cache")


def _is_main_test(test: nodes.Expr) -> bool:
    if isinstance(test, nodes.Operation) and test.op == "==" and len(test.operands) == 2:
        words = {each.id for each in test.operands if isinstance(each, nodes.Name)}
        texts = {each.value for each in test.operands if isinstance(each, nodes.Text)}
        members = {spelled(each) for each in test.operands if isinstance(each, nodes.Member)}
        return ("__name__" in words and "__main__" in texts) or bool(
            members & {"require.main", "import.meta.main", "import.meta.url"}
        )
    return isinstance(test, nodes.Member) and spelled(test) == "import.meta.main"


def _spelled_arguments(call: nodes.Call) -> str:
    """The dotted names among the arguments of a decorator, for telling options apart."""
    found: list[str] = []
    stack: list[nodes.Expr] = [each.value for each in call.args]
    while stack:
        node = stack.pop()
        match node:
            case nodes.Member() | nodes.Name():
                found.append(spelled(node))
            case nodes.Record(entries=parts):
                stack.extend(each.value for each in parts)
            case _:
                pass
    return " ".join(found)
