"""Connections that live long in a pool, and nothing tests or recycles them."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Client, Runs
from pooltlint.model.value import constants, surely

_POOLS = ("QueuePool", "AsyncAdaptedQueuePool")


def check(client: Client) -> Iterator[Finding]:
    """SQLAlchemy engines that serve requests or jobs; databases of Django with persistent connections."""
    if client.lifetime.runs is not Runs.ONCE or client.open_options:
        return
    if client.library == "Django":
        yield from _django(client)
    elif client.type in ("sqlalchemy.Engine", "sqlalchemy.AsyncEngine"):
        yield from _sqlalchemy(client)


def _sqlalchemy(client: Client) -> Iterator[Finding]:
    options = client.options
    if not client.serves or "pool_class" in options:
        return
    if "pre_ping" in options and constants(options["pre_ping"]) != [False]:
        return
    if "recycle_seconds" in options and constants(options["recycle_seconds"]) != [-1]:
        return
    yield Finding(
        client.at,
        f"Connections stay in the pool of `{client.variable or client.call}` for ever and nothing tests them before a request gets "
        "one. After a restart or failover of the server, or when something on the way drops idle connections, requests fail "
        f"with `{_raised(client)}`, once for each connection in the pool.",
        f"Pass `pool_pre_ping=True` to `{client.call}`: it tests a connection when it is taken and replaces a dead one.",
        client.serves,
        Certainty.HIGH if client.certain else Certainty.MEDIUM,
    )


def _raised(client: Client) -> str:
    if client.type == "sqlalchemy.AsyncEngine":
        return "InterfaceError: connection is closed"
    return "OperationalError: server closed the connection unexpectedly"


def _django(client: Client) -> Iterator[Finding]:
    options = client.options
    if "pool" in options or not surely(options.get("conn_max_age"), _lasting):
        return
    checks = options.get("conn_health_checks")
    if checks is not None and constants(checks) != [False]:
        return
    if client.version and _older(client.version):
        return  # there is no such setting before Django 4.1
    at = client.place_options.get("conn_max_age", client.at)
    yield Finding(
        at,
        "Django keeps connections between requests here and does not test them. After a restart or failover of the server, or when "
        "something on the way drops idle connections, the next request of every thread fails with `OperationalError: server closed "
        "the connection unexpectedly`.",
        'Add `"CONN_HEALTH_CHECKS": True` beside it (`conn_health_checks=True` for dj-database-url): one test at the first '
        "query of a request.",
        (Note("`CONN_HEALTH_CHECKS` is turned off", client.place_options.get("conn_health_checks")),)
        if checks is not None
        else (),
    )


def _lasting(age: object) -> bool:
    """``CONN_MAX_AGE`` above 0, or ``None``, which means for ever."""
    return age is None or (isinstance(age, int) and not isinstance(age, bool) and age > 0)


def _older(version: str) -> bool:
    first, _, rest = version.partition(".")
    second = rest.partition(".")[0]
    return first.isdigit() and (int(first), int(second) if second.isdigit() else 0) < (4, 1)
