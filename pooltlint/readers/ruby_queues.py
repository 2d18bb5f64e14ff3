"""config/sidekiq.yml and Solid Queue's config/queue.yml: how many threads and processes work off jobs."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.value import Value
from pooltlint.readers.erb_nodes import Template
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside


def read(path: str, data: bytes) -> ProgramFile:
    """``concurrency`` of Sidekiq by environment; ``workers.0.threads``, ``.processes`` of Solid Queue and its dispatchers.

    Keys may be Ruby symbols; ERB stays unexecuted (Sidekiq 7 ``cli.rb``, Solid Queue 1.1 ``configuration.rb``).
    Never raises; what cannot be read is a problem.
    """
    file = Template(path, data)
    program = "Sidekiq" if "sidekiq" in path.rpartition("/")[2] else "Solid Queue"
    found = tuple(_sidekiq(file, file.root) if program == "Sidekiq" else _solid(file, file.root))
    return ProgramFile(path, program, found, tuple(sorted(set(file.problems))), file.comments, file.starts)


def _pairs(file: Template, node: Node | None) -> list[tuple[str, Scalar, Node]]:
    return [(key.text.lstrip(":"), key, value) for key, value in file.pairs(node)] if isinstance(node, Map) else []


def _set(file: Template, name: str, node: Node, scope: str) -> Assigned:
    value: Value = file.value("", node)
    return Assigned(name, value, file.place(inside(node) if isinstance(node, Scalar) else node.span), scope)


def _sidekiq(file: Template, node: Node | None, scope: str = "", capsule: str = "") -> Iterator[Assigned]:
    for name, _, value in _pairs(file, node):
        if name == "concurrency":
            yield _set(file, f"{capsule}concurrency", value, scope)
        elif name == "capsules":
            for inner, _, each in _pairs(file, value):
                yield from _sidekiq(file, each, scope, f"capsules.{inner}.")
        elif isinstance(value, Map) and not scope and not capsule:
            yield from _sidekiq(file, value, name)


def _solid(file: Template, root: Node | None) -> Iterator[Assigned]:
    top = _pairs(file, root)
    scoped = [(name, value) for name, _, value in top if isinstance(value, Map) and not name.startswith("default")]
    groups = [("", root)] if any(name in ("workers", "dispatchers") for name, _, _ in top) else scoped
    for scope, group in groups:
        for name, _, value in _pairs(file, group):
            if name in ("workers", "dispatchers"):
                for number, item in enumerate(value.items if isinstance(value, Seq) else ()):
                    yield Assigned(f"{name}.{number}", file.value("", item), file.place(item.span), scope)
                    for key, _, each in _pairs(file, item):
                        if key in ("threads", "processes"):
                            yield _set(file, f"{name}.{number}.{key}", each, scope)
