"""Calls that end a client for good, each with how often it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from pooltlint.drivers import Effect
from pooltlint.link.clients import Clients
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.sites import Known, call_name, head, where
from pooltlint.link.values import Values, terminal
from pooltlint.model.topology import Client, Closing
from pooltlint.outline import nodes
from pooltlint.outline.names import Site

_QUITS = {"process.exit", "process.kill", "sys.exit", "os._exit", "exit", "quit", "Deno.exit", "os.kill"}


def closings(
    values: Values,
    clients: Clients,
    lifetimes: Lifetimes,
    found: Mapping[str, Mapping[int, Known]],
    made: Mapping[tuple[str, tuple[int, int]], Client],
) -> Iterator[Closing]:
    """Every call that closes a pool, engine or connection that a known constructor has made, in source order.

    ``made``: the clients by file and span of the constructor call. What merely goes back to a pool is no closing.
    """
    making: dict[tuple[str, int], list[Known]] = {}
    for (path, _), known in clients.known.items():
        making.setdefault((path, known.site.function), []).append(known)
    for path in sorted(found):
        view = values.program.modules[path]
        stored = {(function, terminal(assign.target)) for assign, function in view.stores}
        stored |= {
            (each.function, name)
            for scope in view.names
            for name, bindings in scope.items()
            for each in bindings
            if each.kind == "assign" and each.function
        }
        for number in sorted(found[path]):
            each = found[path][number]
            receiver = each.receiver
            if each.method is None or each.method.effect is not Effect.CLOSE or receiver is None:
                continue
            client = made.get((receiver.origin.path, receiver.origin.span)) if receiver.origin is not None else None
            if client is None or client.type != receiver.type:
                continue
            site = each.site
            yield Closing(
                at=where(values, path, head(site.call)),
                call=call_name(site.call),
                client=client,
                function=view.name_of(site.function),
                lifetime=lifetimes.of_site(path, site),
                rescues=bool(site.rescues),
                conditional=bool(site.tests),
                replaces=_replaces(site, making.get((path, site.function), ()), stored),
                quits=any(spelled_plain(other.call.callee) in _QUITS for other in view.inside(site.function)),
                certain=each.certain,
            )


def _replaces(site: Site, making: Sequence[Known], stored: Set[tuple[int, str]]) -> bool:
    """Does the function around a closing make a client, or assign the variable that holds the closed one.

    ``making``: the constructors in that function. ``stored``: functions with the names that they assign.
    """
    callee = site.call.callee
    name = terminal(callee.owner) if isinstance(callee, nodes.Member) else ""
    for known in making:
        made = known.site.call.callee
        again = isinstance(made, nodes.Member) and terminal(made.owner) == name  # the same object, opened: no other one
        if not again:
            return True
    return (site.function, name) in stored


def spelled_plain(node: nodes.Expr) -> str:
    """``process.exit``: a dotted name as written, ``""`` for anything else."""
    match node:
        case nodes.Name(id=name):
            return name
        case nodes.Member(owner=owner, name=name):
            before = spelled_plain(owner)
            return f"{before}.{name}" if before else ""
        case _:
            return ""
