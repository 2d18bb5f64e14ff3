"""ecosystem.config.js and its kin: the processes that pm2 keeps running."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from pooltlint.model.commands import quoted
from pooltlint.model.environment import profile_of
from pooltlint.model.facts import Amount, DeploymentFile, Profile, Service
from pooltlint.model.finding import Problem
from pooltlint.model.source import line_starts
from pooltlint.outline import nodes
from pooltlint.readers.platform_nodes import File, at, items, opened, text
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq

_MOST_LEVELS = 12
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")


def read(path: str, data: bytes, parse: Callable[[str, bytes], nodes.Module]) -> DeploymentFile:
    """Read an ecosystem file (pm2.io documentation, "Ecosystem File"); ``parse`` reads one that is a program.

    Of a program only what it exports as a literal counts, constants of the module filled in. ``instances`` of
    ``max``, 0 and negative ones go by the CPUs; ``env_production`` goes before ``env``. Never raises.
    """
    if path.endswith(("js", "ts")):
        module = parse(path, data)
        file, top, comments = File(path, line_starts(data), profile_of(path)), _exported(module), module.comments
        problems: tuple[Problem, ...] = ()
    else:
        file, top, problems, comments = opened(path, data)
    apps = at(top, "apps") if isinstance(top, Map) else top
    listed = items(apps) or ((apps,) if isinstance(apps, Map) else ())
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="pm2",
        services=tuple(found for each in listed if (found := _service(file, each)) is not None),
        problems=problems,
        comments=comments,
        lines=file.starts,
    )


def _service(file: File, node: Node) -> Service | None:
    script, named = at(node, "script"), at(node, "name")
    if script is None or not text(script):
        return None
    name = text(named) or posixpath.splitext(posixpath.basename(text(script)))[0]
    variables = {
        each.name: each
        for key, profile in (("env", file.profile), ("env_production", Profile.PRODUCTION), ("env_prod", Profile.PRODUCTION))
        for each in file.variables(at(node, key), name, profile)
    }  # fmt: skip
    cwd = text(at(node, "cwd"))
    return Service(
        name=name,
        at=file.at(named if named is not None and text(named) else script),
        environment=tuple(variables.values()),
        command=file.command(_command(node, script), name, service=name),
        folder=cwd if cwd and not posixpath.isabs(cwd) and "$" not in cwd else ".",
        instances=_instances(file, at(node, "instances")),
    )


def _instances(file: File, node: Node | None) -> Amount | None:
    """0 is as many as there are CPUs."""
    amount = file.amount(node)
    return replace(amount, count=None) if amount is not None and amount.count == 0 else amount


def _command(node: Node, script: Node) -> Node:
    """The command line that pm2 runs, at the place of the script; programs are started by their interpreter."""
    given, program = at(node, "args"), text(script)
    arguments = quoted([text(each) for each in items(given)]) if isinstance(given, Seq) else text(given)
    told = text(at(node, "interpreter") or at(node, "exec_interpreter"))
    interpreter = "" if told == "none" else told or ("node" if program.endswith(_SCRIPTS) else "")
    return Scalar(" ".join(filter(None, (interpreter, program, arguments))), "str", script.span, '"')


# --- programs ---


def _exported(module: nodes.Module) -> Node | None:
    known = {
        statement.value.target.id: statement.value.value
        for statement in module.functions[0].body
        if isinstance(statement, nodes.Do)
        and isinstance(statement.value, nodes.Assign)
        and isinstance(statement.value.target, nodes.Name)
        and statement.value.value is not None
        and statement.value.declare == "const"
    } if module.functions else {}  # fmt: skip
    for each in module.exports:
        if each.name == "default" and each.value is not None:
            return _node(each.value, known, 0)
    apps = next((each.value for each in module.exports if each.name == "apps" and each.value is not None), None)
    return _node(apps, known, 0) if apps is not None else None


def _node(value: nodes.Expr, known: Mapping[str, nodes.Expr], level: int) -> Node:
    """A literal of a program as a node; what it is not is a null with the code's place."""
    if level > _MOST_LEVELS:
        return Scalar("", "null", value.span)
    match value:
        case nodes.Text(value=written):
            return Scalar(written, "str", value.span, '"')
        case nodes.Constant(value=bool(found)):
            return Scalar(str(found).lower(), "bool", value.span)
        case nodes.Constant(value=int(found)):
            return Scalar(str(found), "int", value.span)
        case nodes.Record(entries=entries):
            found_: list[tuple[Node, Node]] = []
            for entry in entries:
                inner = _node(entry.value, known, level + 1)
                if entry.spread and isinstance(inner, Map):
                    found_ += inner.pairs
                elif entry.key is not None:
                    start = entry.span[0]
                    found_.append((Scalar(entry.key, "str", (start, start + len(entry.key.encode()))), inner))
            return Map(tuple(found_), value.span)
        case nodes.Items(items=several):
            return Seq(tuple(_node(each, known, level + 1) for each in several), value.span)
        case nodes.Name(id=name) if name in known:
            return _node(known[name], known, level + 1)
        case nodes.Member(owner=nodes.Member(owner=nodes.Name(id="process"), name="env"), name=name):
            return Scalar(f"${{{name}}}", "str", value.span)
        case nodes.Operation(op="or" | "??", operands=(first, second)):
            outside, default = _node(first, known, level + 1), _node(second, known, level + 1)
            if text(outside).startswith("${") and text(default):
                return Scalar(f"{text(outside)[:-1]}:-{text(default)}}}", "str", value.span)
            return Scalar("", "null", value.span)
        case _:
            return Scalar("", "null", value.span)
