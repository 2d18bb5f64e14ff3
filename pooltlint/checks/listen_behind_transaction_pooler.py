"""LISTEN over a transaction pooler: it succeeds, and nothing is ever delivered."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Finding
from pooltlint.model.pooling import pooling
from pooltlint.model.topology import Runs, Sql, Statement, Through


def check(statement: Statement) -> Iterator[Finding]:
    """Also the library's own ``listen()``, which opens a connection over the same URL; NOTIFY is fine."""
    if statement.sql is not Sql.LISTEN or statement.lifetime.runs is Runs.TEST:
        return
    if statement.through is Through.POOL and not statement.text.endswith("()"):
        return  # SQL through a pool object is wrong with or without a pooler
    found = next((each for client in statement.clients if (each := pooling(client.urls, client.claim))), None)
    if found is None:
        return
    called = statement.text.endswith("()")
    said = f"`{statement.call}()`" if called else f"`{statement.text}`"
    channel = f" on `{statement.subject}`" if statement.subject and called else ""
    yield Finding(
        statement.at,
        f"{said}{channel} {found.said} succeeds, and no notification arrives. The server connection that listens is "
        "given to other clients, and at times one of them is sent the notification instead.",
        f"Listen on a connection of its own over {_direct(found.route.direct)}.",
        found.because,
        found.certainty,
    )


def _direct(direct: str) -> str:
    return f"the direct address ({direct})" if direct else "the server's direct address, or over a pool in session mode"
