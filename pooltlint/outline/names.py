"""Who binds which name to what, and where every call stands: one walk over a module's outline."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pooltlint.model.source import Span
from pooltlint.outline.nodes import (
    Argument,
    Assign,
    Await,
    Block,
    Call,
    Choice,
    ClassValue,
    Constant,
    Define,
    DefineClass,
    Do,
    Expr,
    If,
    Import,
    Index,
    Items,
    Lambda,
    Loop,
    Member,
    Module,
    Name,
    Opaque,
    Operation,
    Raise,
    Record,
    Return,
    Spread,
    Switch,
    Template,
    Text,
    Try,
    With,
    Yield,
)

Step = str | int
"""One step into a destructured value: a key or an index; ``...`` for a rest target."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One place that binds a name.

    ``kind``: ``assign`` (``value`` seen through ``path``), ``with`` (what entering ``value`` gives),
    ``each`` (one item of ``value``), ``parameter`` (``index`` of function ``function``), ``import``,
    ``function``, ``class``, ``other`` (bound to something not followed).
    """

    kind: str
    function: int
    span: Span
    value: Expr | None = None
    path: tuple[Step, ...] = ()
    index: int = -1
    imported: Import | None = None
    annotation: Expr | None = None
    op: str = "="
    default: Expr | None = None
    asynchronous: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A call and what stands around it.

    ``role``: what becomes of its value: ``statement`` (dropped), ``assign`` (bound to ``target``),
    ``return``, ``yield``, ``with`` (entered; ``target`` is the name), ``argument`` (of ``outer``), ``owner`` (a
    member of it is taken), ``other``. ``tests`` are the conditions that hold where it stands, innermost
    last, with their polarity. ``loops`` are the loops around it inside its function. ``withs`` are the
    ``with`` items around it. ``tries`` are the ``try`` statements in whose body it stands, ``rescues``
    those in one of whose handlers.
    """

    call: Call
    function: int
    awaited: bool
    role: str
    target: Expr | None = None
    outer: Call | None = None
    assign: Assign | None = None
    tests: tuple[tuple[Expr, bool], ...] = ()
    loops: tuple[Loop, ...] = ()
    withs: tuple[Expr, ...] = ()
    tries: tuple[Try, ...] = ()
    rescues: tuple[Try, ...] = ()
    order: int = 0


@dataclass(slots=True)
class Scopes:
    """All bindings and calls of one module.

    ``names[f]`` are the bindings of function ``f``; ``attributes[c]`` those of ``self.x`` / ``this.x``
    and of the fields of class ``c``; ``callbacks[f]`` is the call that is given function ``f`` as an
    argument, with the argument's position (or keyword); ``named[f]`` the name an anonymous function
    is bound to; ``stores`` are the assignments to members and items, each with its function.
    """

    module: Module
    names: list[dict[str, list[Binding]]]
    attributes: list[dict[str, list[Binding]]]
    sites: list[Site] = field(default_factory=list)
    by_span: dict[Span, Site] = field(default_factory=dict)
    callbacks: dict[int, tuple[Call, int, str]] = field(default_factory=dict)
    named: dict[int, str] = field(default_factory=dict)
    returns: dict[int, list[Expr]] = field(default_factory=dict)
    yields: dict[int, list[Expr]] = field(default_factory=dict)
    members: dict[str, list[tuple[Assign, int]]] = field(default_factory=dict)
    holders: dict[int, tuple[str, Span]] = field(default_factory=dict)
    stores: list[tuple[Assign, int]] = field(default_factory=list)
    captured: dict[Span, int] = field(default_factory=dict)
    _starts: list[int] = field(default_factory=list)
    _ordered: list[Site] = field(default_factory=list)
    _inside: dict[int, list[Site]] = field(default_factory=dict)
    _grouped: int = -1

    def between(self, start: int, end: int) -> list[Site]:
        """The calls that begin in a span, in order of their places."""
        if len(self._ordered) != len(self.sites):
            self._ordered = sorted(self.sites, key=lambda each: each.call.span[0])
            self._starts = [each.call.span[0] for each in self._ordered]
        return self._ordered[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def inside(self, function: int) -> list[Site]:
        """The calls that a function makes itself, in order of their places."""
        if self._grouped != len(self.sites):
            self._grouped = len(self.sites)
            self._inside.clear()
            for each in sorted(self.sites, key=lambda each: each.call.span[0]):
                self._inside.setdefault(each.function, []).append(each)
        return self._inside.get(function, [])

    def lookup(self, function: int, name: str) -> tuple[int, list[Binding]] | None:
        """The bindings of a name as seen from a function, with the function whose scope holds them."""
        at = function
        while at >= 0:
            found = self.names[at].get(name)
            if found is not None:
                return at, found
            at = self.module.functions[at].parent
        return None

    def owner(self, function: int) -> int:
        """The class whose instance ``this``/``self`` is inside a function, or -1.

        Arrow functions and nested functions of Python see the one of the method around them.
        """
        at = function
        while at >= 0:
            here = self.module.functions[at]
            if here.owner >= 0:
                return here.owner
            if (
                self.module.language != "python"
                and here.kind not in ("arrow", "module")
                and here.owner < 0
                and here.kind != "module"
            ):
                return -1
            at = here.parent
        return -1

    def name_of(self, function: int) -> str:
        """The name a person would call a function by; ``""`` for a truly anonymous one."""
        return self.module.functions[function].name or self.named.get(function, "")


def scopes(module: Module) -> Scopes:
    """Walk a module once. Linear in the size of the outline."""
    return _Walk(module).run()


@dataclass(frozen=True, slots=True)
class _Context:
    function: int
    tests: tuple[tuple[Expr, bool], ...] = ()
    loops: tuple[Loop, ...] = ()
    withs: tuple[Expr, ...] = ()
    tries: tuple[Try, ...] = ()
    rescues: tuple[Try, ...] = ()

    def under(self, test: Expr, holds: bool) -> _Context:
        return replace(self, tests=(*self.tests, (test, holds)))


class _Walk:
    def __init__(self, module: Module) -> None:
        self.module = module
        count = len(module.functions)
        self.out = Scopes(module, [{} for _ in range(count)], [{} for _ in module.classes])
        self.order = 0
        self.class_of = {method: index for index, cls in enumerate(module.classes) for method in cls.methods}

    def run(self) -> Scopes:
        module, out = self.module, self.out
        for imported in module.imports:
            if imported.local:
                self.bind(
                    imported.scope, imported.local, Binding("import", imported.scope, imported.span, imported=imported)
                )
        for index, function in enumerate(module.functions):
            context = _Context(index)
            for position, parameter in enumerate(function.params):
                self.parameter(index, position, parameter.target, ())
                target = parameter.target
                name = target.id if isinstance(target, Name) else ""
                if name:
                    self.bind(
                        index,
                        name,
                        Binding(
                            "parameter",
                            index,
                            parameter.span,
                            index=position,
                            annotation=parameter.annotation,
                            default=parameter.default,
                        ),
                    )
                    if parameter.property and function.owner >= 0:
                        self.attribute(
                            function.owner,
                            name,
                            Binding(
                                "assign",
                                index,
                                parameter.span,
                                value=target,
                                annotation=parameter.annotation,
                            ),
                        )
                if parameter.default is not None:
                    self.expression(parameter.default, context, "other")
                if parameter.annotation is not None:
                    self.expression(parameter.annotation, context, "other")
            outer = _Context(max(function.parent, 0))
            for decorator in function.decorators:
                self.expression(decorator, outer, "decorator")
            self.block(function.body, context)
        for index, cls in enumerate(module.classes):
            context = _Context(max(cls.parent, 0))
            for declared in cls.fields:
                self.attribute(
                    index,
                    declared.name,
                    Binding(
                        "assign" if declared.value is not None else "other",
                        context.function,
                        declared.span,
                        value=declared.value,
                        annotation=declared.annotation,
                    ),
                )
                if declared.value is not None:
                    self.function_name(declared.value, declared.name)
                    self.expression(declared.value, context, "field", target=Name(declared.name, declared.span))
            for expression in (*cls.bases, *cls.decorators):
                self.expression(expression, context, "other")
        for export in module.exports:
            if export.value is not None:
                self.function_name(export.value, export.name if export.name != "default" else "")
                self.expression(export.value, _Context(0), "export")
        return out

    # --- binding ---

    def bind(self, function: int, name: str, binding: Binding) -> None:
        """A type that has the name of a value is not what the name is worth."""
        found = self.out.names[function].setdefault(name, [])
        if found and binding.op == "type" and found[0].op != "type":
            return
        if found and binding.op != "type" and found[0].op == "type":
            found.clear()
        found.append(binding)

    def attribute(self, cls: int, name: str, binding: Binding) -> None:
        self.out.attributes[cls].setdefault(name, []).append(binding)

    def parameter(self, function: int, position: int, target: Expr, path: tuple[Step, ...]) -> None:
        if isinstance(target, (Record, Items)):
            for step, inner in _destructured(target):
                if isinstance(inner, Assign):
                    inner = inner.target
                if isinstance(inner, Name):
                    self.bind(
                        function,
                        inner.id,
                        Binding("parameter", function, inner.span, index=position, path=(*path, step)),
                    )
                else:
                    self.parameter(function, position, inner, (*path, step))

    def scope_of(self, name: str, function: int, declare: str) -> int:
        """The function whose scope an assignment writes to."""
        here = self.module.functions[function]
        if self.module.language == "python":
            if name in here.globals:
                at = here.parent
                while at > 0 and name not in self.out.names[at]:
                    at = self.module.functions[at].parent
                return max(at, 0)
            return function
        if declare:
            return function
        found = self.out.lookup(function, name)
        return found[0] if found else 0

    def assign(self, node: Assign, context: _Context) -> None:
        self._targets(node.target, node, (), context)
        if isinstance(node.target, (Member, Index)):
            self.out.stores.append((node, context.function))

    def _targets(self, target: Expr, node: Assign, path: tuple[Step, ...], context: _Context) -> None:
        kind = "assign" if node.value is not None else "other"
        binding = Binding(
            kind,
            context.function,
            node.span,
            value=node.value,
            path=path,
            annotation=node.annotation,
            op=node.op,
        )
        match target:
            case Name(id=name):
                if node.value is None and not node.annotation and node.declare:
                    binding = Binding("assign", context.function, node.span, value=Constant(None, node.span))
                self.bind(self.scope_of(name, context.function, node.declare), name, binding)
            case Member(owner=Name(id=who), name=name) if who in ("self", "this", "cls"):
                owner = self.out.owner(context.function)
                if owner >= 0:
                    self.attribute(owner, name, binding)
                self.out.members.setdefault(name, []).append((node, context.function))
            case Member(name=name):
                self.out.members.setdefault(name, []).append((node, context.function))
            case Index(key=Text(value=name)):
                self.out.members.setdefault(name, []).append((node, context.function))
            case Record() | Items():
                for step, inner in _destructured(target):
                    if isinstance(inner, Assign):
                        self.expression(inner.value, context, "other")
                        inner = inner.target
                    self._targets(inner, node, (*path, step), context)
            case _:
                pass

    def loop_target(
        self, target: Expr, kind: str, value: Expr, context: _Context, asynchronous: bool, path: tuple[Step, ...] = ()
    ) -> None:
        match target:
            case Name(id=name):
                self.bind(
                    context.function,
                    name,
                    Binding(kind, context.function, target.span, value=value, path=path, asynchronous=asynchronous),
                )
            case Assign(target=inner):
                self.loop_target(inner, kind, value, context, asynchronous, path)
            case Record() | Items():
                for step, inner in _destructured(target):
                    self.loop_target(inner, kind, value, context, asynchronous, (*path, step))
            case Member(owner=Name(id=who), name=name) if who in ("self", "this"):
                owner = self.out.owner(context.function)
                if owner >= 0:
                    self.attribute(
                        owner,
                        name,
                        Binding(kind, context.function, target.span, value=value, path=path, asynchronous=asynchronous),
                    )
            case _:
                pass

    def function_name(self, value: Expr, name: str) -> None:
        if isinstance(value, Lambda) and name:
            self.out.named.setdefault(value.function, name)

    # --- statements ---

    def block(self, block: Block, context: _Context) -> None:
        for statement in block:
            match statement:
                case Do(value=value):
                    self.expression(value, context, "statement")
                case Return(value=value):
                    if value is not None:
                        self.out.returns.setdefault(context.function, []).append(value)
                        self.expression(value, context, "return")
                case Raise(value=value):
                    if value is not None:
                        self.expression(value, context, "other")
                case If():
                    self.branch(statement, context)
                    context = self._after(statement, context)
                case Loop():
                    self.loop(statement, context)
                case Try():
                    inside = replace(context, tries=(*context.tries, statement))
                    rescue = replace(context, rescues=(*context.rescues, statement))
                    self.block(statement.body, inside)
                    for handler in statement.handlers:
                        for each in handler.types:
                            self.expression(each, context, "other")
                        if handler.name:
                            self.bind(context.function, handler.name, Binding("other", context.function, handler.span))
                        self.block(handler.body, rescue)
                    self.block(statement.otherwise, inside)
                    self.block(statement.final or (), context)
                case With():
                    inner = context
                    for item in statement.items:
                        self.expression(item.value, inner, "with", target=item.target)
                        if item.target is not None:
                            self.loop_target(item.target, "with", item.value, inner, statement.asynchronous)
                        inner = replace(inner, withs=(*inner.withs, item.value))
                    self.block(statement.body, inner)
                case Switch():
                    self.expression(statement.subject, context, "other")
                    for arm in statement.arms:
                        for test in arm.tests:
                            self.expression(test, context, "other")
                        self.block(arm.body, context)
                case Define(function=index):
                    function = self.module.functions[index]
                    if function.name:
                        self.bind(
                            context.function,
                            function.name,
                            Binding("function", context.function, function.at, index=index),
                        )
                    self.out.holders[index] = (function.name, function.at)
                case DefineClass(cls=index):
                    cls = self.module.classes[index]
                    if cls.name:
                        self.bind(context.function, cls.name, Binding("class", context.function, cls.at, index=index))
                case _:
                    pass

    def branch(self, statement: If, context: _Context) -> None:
        # a long else-if chain is walked in a loop, not recursively
        while True:
            self.expression(statement.test, context, "other")
            self.block(statement.then, context.under(statement.test, True))
            context = context.under(statement.test, False)
            rest = statement.otherwise
            if len(rest) == 1 and isinstance(rest[0], If):
                statement = rest[0]
                continue
            self.block(rest, context)
            return

    def _after(self, statement: If, context: _Context) -> _Context:
        """What holds after ``if test: return``: the test does not."""
        if statement.otherwise or not statement.then:
            return context
        last = statement.then[-1]
        return context.under(statement.test, False) if isinstance(last, (Return, Raise)) else context

    def loop(self, statement: Loop, context: _Context) -> None:
        if statement.subject is not None:
            self.expression(statement.subject, context, "other")
        if statement.target is not None and statement.subject is not None:
            self.loop_target(statement.target, "each", statement.subject, context, statement.asynchronous)
        inside = replace(context, loops=(*context.loops, statement))
        self.block(statement.body, inside)
        self.block(statement.otherwise, context)

    # --- expressions ---

    def expression(
        self,
        node: Expr | None,
        context: _Context,
        role: str,
        target: Expr | None = None,
        outer: Call | None = None,
        awaited: bool = False,
        assign: Assign | None = None,
    ) -> None:
        match node:
            case None | Text() | Constant() | Name():
                return
            case Call():
                self.call(node, context, role, target, outer, awaited, assign)
            case Await(value=value):
                self.expression(value, context, role, target, outer, True, assign)
            case Assign():
                self.assign(node, context)
                name = (
                    node.target.id
                    if isinstance(node.target, Name)
                    else node.target.name
                    if isinstance(node.target, Member)
                    else ""
                )
                if node.value is not None:
                    self.function_name(node.value, name)
                    self.expression(node.value, context, "assign", node.target, None, False, node)
                if isinstance(node.target, (Member, Index)):
                    self.expression(node.target.owner, context, "owner")
            case Lambda(function=index):
                self.out.holders.setdefault(index, (self.out.named.get(index, ""), node.span))
            case ClassValue(cls=index):
                if isinstance(target, Name):
                    self.out.named.setdefault(-1 - index, target.id)
            case Member(owner=owner):
                self.expression(owner, context, "owner", awaited=False)
            case Index(owner=owner, key=key):
                self.expression(owner, context, "owner")
                self.expression(key, context, "other")
            case Choice(test=test, then=then, otherwise=otherwise):
                self.expression(test, context, "other")
                self.expression(then, context.under(test, True), role, target, outer, awaited, assign)
                self.expression(otherwise, context.under(test, False), role, target, outer, awaited, assign)
            case Operation(op=op, operands=operands):
                last = len(operands) - 1
                for position, each in enumerate(operands):
                    if op in ("and", "or", "??"):
                        given = role if position == last or op != "and" else "other"
                        self.expression(each, context, given, target, outer, awaited, assign)
                        context = context.under(each, op == "and")
                    else:
                        self.expression(each, context, "other")
            case Record(entries=entries):
                for entry in entries:
                    if entry.key:
                        self.function_name(entry.value, entry.key)
                    self.expression(entry.value, context, "entry", outer=outer)
            case Items(items=items):
                for each in items:
                    self.expression(each, context, "item", outer=outer)
            case Spread(value=value):
                self.expression(value, context, "other")
            case Template(parts=parts) | Opaque(parts=parts):
                for each in parts:
                    self.expression(each, context, "other")
            case Yield(value=value):
                if value is not None:
                    self.out.yields.setdefault(context.function, []).append(value)
                    self.expression(value, context, "yield")

    def call(
        self,
        node: Call,
        context: _Context,
        role: str,
        target: Expr | None,
        outer: Call | None,
        awaited: bool,
        assign: Assign | None,
    ) -> None:
        # chains such as a().b().c() are walked from the outside in without recursion
        while True:
            site = Site(
                node,
                context.function,
                awaited,
                role,
                target,
                outer,
                assign,
                context.tests,
                context.loops,
                context.withs,
                context.tries,
                context.rescues,
                self.order,
            )
            self.order += 1
            self.out.sites.append(site)
            self.out.by_span.setdefault(node.span, site)
            for position, argument in enumerate(node.args):
                self.argument(node, position, argument, context)
            callee = node.callee
            if isinstance(callee, Member):
                owner = callee.owner
                if isinstance(owner, Call):
                    node, role, target, outer, awaited, assign = owner, "owner", None, None, False, None
                    continue
                self.expression(owner, context, "owner")
            elif not isinstance(callee, Name):
                self.expression(callee, context, "owner")
            return

    def argument(self, call: Call, position: int, argument: Argument, context: _Context) -> None:
        value = argument.value
        if isinstance(value, Lambda):
            self.out.callbacks[value.function] = (call, position, argument.name)
        elif isinstance(value, Record):
            for entry in value.entries:
                if isinstance(entry.value, Lambda) and entry.key:
                    self.out.callbacks.setdefault(entry.value.function, (call, position, entry.key))
        self.expression(value, context, "argument", outer=call)


def _destructured(target: Record | Items) -> Iterator[tuple[Step, Expr]]:
    if isinstance(target, Record):
        for entry in target.entries:
            yield ("..." if entry.spread or entry.key is None else entry.key), entry.value
    else:
        for position, item in enumerate(target.items):
            if isinstance(item, Spread):
                yield "...", item.value
            else:
                yield position, item
