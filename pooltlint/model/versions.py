"""What versions a dependency range lets in: npm, PEP 440 (with Poetry's signs) and RubyGems."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.version import Version

_ALTERNATIVES = re.compile(r"\|\|?")
_HYPHEN = re.compile(r"^\s*(\S+)\s+-\s+(\S+)\s*$")
_COMPARATOR = re.compile(r"(?<![\w.+-])(===|==|~=|~>|!=|<=|>=|\^|~|<|>|=)?\s*([vV]?[0-9*xX][^\s,|]*)")
_NUMBERS = re.compile(r"[vV=]*(\d{1,9}(?:\.\d{1,9})*)")
_NO_RANGE = re.compile(r"[/:@]")
_ANY = frozenset("*xX")


def minimum(wanted: str, ecosystem: str) -> Version | None:
    """The lowest version that a range lets in, or ``None`` when it names none (``latest``, ``*``, git, ``<3``)."""
    return span(wanted, ecosystem)[0]


def span(wanted: str, ecosystem: str) -> tuple[Version | None, Version | None]:
    """The lowest version a range lets in and the first one above it that it does not; ``None``: not bounded.

    ``ecosystem``: ``npm`` (node-semver: ``^ ~ x - ||``), ``pypi`` (PEP 440 with Poetry's ``^`` and
    ``~``) or ``gem`` (``~>``). Holes inside a range (``!=``, the gap between two alternatives) are not
    told. An exact version ends where the next patch begins. What is no range of versions (a tag, a
    URL, ``workspace:*``, ``catalog:``) is not bounded at all. Never raises.
    """
    text = wanted.strip()
    if ecosystem == "npm":
        text = text.removeprefix("workspace:")
        if text.startswith("npm:"):
            text = text.rpartition("@")[2] if text.rfind("@") > 4 else ""
    if not text or len(text) > 500 or _NO_RANGE.search(text):
        return None, None
    low: Version | None = None
    high: Version | None = None
    for number, alternative in enumerate(_ALTERNATIVES.split(text)):
        below, above = _alternative(alternative, ecosystem)
        if number == 0:
            low, high = below, above
        else:
            low = min(low, below) if low and below else None
            high = max(high, above) if high and above else None
    return low, high


def version(text: str) -> Version | None:
    """A version as written in any of the three ecosystems, or ``None``.

    What PEP 440 cannot say (npm's ``1.0.0-canary.5``) becomes a development release of the same
    numbers: below the release, as semver has it.
    """
    from packaging.version import InvalidVersion, Version

    text = text.strip()
    try:
        return Version(text) if len(text) < 100 else None
    except InvalidVersion:
        numbers = _NUMBERS.match(text)
        if not numbers:
            return None
        return Version(numbers[1] if text[numbers.end() :].startswith("+") else f"{numbers[1]}.dev0")


def _alternative(text: str, ecosystem: str) -> tuple[Version | None, Version | None]:
    """The bounds of comparators that all have to hold."""
    hyphen = _HYPHEN.match(text) if ecosystem == "npm" else None
    pairs = [(">=", hyphen[1]), ("<=", hyphen[2])] if hyphen else _COMPARATOR.findall(text)
    low: Version | None = None
    high: Version | None = None
    for operator, written in pairs:
        below, above = _comparator(operator, written, ecosystem)
        low = max(low, below) if low and below else low or below
        high = min(high, above) if high and above else high or above
    return low, high


def _comparator(operator: str, written: str, ecosystem: str) -> tuple[Version | None, Version | None]:
    """The bounds of one comparator."""
    from packaging.version import Version

    parts = written.lstrip("vV").split(".")
    wild = next((at for at, part in enumerate(parts) if part in _ANY), None)
    text = ".".join(parts[:wild])
    exact = version(text) if text else None
    if exact is None or operator == "!=":
        return None, None
    release = exact.release
    count = len(release)
    partial = wild is not None or (ecosystem == "npm" and count < 3 and not exact.is_prerelease)

    def upto(kept: int) -> Version:
        """The version that raises the last of the first ``kept`` numbers by one."""
        padded = (*release, 0, 0, 0)[:kept]
        return Version(".".join(map(str, (*padded[:-1], padded[-1] + 1))))

    after = upto(count) if partial else Version(exact.base_version) if exact.is_prerelease else upto(max(count, 3))
    match operator:
        case ">=":
            return exact, None
        case ">":
            return after, None
        case "<":
            return None, exact
        case "<=":
            return None, after
        case "^":
            leading = next((at for at, number in enumerate(release) if number), None)
            return exact, upto(count if leading is None else leading + 1)
        case "~":
            return exact, upto(min(count, 2))
        case "~=" | "~>":
            return exact, upto(max(count - 1, 1))
        case _:
            return exact, after
