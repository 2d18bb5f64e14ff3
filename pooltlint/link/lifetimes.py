"""How often a piece of code runs: from a function up its callers to an entry point of a framework."""

from __future__ import annotations

import posixpath

from pooltlint.frameworks import Entry, Look, entries
from pooltlint.link.roles import role
from pooltlint.link.sites import spelled, where
from pooltlint.link.values import Klass, Library, Routine, Values, branches
from pooltlint.model.finding import Note
from pooltlint.model.topology import Lifetime, Runs
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, Site

DEPTH = 10
"""How many calls a chain from an entry point may have."""
CALLS = 40
"""How many call sites of one name are looked at."""

class Lifetimes:
    """Answers, for a call or a function, how often it runs. Remembers every answer."""

    def __init__(self, values: Values, depends: dict[str, frozenset[str]]) -> None:
        self.values = values
        self._depends = depends
        self._entries: dict[str, dict[int, Entry]] = {}
        self._functions: dict[tuple[str, int], Lifetime] = {}
        self._running: set[tuple[str, int]] = set()

    def forget(self) -> None:
        """Drop what is remembered: the program has grown."""
        self._entries.clear()
        self._functions.clear()

    def of_site(self, path: str, site: Site) -> Lifetime:
        """How often a call runs."""
        view = self.values.program.modules[path]
        by_place = role(path)
        if by_place is not None:
            return Lifetime(by_place)
        guard = memoised(self.values, view, site)
        if guard:
            return Lifetime(Runs.ONCE)
        if site.function == 0 or site.role in ("field", "export") and self._static(view, site):
            return Lifetime(Runs.SCRIPT if self._is_main(view) else Runs.ONCE)
        if self._main_guard(site):
            return Lifetime(Runs.SCRIPT)
        return self.of_function(path, site.function)

    def of_function(self, path: str, function: int, depth: int = 0) -> Lifetime:
        """How often a function runs, with the chain from its entry point."""
        key = (path, function)
        if key in self._functions:
            return self._functions[key]
        if key in self._running or depth > DEPTH:
            return Lifetime(Runs.UNKNOWN)
        self._running.add(key)
        try:
            found = self._of_function(path, function, depth)
        finally:
            self._running.discard(key)
        if found.runs is not Runs.UNKNOWN or depth == 0:
            self._functions[key] = found
        return found

    def entry(self, path: str, function: int) -> Entry | None:
        """The entry point that a function is, if it is one."""
        found = self._entries.get(path)
        if found is None:
            found = {}
            for each in entries(self.look(path)):
                known = found.get(each.function)
                if known is None or (known.runs is Runs.ONCE and each.runs is not Runs.ONCE):
                    found[each.function] = each
            self._entries[path] = found
        return found.get(function)

    def _of_function(self, path: str, function: int, depth: int) -> Lifetime:
        by_place = role(path)
        if by_place is not None:
            return Lifetime(by_place)
        if function == 0:
            return Lifetime(Runs.ONCE)
        view = self.values.program.modules[path]
        here = view.module.functions[function]
        entry = self.entry(path, function)
        if entry is not None:
            return Lifetime(entry.runs, (Note(entry.text, where(self.values, path, entry.span)),))
        worth = self.values.decorated(Routine(path, function))
        if isinstance(worth, Routine) and worth.memoised:
            return Lifetime(Runs.ONCE)
        inner = self._nested(path, view, function, depth)
        if inner is not None:
            return inner
        return self._by_callers(path, view, function, here, depth)

    def _nested(self, path: str, view: Scopes, function: int, depth: int) -> Lifetime | None:
        """A function given to a call at once runs when the function around it does, as far as that call is known."""
        taken = view.callbacks.get(function)
        if taken is None:
            return None
        call, position, _ = taken
        site = view.by_span.get(call.span)
        if site is None:
            return None
        callee = self.values.of(path, site.function, call.callee)
        for each in branches(callee):
            if isinstance(each, Library) and _runs_once(each.symbol):
                return Lifetime(Runs.ONCE)
        method, _receiver = self.values.method(path, site.function, call)
        name = call.callee.name if isinstance(call.callee, nodes.Member) else ""
        if (method is not None and method.callback is not None) or name in _INLINE:
            guard = memoised(self.values, view, site)
            if guard:
                return Lifetime(Runs.ONCE)
            return self.of_function(path, site.function, depth + 1) if site.function else Lifetime(Runs.ONCE)
        return Lifetime(Runs.UNKNOWN)

    def _by_callers(self, path: str, view: Scopes, function: int, here: nodes.Function, depth: int) -> Lifetime:
        name = view.name_of(function)
        if here.kind == "constructor" or (here.owner >= 0 and name in ("__init__", "__new__")):
            return self.of_class(path, here.owner, depth)
        if not name:
            return Lifetime(Runs.UNKNOWN)
        if here.owner >= 0 and name in ("__enter__", "__aenter__"):
            name = view.module.classes[here.owner].name
        calls = self.values.calls_of(name)
        if not calls or len(calls) > CALLS * 10:
            return Lifetime(Runs.CALL)
        unknown = False
        best: Lifetime | None = None
        looked = 0
        for caller, number in calls:
            site = self.values.program.modules[caller].sites[number]
            if not self._calls(caller, site, path, function, here):
                continue
            looked += 1
            if looked > CALLS:
                break
            if (caller, site.function) == (path, function):
                continue
            lifetime = self._of_caller(caller, site, depth)
            if lifetime.repeats:
                step = Note(f"{spelled(site.call.callee)}() is called here", where(self.values, caller, site.call.span))
                return Lifetime(lifetime.runs, (*lifetime.because, step))
            if lifetime.runs in (Runs.UNKNOWN, Runs.CALL):
                unknown = True
            elif lifetime.runs is not Runs.TEST and (best is None or lifetime.runs is Runs.ONCE):
                best = lifetime
        depends = self._as_dependency(path, function)
        if depends is not None:
            return depends
        if unknown or best is None:
            return Lifetime(Runs.CALL)
        return best

    def _of_caller(self, caller: str, site: Site, depth: int) -> Lifetime:
        by_place = role(caller)
        if by_place is not None:
            return Lifetime(by_place)
        view = self.values.program.modules[caller]
        if memoised(self.values, view, site):
            return Lifetime(Runs.ONCE)
        if site.function == 0:
            return Lifetime(Runs.ONCE)
        if self._main_guard(site):
            return Lifetime(Runs.SCRIPT)
        return self.of_function(caller, site.function, depth + 1)

    def of_class(self, path: str, cls: int, depth: int) -> Lifetime:
        """How often objects of a class are made."""
        view = self.values.program.modules[path]
        here = view.module.classes[cls]
        injectable = self._injectable(path, view, here)
        if injectable is not None:
            return injectable
        unknown = False
        best: Lifetime | None = None
        for caller, number in self.values.calls_of(here.name)[: CALLS * 4]:
            site = self.values.program.modules[caller].sites[number]
            made = branches(self.values.of(caller, site.function, site.call.callee))
            if not any(isinstance(each, Klass) and (each.path, each.cls) == (path, cls) for each in made):
                continue
            lifetime = self._of_caller(caller, site, depth)
            if lifetime.repeats:
                step = Note(f"{'new ' if site.call.new else ''}{here.name}() is made here", where(self.values, caller, site.call.span))
                return Lifetime(lifetime.runs, (*lifetime.because, step))
            if lifetime.runs in (Runs.UNKNOWN, Runs.CALL):
                unknown = True
            elif lifetime.runs is not Runs.TEST and (best is None or lifetime.runs is Runs.ONCE):
                best = lifetime
        return Lifetime(Runs.CALL) if unknown or best is None else best

    def _injectable(self, path: str, view: Scopes, cls: nodes.Class) -> Lifetime | None:
        """Nest: ``@Injectable()`` makes one object per application, ``Scope.REQUEST`` one per request (@nestjs/common 12.5)."""
        for decorator in cls.decorators:
            call = decorator if isinstance(decorator, nodes.Call) else None
            head = call.callee if call else decorator
            for each in branches(self.values.of(path, max(cls.parent, 0), head)):
                if isinstance(each, Library) and each.symbol in ("@nestjs/common.Injectable", "@nestjs/common.Controller", "inversify.injectable",
                                                                 "tsyringe.singleton", "typedi.Service"):
                    text = spelled_arguments(call) if call else ""
                    if "Scope.REQUEST" in text:
                        return Lifetime(Runs.REQUEST, (Note("the provider is made for each request (Scope.REQUEST)", where(self.values, path, decorator.span)),))
                    return Lifetime(Runs.CALL) if "Scope.TRANSIENT" in text else Lifetime(Runs.ONCE)
        return None

    def _calls(self, caller: str, site: Site, path: str, function: int, here: nodes.Function) -> bool:
        if here.owner >= 0 and here.name in ("__enter__", "__aenter__"):
            return any(
                isinstance(each, Klass) and (each.path, each.cls) == (path, here.owner)
                for each in branches(self.values.of(caller, site.function, site.call.callee))
            )
        return self.values.is_call_of(caller, site.function, site.call, path, function)

    def is_dependency(self, path: str, function: int) -> bool:
        """Is a function run by ``Depends(...)``."""
        return self._as_dependency(path, function) is not None

    def _as_dependency(self, path: str, function: int) -> Lifetime | None:
        """``Depends(get_db)``: FastAPI runs it for each request (fastapi 0.165)."""
        name = self.values.program.modules[path].name_of(function)
        for caller, number in self.values.calls_of("Depends")[:400]:
            site = self.values.program.modules[caller].sites[number]
            if not site.call.args:
                continue
            argument = site.call.args[0].value
            if not isinstance(argument, (nodes.Name, nodes.Member)) or (argument.id if isinstance(argument, nodes.Name) else argument.name) != name:
                if not isinstance(argument, nodes.Name):
                    continue
            for each in branches(self.values.of(caller, site.function, argument)):
                if isinstance(each, Routine) and (each.path, each.function) == (path, function) and role(caller) is None:
                    return Lifetime(Runs.REQUEST, (Note(f"FastAPI calls {name} for each request: Depends({name})", where(self.values, caller, site.call.span)),))
        return None

    @staticmethod
    def _main_guard(site: Site) -> bool:
        return any(holds and _is_main_test(test) for test, holds in site.tests)

    @staticmethod
    def _static(view: Scopes, site: Site) -> bool:
        name = site.target.id if isinstance(site.target, nodes.Name) else ""
        return any(each.name == name and each.static for cls in view.module.classes for each in cls.fields) or site.role == "export"

    @staticmethod
    def _is_main(view: Scopes) -> bool:
        return False

    def look(self, path: str) -> Look:
        """The file as framework modules see it."""
        view = self.values.program.modules[path]
        packages = self._packages(path)
        return Look(
            path, view,
            symbol=lambda function, node: self._symbol(path, function, node),
            routine=lambda function, node: self._routine(path, function, node),
            exported=lambda name: self._exported(path, name),
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
        origin = self._made_by(path, function, node, 0)
        return origin

    def _made_by(self, path: str, function: int, node: nodes.Expr, depth: int) -> str:
        if depth > 6:
            return ""
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

    def _routine(self, path: str, function: int, node: nodes.Expr, depth: int = 0) -> int:
        if depth > 5:
            return -1
        for each in branches(self.values.of(path, function, node)):
            if isinstance(each, Routine) and each.path == path:
                return each.function
        if isinstance(node, nodes.Call):  # wrap(handler), withAuth({…}, handler)
            for argument in reversed(node.args):
                if isinstance(argument.value, (nodes.Lambda, nodes.Name, nodes.Call)):
                    found = self._routine(path, function, argument.value, depth + 1)
                    if found >= 0:
                        return found
        if isinstance(node, nodes.Name):
            view = self.values.program.modules[path]
            bound = view.lookup(function, node.id)
            for binding in bound[1] if bound else ():
                if binding.kind == "assign" and isinstance(binding.value, nodes.Call):
                    found = self._routine(path, binding.function, binding.value, depth + 1)
                    if found >= 0:
                        return found
        return -1

    def _exported(self, path: str, name: str) -> int:
        view = self.values.program.modules[path]
        export = self.values.program.exports(path).get(name)
        if export is None:
            return -1
        if export.value is not None:
            return self._routine(path, 0, export.value)
        return self._routine(path, 0, nodes.Name(export.local, export.span)) if export.local and view else -1


_INLINE = {
    "map", "forEach", "filter", "reduce", "flatMap", "then", "catch", "finally", "some", "every", "find", "sort", "all", "run",
}


def _runs_once(symbol: str) -> bool:
    return symbol.rsplit(".", 1)[-1] in ("once", "memoize", "remember", "singleton", "cache_resource", "lru_cache")


def _is_main_test(test: nodes.Expr) -> bool:
    if isinstance(test, nodes.Operation) and test.op in ("==", "===") and len(test.operands) == 2:
        words = {each.id for each in test.operands if isinstance(each, nodes.Name)}
        texts = {each.value for each in test.operands if isinstance(each, nodes.Text)}
        members = {spelled(each) for each in test.operands if isinstance(each, nodes.Member)}
        return ("__name__" in words and "__main__" in texts) or bool(members & {"require.main", "import.meta.main", "process.argv"})
    return isinstance(test, nodes.Member) and spelled(test) == "import.meta.main"


def spelled_arguments(call: nodes.Call) -> str:
    """The dotted names among the arguments of a decorator, for telling options apart."""
    found: list[str] = []
    stack: list[nodes.Expr] = [each.value for each in call.args]
    while stack:
        node = stack.pop()
        match node:
            case nodes.Member() | nodes.Name():
                found.append(spelled(node))
            case nodes.Record(entries=entries):
                stack.extend(each.value for each in entries)
            case _:
                pass
    return " ".join(found)


def memoised(values: Values, view: Scopes, site: Site) -> bool:
    """Is the value made only when a place that outlives the call holds none yet, and kept there.

    Covers ``x ??= make()``, ``if (!x) x = make()``, ``return x ?? (x = make())``, ``if key not in cache:
    cache[key] = make()``, ``globalThis.x ||= make()``, Flask's ``g``, a local put away afterwards.
    """
    if site.assign is not None and site.assign.op in ("??=", "||="):
        return _outlives(view, site.function, site.assign.target)
    guards = [test for test, _ in site.tests]
    if not guards:
        return False
    tested: set[str] = set()
    for test in guards:
        _mentioned(view, site.function, test, tested, 0)
    kept: set[str] = set()
    if site.assign is not None:
        _kept(view, site.function, site.assign.target, kept)
        if isinstance(site.assign.target, nodes.Name):
            kept |= _put_away(view, site.function, site.assign.target.id)
    if site.role == "argument" and site.outer is not None:
        _stored(site.outer, kept)
    if site.role in ("owner", "return", "other", "entry", "argument"):
        for inner in view.sites:
            if inner.function == site.function and inner.call.span[0] <= site.call.span[0] and inner.call.span[1] >= site.call.span[1]:
                if inner.assign is not None:
                    _kept(view, site.function, inner.assign.target, kept)
                    if isinstance(inner.assign.target, nodes.Name):
                        kept |= _put_away(view, site.function, inner.assign.target.id)
                _stored(inner.call, kept)
    return bool(tested & kept)


def _outlives(view: Scopes, function: int, target: nodes.Expr) -> bool:
    names: set[str] = set()
    _kept(view, function, target, names)
    return bool(names)


def _kept(view: Scopes, function: int, target: nodes.Expr, out: set[str]) -> None:
    """The name of the place a value is kept in, if it outlives the function."""
    match target:
        case nodes.Name(id=name):
            found = view.lookup(function, name)
            if found is not None and found[0] != function:
                out.add(name)
            elif name in view.module.functions[function].globals:
                out.add(name)
        case nodes.Member(name=name):
            out.add(name)
        case nodes.Index(owner=owner, key=key):
            if isinstance(owner, nodes.Name):
                out.add(owner.id)
            elif isinstance(owner, nodes.Member):
                out.add(owner.name)
            if isinstance(key, nodes.Text):
                out.add(key.value)
        case nodes.Assign(target=inner):
            _kept(view, function, inner, out)
        case _:
            pass


def _stored(call: nodes.Call, out: set[str]) -> None:
    """``cache.set(key, value)``, ``setattr(app, "pool", value)``, ``cache.setdefault(key, value)``."""
    callee = call.callee
    if isinstance(callee, nodes.Member) and callee.name in ("set", "setdefault", "put", "push", "append", "add", "setData"):
        owner = callee.owner
        if isinstance(owner, nodes.Name):
            out.add(owner.id)
        elif isinstance(owner, nodes.Member):
            out.add(owner.name)
    elif isinstance(callee, nodes.Name) and callee.id == "setattr" and len(call.args) > 1 and isinstance(call.args[1].value, nodes.Text):
        out.add(call.args[1].value.value)


def _put_away(view: Scopes, function: int, local: str) -> set[str]:
    """Places that outlive a function and are given its local variable."""
    out: set[str] = set()
    for site in view.sites:
        if site.function == function and any(isinstance(each.value, nodes.Name) and each.value.id == local for each in site.call.args):
            _stored(site.call, out)
    for name, assigns in view.members.items():
        if any(where_ == function and isinstance(assign.value, nodes.Name) and assign.value.id == local for assign, where_ in assigns):
            out.add(name)
            for assign, _ in assigns:
                _kept(view, function, assign.target, out)
    for scope in range(len(view.names)):
        if scope == function:
            continue
        for name, bindings in view.names[scope].items():
            if any(each.function == function and isinstance(each.value, nodes.Name) and each.value.id == local for each in bindings):
                out.add(name)
    for cls in view.attributes:
        for name, bindings in cls.items():
            if any(each.function == function and isinstance(each.value, nodes.Name) and each.value.id == local for each in bindings):
                out.add(name)
    return out


def _mentioned(view: Scopes, function: int, node: nodes.Expr | None, out: set[str], depth: int) -> None:
    """The names a condition looks at; a local variable stands for what it was read from."""
    if node is None or depth > 8:
        return
    match node:
        case nodes.Name(id=name):
            out.add(name)
            found = view.lookup(function, name)
            if found is not None and found[0] == function:
                for binding in found[1]:
                    if binding.kind == "assign" and binding.value is not None:
                        _mentioned(view, function, binding.value, out, depth + 3)
        case nodes.Text(value=value):
            out.add(value)
        case nodes.Member(owner=owner, name=name):
            out.add(name)
            _mentioned(view, function, owner, out, depth + 1)
        case nodes.Index(owner=owner, key=key):
            _mentioned(view, function, owner, out, depth + 1)
            _mentioned(view, function, key, out, depth + 1)
        case nodes.Call(callee=callee, args=args):
            _mentioned(view, function, callee, out, depth + 1)
            for argument in args:
                _mentioned(view, function, argument.value, out, depth + 1)
        case nodes.Operation(operands=parts) | nodes.Opaque(parts=parts):
            for each in parts:
                _mentioned(view, function, each, out, depth + 1)
        case nodes.Assign(target=target, value=value):
            _mentioned(view, function, target, out, depth + 1)
            _mentioned(view, function, value, out, depth + 1)
        case nodes.Await(value=value):
            _mentioned(view, function, value, out, depth + 1)
        case _:
            pass
