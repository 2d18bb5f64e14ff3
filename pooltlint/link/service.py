"""Which clients serve requests and jobs, and whether waiting for one of their connections ends by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from pooltlint.drivers import Effect
from pooltlint.link.clients import Clients
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.sites import Known, head, spelled, where
from pooltlint.link.values import Instance, Thing, Values, branches
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Kind, Runs
from pooltlint.model.truth import Truth
from pooltlint.model.value import constants
from pooltlint.outline import nodes
from pooltlint.outline.names import Site

_TAKES = (Effect.ACQUIRE, Effect.BORROW, Effect.QUERY, Effect.TRANSACTION)
_ENDLESS = (0, None, False)
"""Values of a limit in time that mean none."""

Made = Mapping[tuple[str, tuple[int, int]], Client]


def served(
    values: Values, clients: Clients, lifetimes: Lifetimes, found: Mapping[str, Mapping[int, Known]], made: Made
) -> dict[Place, Client]:
    """The process-long pools by place, with the first use that a request or job makes of each and with what bounds waiting."""
    pools = {
        each.at: replace(each, bounded=_by_option(each, _option(clients, key)))
        for key, each in made.items()
        if each.kind is Kind.POOL and each.opens and each.lifetime.runs is Runs.ONCE
    }
    timed = {
        name: method.waits
        for _, each in values.shelf.types.values()
        for name, method in each.methods.items()
        if method.waits
    }
    by_call = {name for name, (_, each) in values.shelf.types.items() if any(m.waits for m in each.methods.values())}
    for path, site, instance in _uses(values, found):
        for at in _behind(clients, instance):
            client = pools.get(at)
            if client is None:
                continue
            if client.type in by_call:
                keyword = timed.get(site.call.callee.name if isinstance(site.call.callee, nodes.Member) else "")
                if keyword is None:
                    continue  # of these, nothing could be given a limit
                given = any(each.name == keyword or each.spread for each in site.call.args)
                client = replace(client, bounded=Truth.YES if given or client.bounded is Truth.YES else Truth.NO)
            pools[at] = client if client.serves else _serving(values, lifetimes, client, path, site)
    return pools


def _option(clients: Clients, key: tuple[str, tuple[int, int]]) -> str:
    construct = clients.known[key].construct if key in clients.known else None
    return construct.waits if construct is not None else ""


def _by_option(client: Client, option: str) -> Truth:
    """Does an option of the constructor bound waiting; unknown where no option could, or options are not known."""
    if not option:
        return Truth.UNKNOWN
    given = client.options.get(option)
    if given is None:
        return Truth.UNKNOWN if client.open_options else Truth.NO
    known = constants(given)
    return Truth.NO if known and all(each in _ENDLESS for each in known) else Truth.YES


def _uses(values: Values, found: Mapping[str, Mapping[int, Known]]) -> Iterator[tuple[str, Site, Instance]]:
    """Every call that takes a connection of something: those that drivers know first, then any method called on it."""
    for path in sorted(found):
        for number in sorted(found[path]):
            each = found[path][number]
            if each.method is not None and each.method.effect in _TAKES and each.receiver is not None:
                yield path, each.site, each.receiver
    for path, view in values:
        if view.module.language == "python":
            continue
        for number, site in enumerate(view.sites):
            callee = site.call.callee
            if number in found.get(path, {}) or not isinstance(callee, nodes.Member):
                continue
            if isinstance(callee.owner, nodes.Name | nodes.Member) and site.function:
                for worth in branches(values.of(path, site.function, callee.owner)):
                    inner = values.underlying(worth) if isinstance(worth, Thing) else worth
                    if isinstance(inner, Instance) and callee.name not in _free(values, inner):
                        yield path, site, inner


def _free(values: Values, instance: Instance) -> frozenset[str]:
    """The methods of an object that take no connection: listeners, and what ends it."""
    entry = values.shelf.types.get(instance.type)
    if entry is None:
        return frozenset()
    return entry[1].free | {name for name, each in entry[1].methods.items() if each.effect is Effect.CLOSE}


def _behind(clients: Clients, instance: Instance) -> Iterator[Place]:
    stack = list(clients.of_instance(instance))
    while stack:
        client = stack.pop()
        yield client.at
        stack.extend(client.wraps)


def _serving(values: Values, lifetimes: Lifetimes, client: Client, path: str, site: Site) -> Client:
    lifetime = lifetimes.of_site(path, site)
    if lifetime.runs not in (Runs.REQUEST, Runs.JOB):
        return client
    at = where(values, path, head(site.call))
    note = Note(f"`{spelled(site.call.callee)}` takes a connection", at)
    return replace(client, serves=(*lifetime.because, note), taken=at)
