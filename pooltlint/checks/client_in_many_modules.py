"""Several modules of one process each make their own client for the same connection string."""

import posixpath
from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Client, Twin


def check(client: Client) -> Iterator[Finding]:
    """Speaks of the second client and each further one; the chain leads to the first."""
    first = client.twin
    if first is None:
        return
    count = client.limit.count if client.limit is not None else None
    size = f" of up to {count} connections" if count else ""
    named = f", `{first.variable}`" if first.variable else ""
    yield Finding(
        client.at,
        f"`{client.call}` makes another {_noun(client)}{size} for a database that `{first.at.path}` has made one for in the "
        "same process. Each further one takes its own connections from the server and cannot use those that are idle "
        "in the others.",
        _remedy(first),
        (Note(f"`{first.call}` makes the first one{named}", first.at), first.together),
        Certainty.HIGH if client.certain else Certainty.MEDIUM,
    )


def _noun(client: Client) -> str:
    return "engine with a pool" if client.library == "SQLAlchemy" else "pool"


def _remedy(first: Twin) -> str:
    name = first.variable.rpartition(".")[2]
    what = f"`{name}`" if name else "it"
    if first.at.path.endswith(".py"):
        module = posixpath.splitext(first.at.path)[0].removesuffix("/__init__").replace("/", ".")
        return f"Make it once: import {what} from `{module}` here, and take this one out."
    return f"Make it once: export {what} from `{first.at.path}`, import it here, and take this one out."
