"""Classes of the repository that keep a connection they are given: what of it their objects show, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from pooltlint.link.sites import spelled
from pooltlint.link.values import Klass
from pooltlint.outline import flow, nodes
from pooltlint.outline.names import Scopes

_SELVES = ("this", "self")
_CONSTRUCTORS = ("constructor", "__init__")
_PLAIN = ("object", "ABC", "abc.ABC", "Generic[…]", "Protocol")

Passed = Callable[[int, nodes.Call, int, str], flow.Effect]
"""What a call does with its argument: the function it stands in, the call, the argument's position and keyword."""


def kept(
    view: Scopes, klass: Klass, index: int, name: str, releases: frozenset[str], passed: Passed
) -> flow.Shape | None:
    """The shape of the objects of a class whose constructor keeps argument ``index`` (or ``name``) in one field.

    ``None`` where anything may happen to it: it is stored twice, returned, handed on, or the object gives itself away.
    ``releases``: the methods that end the connection. An empty shape: the field is private and no method ends what
    it has, so that nobody ever will who has no other name for it.
    """
    cls = view.module.classes[klass.cls]
    python = view.module.language == "python"
    if python and any(spelled(each) not in _PLAIN for each in cls.bases):
        return None
    field = _field(view, klass.cls, index, name)
    if not field:
        return None
    closers: set[str] = set()
    for number in cls.methods:
        ends = _ends(view, number, field, releases, passed)
        if ends is None:
            return None
        if ends:
            closers.add(view.module.functions[number].name)
    for _ in range(2):
        closers |= {
            view.module.functions[number].name for number in cls.methods if _calls(view, number, frozenset(closers))
        }
    if closers & {*_CONSTRUCTORS, "__del__"}:
        return None
    if not closers and _private(view, klass.cls, field) and not _seen_from_beside(view, cls, field):
        return {}
    return {field: flow.Part.IT, **dict.fromkeys(sorted(closers), flow.Part.RELEASES)}


def _field(view: Scopes, number: int, index: int, name: str) -> str:
    """The field that the constructor stores an argument in, and does nothing else with."""
    cls = view.module.classes[number]
    python = view.module.language == "python"
    constructor = next((each for each in cls.methods if view.module.functions[each].name in _CONSTRUCTORS), None)
    if constructor is None:
        annotated = [each.name for each in cls.fields if each.annotation is not None and not each.static]
        if not any(spelled(each).startswith(("dataclass", "dataclasses.dataclass")) for each in cls.decorators):
            return ""
        return name if name in annotated else annotated[index] if not name and index < len(annotated) else ""
    function = view.module.functions[constructor]
    targets = list(function.params)[1:] if python else list(function.params)
    found = next((each for each in targets if python and name and _is(each.target, name)), None)
    if found is None and not name and index < len(targets) and not targets[index].kind:
        found = targets[index]
    if found is None or not isinstance(found.target, nodes.Name):
        return ""
    stored = [found.target.id] if found.property else []
    for node, parent in _walk(function.body, None):
        if not isinstance(node, nodes.Name) or node.id != found.target.id:
            continue
        match parent:
            case nodes.Assign(target=nodes.Member(owner=nodes.Name(id=owner), name=field), value=value) if (
                owner in _SELVES and value == node
            ):
                stored.append(field)
            case nodes.Member() | nodes.If() | nodes.Operation(op="not" | "==" | "!="):
                pass
            case _:
                return ""
    return stored[0] if len(stored) == 1 else ""


def _private(view: Scopes, number: int, field: str) -> bool:
    """Can only the class itself see a field (``private`` of TypeScript, ``#name``)."""
    cls = view.module.classes[number]
    params = (
        each
        for method in cls.methods
        for each in view.module.functions[method].params
        if each.property and each.private
    )
    return any(_is(each.target, field) for each in params) or any(
        each.name == field and each.private and not each.static for each in cls.fields
    )


def _seen_from_beside(view: Scopes, cls: nodes.Class, field: str) -> bool:
    """Does the class look into the field of another of its objects: ``session.client.release()``."""
    return any(
        (isinstance(node, nodes.Member) and node.name == field and spelled(node.owner) not in _SELVES)
        or (isinstance(node, nodes.Entry) and node.key == field)
        or isinstance(node, nodes.Index)
        for method in cls.methods
        for function in _inside(view, method)
        for node, _ in _walk(view.module.functions[function].body, None)
    )


def _is(target: nodes.Expr, name: str) -> bool:
    return isinstance(target, nodes.Name) and target.id == name


def _ends(view: Scopes, number: int, field: str, releases: frozenset[str], passed: Passed) -> bool | None:
    """Does a method end what the field has; ``None`` when it hands that, or its object, on."""
    found = False
    constructor = view.module.functions[number].name in _CONSTRUCTORS
    for function in _inside(view, number):
        for node, parent in _walk(view.module.functions[function].body, None):
            if isinstance(node, nodes.Name) and node.id in _SELVES:
                apart = isinstance(parent, nodes.Assign) and _takes_apart(parent.target, field)
                if (
                    isinstance(parent, nodes.Call | nodes.Argument | nodes.Assign | nodes.Items | nodes.Entry)
                    and not apart
                ):
                    return None
            elif isinstance(node, nodes.Member) and node.name == field and spelled(node.owner) in _SELVES:
                match parent:
                    case nodes.Member(owner=owner, name=method) if owner == node:
                        found = found or method in releases
                    case nodes.Assign(target=target) if target == node:
                        pass
                    case nodes.If() | nodes.Choice() | nodes.Loop() | nodes.Operation():
                        pass
                    case nodes.Argument():
                        call, index = _argument(view, function, node)
                        effect = passed(function, call, index, call.args[index].name) if call is not None else None
                        if effect not in (flow.Effect.USE, flow.Effect.RELEASE):
                            return None
                        found = found or effect is flow.Effect.RELEASE
                    case _:
                        return None
    return found and not constructor


def _takes_apart(target: nodes.Expr | None, field: str) -> bool:
    """``const { logger } = this``: fields by name, and not the one in question."""
    return isinstance(target, nodes.Record) and not any(
        each.spread or each.key in (None, field) for each in target.entries
    )


def _argument(view: Scopes, function: int, node: nodes.Expr) -> tuple[nodes.Call | None, int]:
    for site in view.inside(function):
        for index, each in enumerate(site.call.args):
            if each.value is node:
                return site.call, index
    return None, -1


def _calls(view: Scopes, number: int, closers: frozenset[str]) -> bool:
    inside = set(_inside(view, number))
    return any(
        site.function in inside
        and isinstance(site.call.callee, nodes.Member)
        and site.call.callee.name in closers
        and spelled(site.call.callee.owner) in _SELVES
        for site in view.sites
    )


def _inside(view: Scopes, number: int) -> Iterator[int]:
    """A function and those inside of it."""
    yield number
    start, end = view.module.functions[number].span
    for index in range(number + 1, len(view.module.functions)):
        function = view.module.functions[index]
        if function.span[0] >= end:
            break
        if function.span[0] >= start and function.span[1] <= end:
            yield index


_SKIPPED = frozenset(("span", "at", "id", "name", "op", "kind", "label", "declare", "annotation"))


def _walk(value: object, parent: Struct | None) -> Iterator[tuple[Struct, Struct | None]]:
    """Nodes with their parents; bodies of nested functions are not part of it."""
    stack: list[tuple[object, Struct | None]] = [(value, parent)]
    while stack:
        node, above = stack.pop()
        if isinstance(node, tuple):
            stack += ((each, above) for each in node)
        elif isinstance(node, Struct):
            yield node, above
            stack += ((getattr(node, name), node) for name in node.__struct_fields__ if name not in _SKIPPED)


def parts(block: nodes.Block) -> Iterator[Struct]:
    """The nodes of a block; bodies of nested functions are not part of it."""
    return (node for node, _ in _walk(block, None))


def literal(
    view: Scopes, function: int, birth: nodes.Call, variable: nodes.Name, effects: flow.Effects
) -> flow.Shape | None:
    """The shape of what a function returns that puts its checkout into a literal: ``{ client, release }``, ``conn, cursor``.

    ``None`` when a member is not understood, or what is returned differs from place to place.
    """
    shapes = []
    for value in view.returns.get(function, ()):
        if isinstance(value, nodes.Constant) and value.value is None:
            continue
        shape = _literal(view, function, birth, variable, value, effects)
        if shape is None:
            return None
        shapes.append(shape)
    return shapes[0] if shapes and all(each == shapes[0] for each in shapes) else None


def _literal(
    view: Scopes, function: int, birth: nodes.Call, variable: nodes.Name, value: nodes.Expr, effects: flow.Effects
) -> flow.Shape | None:
    members: list[tuple[str | int | None, nodes.Expr]]
    match value:
        case nodes.Record(entries=entries):
            members = [(None if each.spread else each.key, each.value) for each in entries]
        case nodes.Items(items=items):
            members = list(enumerate(items))
        case _:
            return None
    shape: dict[str | int, flow.Part] = {}
    for key, each in members:
        part = _part(view, function, birth, variable, each, effects)
        if part is None or (part and key is None):
            return None
        if isinstance(part, flow.Part) and key is not None:
            shape[key] = part
    return shape or None


def _part(
    view: Scopes, function: int, birth: nodes.Call, variable: nodes.Name, value: nodes.Expr, effects: flow.Effects
) -> flow.Part | str | None:
    """What one member is: ``""`` where it only uses the checkout, ``None`` where it is not known."""
    inner: int | None = None
    match value:
        case nodes.Name(id=name) if name == variable.id:
            return flow.Part.IT
        case nodes.Name(id=name):
            inner = _local(view, function, name)
            if inner is None:
                return ""
        case nodes.Lambda(function=number):
            inner = number
        case nodes.Constant() | nodes.Text():
            return ""
        case nodes.Call(callee=nodes.Member(owner=nodes.Name(id=name), name="cursor")) if name == variable.id:
            return ""
        case _:
            named = any(isinstance(node, nodes.Name) and node.id == variable.id for node, _ in _walk((value,), None))
            return None if named else ""
    effect = flow.closure(view.module, function, birth, effects, inner, variable.id)
    if effect in (flow.Effect.HAND_ON, flow.Effect.LOSE):
        return None
    return flow.Part.RELEASES if effect is flow.Effect.RELEASE else ""


def _local(view: Scopes, function: int, name: str) -> int | None:
    """The function that a local name is bound to, once."""
    bindings = view.names[function].get(name, ())
    if len(bindings) != 1:
        return None
    value = bindings[0].value
    if isinstance(value, nodes.Lambda):
        return value.function
    named = [
        index
        for index, each in enumerate(view.module.functions)
        if each.parent == function and each.name == name and bindings[0].kind == "function"
    ]
    return named[0] if len(named) == 1 else None


def member(target: nodes.Expr | None, shape: flow.Shape) -> str:
    """The name that taking the value apart binds to the checkout itself, ``""`` where there is none."""
    wanted = {key for key, part in shape.items() if part is flow.Part.IT}
    match target:
        case nodes.Record(entries=entries):
            found = [each.value for each in entries if each.key in wanted]
        case nodes.Items(items=items):
            found = [each for index, each in enumerate(items) if index in wanted]
        case _:
            found = []
    return next((each.id for each in found if isinstance(each, nodes.Name)), "")
