"""An outline written down: expressions as s-expressions, one statement per line, no spans."""

from pooltlint.outline import nodes


def show(module: nodes.Module) -> str:
    """Imports, exports and comments, then the statements; functions and classes stand where they are defined."""
    lines = [_import(each) for each in module.imports]
    lines += [_export(module, each) for each in module.exports]
    lines += [f"# {each.text}" for each in module.comments]
    lines += [f"directive {each}" for each in module.directives]
    return "\n".join(lines + block(module, module.functions[0].body))


def expression(module: nodes.Module, node: nodes.Expr | None) -> str:
    """One expression on one line; ``_`` for none."""

    def of(each: nodes.Expr | None) -> str:
        return expression(module, each)

    def row(word: str, each: tuple[nodes.Expr, ...]) -> str:
        return f"({' '.join([word, *map(of, each)])})"

    match node:
        case None:
            return "_"
        case nodes.Text():
            return '"' + node.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        case nodes.Constant():
            return repr(node.value)
        case nodes.Template():
            return row("template", node.parts)
        case nodes.Name():
            return node.id
        case nodes.Member():
            return f"{of(node.owner)}{'?.' if node.optional else '.'}{node.name}"
        case nodes.Index():
            return f"{of(node.owner)}[{of(node.key)}]"
        case nodes.Call():
            word = "new" if node.new else "tag" if node.tag else "call"
            args = [f"{_star(each)}{of(each.value)}" for each in node.args]
            return f"({' '.join([word + '?' * node.optional, of(node.callee), *args])})"
        case nodes.Record():
            entries = [f"...{of(e.value)}" if e.spread else f"{e.key or '?'}: {of(e.value)}" for e in node.entries]
            return "{" + ", ".join(entries) + "}"
        case nodes.Items():
            return f"[{', '.join(map(of, node.items))}]"
        case nodes.Spread():
            return f"*{of(node.value)}"
        case nodes.Lambda():
            return f"({' '.join(_function(module, node.function))})"
        case nodes.ClassValue():
            return f"({' '.join(_class(module, node.cls))})"
        case nodes.Choice():
            return row("if", (node.test, node.then, node.otherwise))
        case nodes.Operation():
            return row(node.op, node.operands)
        case nodes.Await():
            return row("await", (node.value,))
        case nodes.Yield():
            return f"({'yield*' if node.delegate else 'yield'} {of(node.value)})"
        case nodes.Assign():
            typed = f": {of(node.annotation)}" if node.annotation else ""
            return f"({node.declare + ' ' if node.declare else ''}{node.op} {of(node.target)}{typed} {of(node.value)})"
        case nodes.Opaque():
            return row("?", node.parts)


def block(module: nodes.Module, body: nodes.Block) -> list[str]:
    """The lines of a block."""
    return [line for each in body for line in statement(module, each)]


def statement(module: nodes.Module, node: nodes.Stmt) -> list[str]:
    """The lines of one statement; what is inside is indented by two."""

    def of(each: nodes.Expr | None) -> str:
        return expression(module, each)

    def inside(head: str, body: nodes.Block) -> list[str]:
        return [head, *("  " + line for line in block(module, body))]

    match node:
        case nodes.Do():
            return [of(node.value)]
        case nodes.Return() | nodes.Raise():
            word = "return" if isinstance(node, nodes.Return) else "raise"
            return [f"{word} {of(node.value)}"]
        case nodes.Break() | nodes.Continue():
            return [f"{type(node).__name__.lower()} {node.label}".rstrip()]
        case nodes.If():
            return inside(f"if {of(node.test)}", node.then) + (inside("else", node.otherwise) if node.otherwise else [])
        case nodes.Loop():
            target = f" {of(node.target)}" if node.target else ""
            label = f" @{node.label}" if node.label else ""
            head = f"{'async ' * node.asynchronous}{node.kind}{target} {of(node.subject)}{label}"
            return inside(head, node.body) + (inside("else", node.otherwise) if node.otherwise else [])
        case nodes.Try():
            lines = inside("try", node.body)
            for each in node.handlers:
                head = f"except [{', '.join(map(of, each.types))}]{' as ' + each.name if each.name else ''}"
                lines += inside(head, each.body)
            lines += inside("else", node.otherwise) if node.otherwise else []
            return lines + (inside("finally", node.final) if node.final is not None else [])
        case nodes.With():
            items = [of(each.value) + (f" as {of(each.target)}" if each.target else "") for each in node.items]
            return inside(f"{'async ' * node.asynchronous}with {', '.join(items)}", node.body)
        case nodes.Switch():
            lines = [f"{'switch' if node.falls else 'match'} {of(node.subject)}"]
            for arm in node.arms:
                head = f"case {' | '.join(map(of, arm.tests))}" if arm.tests else "default"
                lines += ["  " + line for line in inside(head, arm.body)]
            return lines
        case nodes.Define():
            return _function(module, node.function)
        case nodes.DefineClass():
            return _class(module, node.cls)


def _function(module: nodes.Module, index: int) -> list[str]:
    it = module.functions[index]
    words = ["async" * it.asynchronous, "static" * it.static, it.kind + "*" * it.generator, it.name]
    head = " ".join(word for word in words if word) + f"({', '.join(_parameter(module, each) for each in it.params)})"
    if it.returns is not None:
        head += f" -> {expression(module, it.returns)}"
    lines = [f"@{expression(module, each)}" for each in it.decorators] + [head]
    lines += [f"  directive {each}" for each in it.directives]
    lines += [f"  global {', '.join(it.globals)}"] if it.globals else []
    return lines + ["  " + line for line in block(module, it.body)]


def _class(module: nodes.Module, index: int) -> list[str]:
    it = module.classes[index]
    lines = [f"@{expression(module, each)}" for each in it.decorators]
    lines.append(f"class {it.name}({', '.join(expression(module, each) for each in it.bases)})")
    for field in it.fields:
        words = [f"@{expression(module, each)} " for each in field.decorators] + ["static " * field.static]
        typed = f": {expression(module, field.annotation)}" if field.annotation else ""
        lines.append(f"  {''.join(words)}field {field.name}{typed} {expression(module, field.value)}")
    return lines + ["  " + line for method in it.methods for line in _function(module, method)]


def _parameter(module: nodes.Module, it: nodes.Parameter) -> str:
    text = "".join(f"@{expression(module, each)} " for each in it.decorators) + "property " * it.property
    text += it.kind + expression(module, it.target)
    text += f": {expression(module, it.annotation)}" if it.annotation else ""
    return text + (f" = {expression(module, it.default)}" if it.default else "")


def _star(it: nodes.Argument) -> str:
    if it.spread:
        return it.name or "*"
    return f"{it.name}=" if it.name else ""


def _import(it: nodes.Import) -> str:
    text = f"import {it.local or '_'} = {it.module}:{it.name}"
    return text + (f" in {it.scope}" if it.scope else "") + " (types)" * it.type_only


def _export(module: nodes.Module, it: nodes.Export) -> str:
    source = f"{it.module}:{it.imported}" if it.module else it.local or expression(module, it.value)
    return f"export {it.name} = {source}"
