"""What a finding is recognised by when its line has moved."""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2s
from itertools import accumulate, islice
from struct import unpack

from pooltlint.model.finding import Verdict
from pooltlint.sources import Sources

WINDOW = 100
"""How many UTF-16 units GitHub hashes from a line's first visible one on (codeql-action, src/fingerprints.ts)."""

_FACTOR = 37
_BITS = (1 << 64) - 1
_DROPPED = pow(_FACTOR, WINDOW, _BITS + 1)
_END = 0xFFFF


def line_hashes(data: bytes) -> Iterator[str]:
    """GitHub's ``primaryLocationLineHash`` of every line of a file, first line first.

    The algorithm of codeql-action v4 (src/fingerprints.ts): a polynomial hash over the 100 UTF-16
    units from the line's start, blanks left out and line ends made ``\n``, and how often it came
    up before. One value more than lines when the file ends in a line end.
    """
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    encoded = text.replace(" ", "").replace("\t", "").encode("utf-16-le", "surrogatepass")
    units = (*unpack(f"<{len(encoded) // 2}H", encoded), _END, *(0,) * WINDOW)
    sums = list(accumulate(units, lambda total, unit: (total * _FACTOR + unit) & _BITS, initial=0))
    starts = [0, *(index + 1 for index, unit in enumerate(units) if unit == 10)]
    seen: Counter[int] = Counter()
    for start in starts:
        value = (sums[start + WINDOW] - sums[start] * _DROPPED) & _BITS
        seen[value] += 1
        yield f"{value:x}:{seen[value]}"


def github(sources: Sources, path: str, lines: Iterable[int]) -> dict[int, str]:
    """GitHub's fingerprint by 1-based line, for those lines that have one that may be published.

    A line whose window holds a secret gets none: the hash would let anyone test guesses. The upload
    action then computes it from the checked-out sources.
    """
    wanted = sorted({line for line in lines if line > 0 and not sources.confidential(path, line, WINDOW)})
    if not wanted or not sources.data(path):
        return {}
    values = dict(enumerate(islice(line_hashes(sources.data(path)), wanted[-1]), 1))
    return {line: values[line] for line in wanted if line in values}


def own(verdicts: Iterable[Verdict], sources: Sources) -> list[str]:
    """Our fingerprint of each verdict: of its rule, its path and its line, masked and without blanks; then which it is.

    It survives changes elsewhere in the file and a new password; it changes with its own line.
    """
    every = list(verdicts)
    seen: Counter[str] = Counter()
    found = [""] * len(every)
    for index in sorted(range(len(every)), key=lambda index: (every[index].finding.at, every[index].finding.message)):
        at = every[index].finding.at
        text = "".join(sources.line(at.path, at.line).split())
        parts = "\0".join((every[index].rule, at.path, text))
        value = blake2s(parts.encode("utf-8", "replace"), digest_size=8, person=b"pooltlnt").hexdigest()
        seen[value] += 1
        found[index] = f"{value}:{seen[value]}"
    return found
