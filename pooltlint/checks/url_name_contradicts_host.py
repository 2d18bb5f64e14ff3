"""A variable whose name promises a direct connection, or a pooled one, and whose value is the other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Mode, Url

_DIRECT = re.compile(r"(?:^|_)(?:DIRECT|UNPOOLED|NON_?POOL(?:ED|ING)|NO_?POOL(?:ED|ER|ING)?)(?:_|$)")
_POOLED = re.compile(r"(?:^|_)(?:POOLED|POOLER|POOLING|POOL_UR[LI]|PGBOUNCER)(?:_|$)|_POOL$")
_POOL_NAME = re.compile(r"(?:^|[-_])pool(?:[-_]|\d*$)")


def check(url: Url) -> Iterator[Finding]:
    """The host decides what a connection string is (knowledge of providers), its name only what people take it for.

    Session mode keeps a server connection for each client: good enough for what a direct one is for.
    """
    if url.at is None or url.declared or url.profile in (Profile.TEST, Profile.CI):
        return
    name, route = url.name.upper(), url.route
    certainty = min(route.certainty, Certainty.MEDIUM if url.profile is Profile.EXAMPLE else Certainty.HIGH)
    if _DIRECT.search(name) and route.multiplexes:
        yield Finding(
            url.at,
            f"{url.name} is no direct connection: it leads through {route.pooler or 'a pooler'} in {route.mode.value} mode"
            f"{_told(url)}. "
            "Migrations and whatever else asks for it because of its name fail there, or lose their session half-way.",
            f"Give it the direct address: {route.direct}." if route.direct else "Give it the server's own address.",
            tuple(each for each in route.because if each.at is not None and each.at != url.at),
            certainty,
        )
    elif not _DIRECT.search(name) and _POOLED.search(name) and _surely_direct(url):
        yield Finding(
            url.at,
            f"{url.name} leads through no pooler: {_why(url)}. Every client that takes it for pooled holds server "
            "connections of its own.",
            f"Give it the pooled address: {route.pooled}." if route.pooled else "Give it the pooler's address.",
            (),
            certainty,
        )
    elif url.dsn.port == 25060 and _POOL_NAME.search(url.dsn.database) and route.mode is Mode.DIRECT:
        yield Finding(
            url.at,
            f"{url.name or 'This connection string'} names the pool {url.dsn.database} on port 25060, where DigitalOcean has "
            "the server itself: the connection fails with `database does not exist`.",
            "Write port 25061 for the pool, or the database's own name for the server.",
            (),
            min(certainty, Certainty.MEDIUM),
        )


def _surely_direct(url: Url) -> bool:
    """A provider's own address; a server of a compose file may stand for a pooler on a developer's machine."""
    return url.route.mode is Mode.DIRECT and url.route.certainty is Certainty.HIGH and bool(url.route.pooled)


def _told(url: Url) -> str:
    """What the address itself says, in brackets."""
    return next((f" ({each.text})" for each in url.route.because if each.at == url.at), "")


def _why(url: Url) -> str:
    return next((each.text for each in url.route.because), "its host is the server itself")
