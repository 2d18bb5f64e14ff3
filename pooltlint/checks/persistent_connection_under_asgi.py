"""Django keeps connections for the next request of a thread that is never asked again."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.budget import Workload
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Client, Runs
from pooltlint.model.truth import Truth
from pooltlint.model.value import FromEnv, Value, constants, surely


def check(client: Client) -> Iterator[Finding]:
    """Databases of Django that an ASGI server runs in production, whose connections outlive a request."""
    if client.library != "Django" or client.lifetime.runs is not Runs.ONCE or client.closed is not None:
        return
    age = client.options.get("conn_max_age")
    if not surely(age, _lasting) or _own_pool(client) or _older(client.version):
        return
    asgi = [each for each in client.run_by if each.asgi is Truth.YES]
    if not asgi:
        return
    at = client.place_options.get("conn_max_age", client.at)
    work = asgi[0]
    pooled = "pool" in client.options and constants(client.options["pool"]) not in ([False], [None])
    if pooled:
        message = (
            "With Django's pool, `CONN_MAX_AGE` has to be 0: a connection that stays with its thread never goes back into the "
            "pool. Django refuses to connect: `ImproperlyConfigured: Pooling doesn't support persistent connections.`"
        )
        remedy = "Take `CONN_MAX_AGE` out, or set it to 0: the pool keeps connections by itself."
    else:
        message = (
            f"{work.program} runs Django under ASGI, where each request has a thread of its own, so a connection that is kept for "
            f"the next request (`CONN_MAX_AGE`{_shown(age)}) is never used again: each request opens a new one, and the old ones stay open "
            "until the garbage collector finds them. Under load PostgreSQL refuses with `FATAL: sorry, too many clients already`."
        )
        remedy = (
            'Set `CONN_MAX_AGE` to 0 (`conn_max_age=0`). To reuse connections, use Django\'s own pool: `"OPTIONS": {"pool": True}` '
            "(Django 5.1, `psycopg[pool]`)."
        )
    yield Finding(at, message, remedy, _chain(work), _certainty(client, age, asgi))


def _chain(work: Workload) -> tuple[Note, ...]:
    notes = tuple(each for each in work.because if each.at is not None)
    return notes[-1:] or (Note(f"{work.name} runs {work.program}", work.at),)


def _certainty(client: Client, age: Value | None, asgi: list[Workload]) -> Certainty:
    """Low where another service answers over WSGI, which leaves ASGI the websockets, and where a variable decides."""
    if len([each for each in client.run_by if each.kind == "service" and _web(each)]) > len(asgi):
        return Certainty.LOW
    return Certainty.MEDIUM if isinstance(age, FromEnv) or not client.version else Certainty.HIGH


def _web(work: Workload) -> bool:
    return work.program in ("gunicorn", "uWSGI", "Waitress", "Granian") or work.asgi is Truth.YES


def _shown(age: Value | None) -> str:
    known = constants(age) if age is not None else []
    return f" {known[0]}" if len(known) == 1 else ""


def _lasting(age: object) -> bool:
    """``CONN_MAX_AGE`` above 0, or ``None``, which means for ever."""
    return age is None or (isinstance(age, int) and not isinstance(age, bool) and age > 0)


def _own_pool(client: Client) -> bool:
    """A backend with a pool of its own decides by itself what a connection's life is."""
    return any("pool" in str(each) for each in constants(client.options.get("engine")))


def _older(version: str) -> bool:
    """Before 4.0 all requests of a process shared one thread (Django ticket 32889)."""
    first = version.partition(".")[0]
    return first.isdigit() and int(first) < 4
