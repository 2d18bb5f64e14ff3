"""Alembic: revisions, which run once.

Facts: alembic 1.16 (``script/base.py``: a revision's ``upgrade`` and ``downgrade`` are called by its commands).
"""

from collections.abc import Iterator

from pooltlint.frameworks import Entry, Look
from pooltlint.model.topology import Runs


def entries(look: Look) -> Iterator[Entry]:
    """``upgrade`` and ``downgrade`` of a file that uses Alembic's operations."""
    if not any(each.module == "alembic" and each.name == "op" for each in look.scopes.module.imports):
        return
    for index, function in enumerate(look.functions):
        if function.parent == 0 and function.name in ("upgrade", "downgrade"):
            yield look.own(index, Runs.SCRIPT, f"Alembic revision's {function.name}")
