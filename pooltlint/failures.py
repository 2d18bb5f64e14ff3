"""Our own bugs, as problems of a report: where it happened, and nothing of what the audited files say."""

from __future__ import annotations

import os

from pooltlint.model.finding import Problem


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
