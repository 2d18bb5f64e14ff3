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
    said = f"`{statement.call}`" if statement.remedy else f"`{statement.call}()`" if called else f"`{statement.text}`"
    if any("worker_defaults" in client.options for client in statement.clients):
        return  # may switch it off
    if statement.remedy:
        yield Finding(
            statement.at,
            f"{said} listens for its jobs or messages {found.said}: LISTEN succeeds there, and no notification arrives. The "
            "server connection that listens is given to other clients.",
            statement.remedy.replace("{direct}", _direct(found.route.direct).removesuffix(_OR_SESSION)),
            found.because,
            found.certainty,
        )
        return
    channel = f" on `{statement.subject}`" if statement.subject and called else ""
    yield Finding(
        statement.at,
        f"{said}{channel} {found.said} succeeds, and no notification arrives. The server connection that listens is "
        "given to other clients, and at times one of them is sent the notification instead.",
        f"Listen on a connection of its own over {_direct(found.route.direct)}.",
        found.because,
        found.certainty,
    )


_OR_SESSION = ", or over a pool in session mode"


def _direct(direct: str) -> str:
    return f"the direct address ({direct})" if direct else f"the server's direct address{_OR_SESSION}"
