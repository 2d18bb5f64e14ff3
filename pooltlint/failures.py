"""Our own bugs, as problems of a report: where it happened, and nothing of what the audited files say."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TypeVar

from pooltlint.model.finding import Problem

_T = TypeVar("_T")


def bug(error: Exception, path: str, where: str) -> Problem:
    """The problem for an exception that nobody expected.

    ``where``: the rule or room that failed; it makes the run end with exit code 3. The exception's own
    words are left out: they may quote the file. With ``POOLTLINT_TRACEBACK`` set it is raised instead.
    """
    if os.environ.get("POOLTLINT_TRACEBACK"):
        raise error
    place, trace = "", error.__traceback__
    while trace is not None:
        place = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return Problem(path, 0, f"internal error: {type(error).__name__}{place}; please report it", where)


def attempted(make: Callable[[], _T], otherwise: _T, problems: list[Problem], where: str, path: str = "") -> _T:
    """What ``make`` gives; ``otherwise`` with one more of ``problems`` when it fails, so that only this is lost."""
    try:
        return make()
    except (RecursionError, MemoryError):
        problems.append(Problem(path, 0, f"not followed to the end ({where}): nested too deep or too large"))
    except Exception as error:  # a bug of ours, of whatever kind: it is told, and all else goes on
        problems.append(bug(error, path, where))
    return otherwise


def gathered(make: Callable[[], Iterable[_T]], problems: list[Problem], where: str, path: str = "") -> list[_T]:
    """All that ``make`` gives; when it fails, what it gave before, with one more of ``problems``."""
    found: list[_T] = []
    attempted(lambda: found.extend(make()), None, problems, where, path)
    return found
