"""PgBouncer in statement mode in front of clients that use transactions."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Mode, Pooler


def check(pooler: Pooler) -> Iterator[Finding]:
    """One finding for each pooler, where the mode is set."""
    if not pooler.bouncer or not pooler.transactions:
        return
    setting = pooler.settings.get("pool_mode")
    if pooler.modes.get("*") is not Mode.STATEMENT or setting is None:
        return
    yield Finding(
        setting.at,
        "PgBouncer pools by statement, in front of code that uses transactions: every one of them fails with "
        "`transaction blocks not allowed in statement pooling mode`, and PgBouncer closes the connection.",
        f"Set `{pooler.spell('pool_mode')}` to `transaction`.",
        pooler.transactions[:3],
        Certainty.HIGH,
    )
