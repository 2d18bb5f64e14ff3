"""For programs: everything the report holds, in one versioned envelope; its schema is ``report.schema.json``."""

import json
from typing import TYPE_CHECKING, Any, TextIO

from pooltlint import __version__
from pooltlint.fingerprints import own
from pooltlint.model.finding import Fix, Hushed, Note, Problem, Report, Severity, Verdict
from pooltlint.model.source import Place
from pooltlint.redaction import prose
from pooltlint.sources import Sources

if TYPE_CHECKING:
    from pooltlint.rulebook import Rulebook

VERSION = 1
"""Of the envelope: raised when a reader of the old one could go wrong, not when a key is added."""


def render(report: Report, book: "Rulebook", sources: Sources, out: TextIO) -> None:
    """Write the report as JSON in plain ASCII, so that nothing in it can steer a terminal; equal runs, equal bytes.

    Columns are 1-based and count code points, as in the text report; ``start`` and ``end`` are byte offsets.
    """
    del book
    marks = iter(own((*report.verdicts, *(hushed.verdict for hushed in report.hushed)), sources))
    envelope = {
        "version": VERSION,
        "tool": {"name": "pooltlint", "version": __version__},
        "findings": [_finding(verdict, next(marks), sources) for verdict in report.verdicts],
        "hushed": [_hushed(each, next(marks), sources) for each in report.hushed],
        "problems": [_problem(problem) for problem in report.problems],
        "summary": {
            "files": report.files,
            **{
                severity.word + "s": sum(verdict.severity is severity for verdict in report.verdicts)
                for severity in sorted(Severity, reverse=True)
            },
            "hushed": len(report.hushed),
            "problems": len(report.problems),
        },
    }
    json.dump(envelope, out, indent=2)
    out.write("\n")


def _finding(verdict: Verdict, fingerprint: str, sources: Sources) -> dict[str, Any]:
    finding = verdict.finding
    return {
        "rule": verdict.rule,
        "severity": verdict.severity.word,
        "certainty": finding.certainty.word,
        "message": prose(finding.message),
        "remedy": prose(finding.remedy),
        "at": _place(finding.at, sources),
        "because": [_note(note, sources) for note in finding.because],
        "fix": _fix(finding.fix, sources) if finding.fix else None,
        "fingerprint": fingerprint,
    }


def _hushed(hushed: Hushed, fingerprint: str, sources: Sources) -> dict[str, Any]:
    return {
        "by": prose(hushed.by),
        "reason": prose(hushed.reason),
        "finding": _finding(hushed.verdict, fingerprint, sources),
    }


def _note(note: Note, sources: Sources) -> dict[str, Any]:
    return {"text": prose(note.text), "at": _place(note.at, sources) if note.at else None}


def _fix(fix: Fix, sources: Sources) -> dict[str, Any]:
    """The fix; without its edits when one would write out a secret, since a masked edit must not be applied."""
    shown = all(sources.harmless(edit.at.path, edit.text) for edit in fix.edits)
    edits = [{"at": _place(edit.at, sources), "text": edit.text} for edit in fix.edits] if shown else None
    return {"title": prose(fix.title), "edits": edits}


def _place(at: Place, sources: Sources) -> dict[str, Any]:
    column, end_column = sources.columns(at)
    return {
        "path": _exact(at.path),
        "line": at.line,
        "column": column,
        "endLine": at.end_line,
        "endColumn": end_column,
        "start": at.start,
        "end": at.end,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": _exact(problem.path),
        "line": problem.line,
        "message": prose(problem.message),
        "rule": problem.rule,
    }


def _exact(path: str) -> str:
    """The path as it is; bytes that are not UTF-8 (lone surrogates here) become U+FFFD, as strict readers demand."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
