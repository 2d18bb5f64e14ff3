"""What a call of somebody else's package is: by its imports, and through the objects that such packages make."""

from __future__ import annotations

from pooltlint import outside
from pooltlint.link.values import File, Klass, Library, Missing, Routine, Values, branches, terminal
from pooltlint.model.topology import PAUSE
from pooltlint.outline import nodes
from pooltlint.outline.names import Binding, Scopes, Site
from pooltlint.outside.waiting import MILLISECONDS

_DEPTH = 10
_RETURNS = 4
"""How many ``return`` statements of a helper are looked at."""
_SHORT = 0.1
"""Seconds that nobody minds."""
_GLOBAL = ("fetch", "setTimeout")


class Foreign:
    """Answers for one program, and remembers what made which object."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._made: dict[tuple[str, int, tuple[int, int], str], str] = {}
        self._near: dict[str, bool] = {}

    def waits_for(self, path: str, site: Site, waits: bool) -> outside.Outside | None:
        """The library that a call waits for, if it does. ``waits``: somebody waits for the call's promise."""
        call = site.call
        view = self.values.program.modules[path]
        if call.new and terminal(call.callee) == "Promise":
            return self._pause(view, site) if waits else None
        if terminal(call.callee) not in outside.last_names() or call.tag or not self.near(path):
            return None
        symbol = self.symbol(path, site.function, call.callee)
        found = outside.find(symbol) if symbol else None
        if found is None or (found.what == PAUSE and not self._long(symbol, path, site.function, call)):
            return None
        if view.module.language != "python":
            return found if waits else None
        return found if waits or not found.promises else None

    def near(self, path: str) -> bool:
        """Does a file import one of these packages, or a file of the repository that does."""
        if path not in self._near:
            self._near[path] = self._imports(path) or any(
                (target := self.values.program.resolve(path, name)) is not None and self._imports(target)
                for each in self.values.program.modules[path].module.imports
                for name in (each.module, f"{each.module.rstrip('.')}.{each.name}")
            )
        return self._near[path]

    def _imports(self, path: str) -> bool:
        view = self.values.program.modules.get(path)
        if view is None:
            return False
        if view.module.language != "python":
            return True  # `fetch` is everywhere, and so is `require`
        return any(
            each.module.split(".", 1)[0] in outside.packages() or each.name in outside.packages()
            for each in view.module.imports
        )

    def symbol(self, path: str, function: int, node: nodes.Expr) -> str:
        """The dotted symbol that an expression comes from: ``openai.AsyncOpenAI().chat.completions.create``, or ``""``."""
        return self._symbol(path, function, node, 0)

    def _symbol(self, path: str, function: int, node: nodes.Expr, depth: int) -> str:
        if depth > _DEPTH:
            return ""
        key = (path, function, node.span, type(node).__name__)
        if key not in self._made:
            self._made[key] = ""  # for whoever asks meanwhile
            self._made[key] = self._found(path, function, node, depth)
        return self._made[key]

    def _found(self, path: str, function: int, node: nodes.Expr, depth: int) -> str:
        match node:
            case nodes.Await(value=value):
                return self._symbol(path, function, value, depth)
            case nodes.Call(callee=callee):
                return self._called(path, function, callee, depth)
            case nodes.Name(id=name):
                view = self.values.program.modules[path]
                bound = view.lookup(function, name)
                if bound is None:
                    return name if name in _GLOBAL and view.module.language != "python" else ""
                return next((found for each in bound[1] if (found := self._bound(path, each, depth))), "")
            case nodes.Member(owner=nodes.Name(id="self" | "this" | "cls" as who), name=name):
                return self._attribute(path, function, name, depth) if who else ""
            case nodes.Member(owner=owner, name=name):
                before = self._symbol(path, function, owner, depth + 1)
                if before:
                    return before if name == "default" else f"{before}.{name}"
                for each in branches(self.values.of(path, function, owner)):
                    if isinstance(each, File):
                        return self._offered(each.path, name, depth)
                return ""
            case nodes.Operation(op="or" | "??" | "and", operands=operands):
                return next(
                    (found for each in operands if (found := self._symbol(path, function, each, depth + 1))), ""
                )
            case nodes.Choice(then=then, otherwise=otherwise):
                return self._symbol(path, function, then, depth + 1) or self._symbol(
                    path, function, otherwise, depth + 1
                )
            case nodes.Assign(value=value) if value is not None:
                return self._symbol(path, function, value, depth + 1)
            case _:
                return ""

    def _called(self, path: str, function: int, callee: nodes.Expr, depth: int) -> str:
        """What calling something gives: an object of a package, or what a helper returns or yields."""
        for each in branches(self.values.of(path, function, callee)):
            if isinstance(each, Routine):
                view = self.values.program.modules[each.path]
                given = [*view.returns.get(each.function, ()), *view.yields.get(each.function, ())]
                return next(
                    (
                        found
                        for value in given[:_RETURNS]
                        if (found := self._symbol(each.path, each.function, value, depth + 1))
                    ),
                    "",
                )
            if isinstance(each, Klass | Missing):
                return ""
        symbol = self._symbol(path, function, callee, depth + 1)
        return f"{symbol}()" if symbol and outside.find(symbol) is None else ""  # an answer is no client any more

    def _bound(self, path: str, binding: Binding, depth: int) -> str:
        function = binding.function
        match binding.kind:
            case "assign" | "with" if binding.value is not None and binding.op in ("=", "??=", "||=", ":="):
                found = self._symbol(path, function, binding.value, depth + 1)
                if not found and binding.annotation is not None:
                    found = self._annotated(path, function, binding.annotation)
                steps = [each for each in binding.path if isinstance(each, str) and each != "..."]
                if len(steps) < len(binding.path):
                    return ""
                return ".".join((found, *steps)) if found else ""
            case "parameter":
                if binding.annotation is not None and (found := self._annotated(path, function, binding.annotation)):
                    return "" if binding.path else found
                default = binding.default
                if isinstance(default, nodes.Call) and terminal(default.callee) == "Depends" and default.args:
                    return self._called(path, function, default.args[0].value, depth + 1)
                return ""
            case "import":
                return self._imported(path, binding, depth)
            case _:
                return ""

    def _imported(self, path: str, binding: Binding, depth: int) -> str:
        imported = binding.imported
        if imported is None:
            return ""
        target = self.values.program.resolve(path, imported.module)
        if target is None:
            for each in branches(self.values.binding(path, binding)):
                if isinstance(each, Library):
                    return self.values.plain(each.symbol)
            return ""
        return self._offered(target, imported.name, depth)

    def _offered(self, path: str, name: str, depth: int) -> str:
        """What a module of the repository offers under a name."""
        view = self.values.program.modules.get(path)
        if view is None or depth > _DEPTH:
            return ""
        export = self.values.program.exports(path).get(name)
        if export is not None and export.value is not None:
            return self._symbol(path, 0, export.value, depth + 1)
        if export is not None and export.module:
            target = self.values.program.resolve(path, export.module)
            return self._offered(target, export.imported, depth + 1) if target else ""
        bound = view.names[0].get(export.local if export is not None and export.local else name, ())
        return next((found for each in bound if (found := self._bound(path, each, depth + 1))), "")

    def _attribute(self, path: str, function: int, name: str, depth: int) -> str:
        """``self.client``: what any method assigns to it."""
        view = self.values.program.modules[path]
        owner = view.owner(function)
        for binding in view.attributes[owner].get(name, ()) if owner >= 0 else ():
            if binding.annotation is not None and (
                found := self._annotated(path, binding.function, binding.annotation)
            ):
                return found
            if (
                binding.value is not None
                and not binding.path
                and (found := self._symbol(path, binding.function, binding.value, depth + 1))
            ):
                return found
        return ""

    def _annotated(self, path: str, function: int, node: nodes.Expr) -> str:
        match node:
            case nodes.Name() | nodes.Member():
                for each in branches(self.values.of(path, function, node)):
                    if isinstance(each, Library):
                        return f"{self.values.plain(each.symbol)}()"
                return ""
            case nodes.Operation(op="|", operands=operands) | nodes.Opaque(parts=operands):
                return next((found for part in operands if (found := self._annotated(path, function, part))), "")
            case nodes.Index(key=nodes.Items(items=(first, *rest))):
                for given in rest:
                    if isinstance(given, nodes.Call) and terminal(given.callee) == "Depends" and given.args:
                        return self._called(path, function, given.args[0].value, 1)
                return self._annotated(path, function, first)
            case nodes.Index(key=key):
                return self._annotated(path, function, key)
            case _:
                return ""

    # --- pauses ---

    def _long(self, symbol: str, path: str, function: int, call: nodes.Call) -> bool:
        """Is a pause long enough to be spoken of; one that a variable tells is."""
        at = 1 if symbol == "setTimeout" else 0
        if len(call.args) <= at:
            return False
        value = call.args[at].value
        if not isinstance(value, nodes.Constant):
            return True
        seconds = value.value if isinstance(value.value, int | float) else 0.0
        return seconds / (1000 if symbol in MILLISECONDS else 1) >= _SHORT

    def _pause(self, view: Scopes, site: Site) -> outside.Outside | None:
        """``new Promise((resolve) => setTimeout(resolve, 500))``."""
        given = site.call.args[0].value if site.call.args else None
        if not isinstance(given, nodes.Lambda) or view.lookup(site.function, "Promise") is not None:
            return None
        inner = [each for each in view.sites if each.function == given.function]
        if len(inner) != 1 or terminal(inner[0].call.callee) != "setTimeout":
            return None
        path = view.module.path
        if self.symbol(path, given.function, inner[0].call.callee) != "setTimeout":
            return None
        return outside.find("setTimeout") if self._long("setTimeout", path, given.function, inner[0].call) else None
