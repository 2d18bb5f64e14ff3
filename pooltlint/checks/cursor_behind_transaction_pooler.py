"""Cursors that outlive their transaction, over a transaction pooler."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Finding
from pooltlint.model.pooling import pooling
from pooltlint.model.topology import Client, Runs, Sql, Statement, Topology
from pooltlint.model.value import constants


def check(topology: Topology) -> Iterator[Finding]:
    """``WITH HOLD`` in SQL and by a driver's option, and what Django's ``.iterator()`` sends."""
    for statement in topology.statements:
        yield from _statement(statement)
    for client in topology.clients:
        if client.type == "django.Database":
            yield from _django(client)


def _statement(statement: Statement) -> Iterator[Finding]:
    if statement.sql is not Sql.HOLD_CURSOR or statement.lifetime.runs is Runs.TEST:
        return
    found = next((each for client in statement.clients if (each := pooling(client.urls, client.claim))), None)
    if found is None:
        return
    called = statement.text.endswith("()")
    said = f"`{statement.call}(…, withhold=True)`" if called else f"`{statement.text}`"
    yield Finding(
        statement.at,
        f"{said} {found.said} outlives its transaction on one server connection, and FETCH after it may run on any: it "
        f'fails with `cursor "{statement.subject or "…"}" does not exist`, or reads the rows of another client\'s cursor '
        "of that name.",
        (
            "Leave `withhold=True` out and read all rows before commit()"
            if called
            else "Leave WITH HOLD out and fetch all rows in the transaction that declares it"
        )
        + ", or page by key (`WHERE id > … ORDER BY id LIMIT …`).",
        found.because,
        found.certainty,
    )


def _django(client: Client) -> Iterator[Finding]:
    """Outside of ``atomic()`` the cursor of ``.iterator()`` is WITH HOLD (Django 5.2 ``postgresql/base.py``).

    Django's own forms use it for the choices of a foreign key (``forms/models.py`` ModelChoiceIterator). Nothing
    is said where every request runs in a transaction.
    """
    if client.open_options or client.lifetime.runs in (Runs.TEST, Runs.SCRIPT):
        return
    given = client.options.get("disable_server_side_cursors")
    if (given is not None and constants(given) != [False]) or (
        "atomic_requests" in client.options and constants(client.options["atomic_requests"]) != [False]
    ):
        return
    engines = constants(client.options.get("engine"))
    if any(isinstance(each, str) and "." in each and not each.startswith(_ENGINES) for each in engines):
        return  # somebody's own backend may declare its cursors as it likes
    found = pooling(client.urls)
    if found is None or any(_switched(text) for key, text in _parameters(client) if key.upper() == _SWITCH):
        return
    yield Finding(
        client.place_options.get("disable_server_side_cursors", client.at),
        f"`{client.call}` keeps server-side cursors switched on {found.said}: outside of `atomic()` every `.iterator()`, Django's "
        'own for the choices of a form\'s foreign key included, fails with `cursor "_django_curs_…" does not exist` or '
        "returns rows twice or not at all.",
        f'Write `"{_SWITCH}": True` into `{client.call}` (beside ENGINE, not into OPTIONS; '
        "`disable_server_side_cursors=True` for dj_database_url).",
        found.because,
        found.certainty,
    )


_ENGINES = (
    "django.db.backends.",
    "django.contrib.gis.db.backends.",
    "django_prometheus.db.backends.",
    "django_tenants.",
    "psqlextra.",
    "timescale.",
    "dj_db_conn_pool.",
)
"""Backends that leave Django's cursors as they are."""

_SWITCH = "DISABLE_SERVER_SIDE_CURSORS"


def _parameters(client: Client) -> Iterator[tuple[str, str]]:
    for url in client.urls:
        yield from url.dsn.parameters


def _switched(text: str) -> bool:
    return text.lower() not in ("false", "0", "off", "no", "")
