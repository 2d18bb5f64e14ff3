"""Which definition of a connection string decides, and whether it leads through a transaction pooler: asked by many rules."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Note
from pooltlint.model.topology import Mode, Route, Url
from pooltlint.model.value import Edited, FromEnv, Joined, OneOf, Value

LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal", "::"})
"""Hosts that are this machine itself: they say nothing about production."""


def deciding(urls: Iterable[Url]) -> tuple[Url, ...]:
    """The definitions that say what production does.

    Production files decide; else files without a profile (``.env``); else example files, as
    documentation of production; else development files. Test and CI never decide. A local host
    proves nothing where another definition exists.
    """
    ranked: dict[int, list[Url]] = {}
    for url in urls:
        local = url.dsn.host in LOCAL and url.route.mode is Mode.UNKNOWN
        rank = {
            Profile.PRODUCTION: 0,
            Profile.UNKNOWN: 1,
            Profile.EXAMPLE: 2,
            Profile.DEVELOPMENT: 3,
        }.get(url.profile)
        if url.declared:
            rank = 0
        if rank is not None:
            ranked.setdefault(rank + (10 if local else 0), []).append(url)
    return tuple(ranked[min(ranked)]) if ranked else ()


def appended(url: Url, parameter: str) -> str:
    """How to add a parameter to a connection string, in words that stay right when another one is added first."""
    name = url.name or "the connection string"
    given = [f"{key}={value}" for key, value in url.dsn.parameters]
    if given or "?" in url.text:
        whole = "&".join((*given, parameter))
        return f"Append `&{parameter}` to {name}, so that its parameters are `?{whole}`."
    return f"Append `?{parameter}` to {name} (`&{parameter}` behind another parameter)."


def sources(value: Value | None) -> frozenset[str]:
    """The environment variables that a value is made of, those for user and password included."""
    match value:
        case FromEnv(name=name, default=default):
            return sources(default) | {name}
        case Joined(parts=parts) | OneOf(values=parts):
            return frozenset(name for each in parts for name in sources(each))
        case Edited(text=text):
            return sources(text)
        case _:
            return frozenset()


def same_source(one: Value | None, other: Value | None) -> bool:
    """Are two connection strings made of the same environment variables, at least one."""
    return bool(sources(one)) and sources(one) == sources(other)


class Pooling(Struct, frozen=True):
    """Evidence that successive transactions of a client run on different server connections.

    ``said``: the clause of a message that names the pooler (``behind Supavisor in transaction mode``).
    ``url`` is ``None`` where only an option of the client says it.
    """

    said: str
    route: Route
    because: tuple[Note, ...]
    certainty: Certainty
    url: Url | None = None


def pooling(urls: Iterable[Url], claim: Note | None = None) -> Pooling | None:
    """The transaction pooler that the deciding connection strings lead through, else the one that an option expects.

    ``claim`` only counts where no connection string surely says otherwise, and never makes it certain: a
    server that a compose file runs may be the developer's own.
    """
    decisive = deciding(urls)
    for url in decisive:
        if url.route.multiplexes:
            name = url.route.pooler or "a pooler"
            why = next((each.text for each in url.route.because if each.at == url.at), "")
            text = f"{url.name or 'the connection string'} leads through {name}{': ' if why else ''}{why}"
            rest = (each for each in url.route.because if each.at != url.at or (each.at is None and each.text != why))
            said = f"behind {name} in {url.route.mode.value} mode"
            return Pooling(said, url.route, (Note(text, url.at), *rest), url.route.certainty, url)
    if claim is None or any(
        url.route.mode is not Mode.UNKNOWN
        and (url.route.certainty is Certainty.HIGH or url.profile is Profile.PRODUCTION)
        for url in decisive
    ):
        return None
    said = "behind the transaction pooler that it is set up for"
    return Pooling(said, Route(Mode.TRANSACTION), (claim,), Certainty.MEDIUM)
