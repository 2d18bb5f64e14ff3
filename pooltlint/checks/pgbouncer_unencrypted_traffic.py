"""Connections of PgBouncer that leave the machine without TLS, or with TLS that verifies nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import LOCAL
from pooltlint.model.topology import Pooler, Reach

_WEAK = ("disable", "allow", "prefer")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_INSIDE = re.compile(
    r"(?:127|10|0)\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|.*\.(?:local|internal|lan|svc|intern|home|localdomain|private|test|example)(?:\.|$)"
)


def check(pooler: Pooler) -> Iterator[Finding]:
    """At most one finding for the side of the clients and one for the side of the servers."""
    if pooler.bouncer:
        yield from _clients(pooler)
        yield from _servers(pooler)


def _clients(pooler: Pooler) -> Iterator[Finding]:
    mode = pooler.value("client_tls_sslmode")
    if mode not in _WEAK:
        return
    written = pooler.settings.get("client_tls_sslmode")
    address = pooler.settings.get("listen_addr")
    own = address is not None and any(
        _ADDRESS.fullmatch(each.strip()) and not each.strip().startswith(("0.", "127."))
        for each in (address.text or "").split(",")
    )
    published = pooler.reach is Reach.PUBLISHED and (pooler.profile is Profile.PRODUCTION or written is not None)
    if not published and not (own and pooler.reach is Reach.NETWORK):
        return
    name = pooler.spell("client_tls_sslmode")
    said = f"`{name}` is `{mode}`" if written is not None else f"`{name}` is not set, which means `{mode}`"
    yield Finding(
        written.at if written is not None else address.at if own and address is not None else pooler.at,
        f"Clients may connect to PgBouncer without TLS, from other machines: {said}. Queries, rows and md5 password "
        "exchanges cross the network in clear.",
        f"Set `{name}` to `require`, with `client_tls_key_file` and `client_tls_cert_file`.",
        tuple(each for each in pooler.reached if each.at is None or written is not None or not own),
        Certainty.HIGH if written is not None and pooler.profile is Profile.PRODUCTION else Certainty.MEDIUM,
    )


def _servers(pooler: Pooler) -> Iterator[Finding]:
    mode = pooler.value("server_tls_sslmode")
    written = pooler.settings.get("server_tls_sslmode")
    if pooler.open or (written is not None and mode not in (*_WEAK, "require")):
        return
    far = next((each for each in pooler.backends if _far(each.host)), None)
    if far is None:
        return
    name = pooler.spell("server_tls_sslmode")
    if mode == "disable":
        said = f"in clear: `{name}` is `disable`{'' if written is not None else ' by default'}"
    elif mode in ("allow", "prefer"):
        said = f"without TLS when the other side offers none, and verifies nothing: `{name}` is `{mode}`{'' if written is not None else ' by default'}"
    elif mode == "require":
        said = f"with TLS that verifies nothing, so that anybody in between can pose as it: `{name}` is `require`"
    elif pooler.defaults:
        said = f"in clear, or with TLS that verifies nothing: `{name}` is not set, which means `disable` before 1.20 and `prefer` since"
    else:
        return
    yield Finding(
        written.at if written is not None else far.at,
        f"PgBouncer talks to `{far.host}` {said}.",
        f"Set `{name}` to `verify-full`, and `{_beside(pooler, 'server_tls_ca_file')}` to the provider's root certificate.",
        (Note("the server is here", far.at),) if written is not None else (),
        Certainty.HIGH if mode == "disable" and written is not None else Certainty.MEDIUM,
    )


def _beside(pooler: Pooler, name: str) -> str:
    for setting, variable in pooler.spelled.items():
        return f"{variable[: len(variable) - len(setting)]}{name.upper()}"
    return name


def _far(host: str) -> bool:
    """A host of another network: a public address, or a name of the internet."""
    return "." in host and host not in LOCAL and not _INSIDE.match(host) and not re.search(r"[$<>{}%]", host)
