"""Pauses: nothing is done at all, on purpose.

Facts: Python 3.13 (``time``, ``asyncio``), anyio 4, trio 0.32, Node 24 (``timers/promises``).
"""

from pooltlint.model.topology import PAUSE
from pooltlint.outside import Outside, names

MILLISECONDS = ("timers/promises.setTimeout", "node:timers/promises.setTimeout", "setTimeout")
"""Pauses that count in milliseconds; all others count in seconds."""

OUTSIDE = (
    Outside(PAUSE, {"time.sleep": names("()")}),
    Outside(
        PAUSE,
        {
            "asyncio.sleep": names("()"),
            "anyio.sleep": names("()"),
            "trio.sleep": names("()"),
            "timers/promises.setTimeout": names("()"),
            "node:timers/promises.setTimeout": names("()"),
            "setTimeout": names("()"),
        },
        promises=True,
    ),
)
