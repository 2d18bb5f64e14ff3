"""A setting that the pinned release of PgBouncer does not know yet, or any more."""

from collections.abc import Iterator

from pooltlint.model.finding import Finding
from pooltlint.model.topology import Pooler


def check(pooler: Pooler) -> Iterator[Finding]:
    """One finding for each setting, where it is written."""
    for each in pooler.newer if pooler.name == "PgBouncer" else ():
        quoted = each.name if " " in each.name else f"`{each.name}`"
        yield Finding(
            each.at,
            f"PgBouncer {pooler.version} does not start with {quoted}, which "
            f"{f'was removed in {each.until}' if each.until else f'came with {each.since}'}. "
            "It stops with `FATAL cannot load config file`, and every application behind it loses its database.",
            "Remove the line." if each.until else f"Run PgBouncer {each.since} or later, or remove the line.",
            pooler.release,
        )
