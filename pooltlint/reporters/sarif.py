"""For code scanning: SARIF 2.1.0 as GitHub reads it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TextIO
from urllib.parse import quote

import sarif_om as om

from pooltlint import __version__
from pooltlint.fingerprints import github, own
from pooltlint.model.finding import Finding, Note, Problem, Report, Severity, Verdict
from pooltlint.model.source import Place
from pooltlint.redaction import prose
from pooltlint.rulebook import DOCS, Rulebook, unmarked
from pooltlint.sources import Sources

# docs.github.com, Code security, Reference, SARIF support.
_RESULTS = 25_000
_RELATED = 100
_STEPS = 1_000
_TEXT = 1_024
_TAGS = 10

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_TEXTS = ("short_description", "full_description", "help")
_CONCERN = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
_NOTICES = {
    "not-read": (
        "A file or part of it could not be read",
        "The file could not be read or understood, so nothing was reported about it. All other files were judged.",
    ),
    "rule-failed": (
        "A rule failed",
        "A rule failed on this code because of a mistake in pooltlint. All other rules were applied.",
    ),
    "results-cut": (
        "More findings than a code scanning upload may hold",
        "Only the most severe findings are in this file. The text and JSON reports hold all of them.",
    ),
}


def render(report: Report, book: Rulebook, sources: Sources, out: TextIO) -> None:
    """Write one run with every rule of the book, the findings (without the hushed ones) and the problems.

    Regions count UTF-16 code units. Equal runs give equal bytes: times and absolute paths are left out.
    """
    verdicts = _ordered(report.verdicts, sources)
    names = dict.fromkeys((*book.names, *(verdict.rule for verdict in verdicts)))
    rules = {name: index for index, name in enumerate(names)}
    notices = [_notice(problem) for problem in report.problems]
    if len(verdicts) > _RESULTS:
        notices.append(_cut_notice(len(verdicts)))
    run = om.Run(
        tool=om.Tool(driver=_driver([_rule(name, book) for name in rules])),
        automation_details=om.RunAutomationDetails(id="pooltlint/"),
        column_kind="utf16CodeUnits",
        newline_sequences=["\r\n", "\n", "\r"],
        invocations=[om.Invocation(execution_successful=True, tool_execution_notifications=notices)],
        results=list(_results(verdicts[:_RESULTS], rules, sources)),
    )
    log = om.SarifLog(schema_uri=_SCHEMA, version="2.1.0", runs=[run])
    out.write(json.dumps(_plain(log)) + "\n")  # without indentation the C encoder is at work: four times as fast


def _plain(value: Any) -> Any:
    """An object of sarif-om as JSON values: what is unset or the schema's default is left out, but never a level.

    A missing ``result.level`` means the rule's default level, not ``warning`` (GitHub), so it is always written.
    """
    kind = value.__class__
    if kind.__module__.startswith("sarif_om"):
        found = {}
        for name, key, default in _fields(kind):
            each = getattr(value, name)
            if each is not None and (key == "level" or each != default):
                found[key] = _plain(each)
        return found
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


@cache
def _fields(kind: type) -> list[tuple[str, str, Any]]:
    """Attribute, SARIF property and default of each field of a sarif-om class."""
    return [
        (
            field.name,
            field.metadata["schema_property_name"],
            field.default.factory() if hasattr(field.default, "factory") else field.default,
        )
        for field in kind.__attrs_attrs__  # type: ignore[attr-defined]  # sarif-om has no types
    ]


def _driver(rules: list[Any]) -> Any:
    return om.ToolComponent(
        name="pooltlint",
        semantic_version=__version__,
        version=__version__,
        information_uri=DOCS or None,
        rules=rules,
        notifications=[
            om.ReportingDescriptor(
                id=name,
                name=_pascal(name),
                short_description=_multiform(f"{short}."),
                full_description=_multiform(full),
                help=_multiform(full, markdown=full),
            )
            for name, (short, full) in _NOTICES.items()
        ],
    )


def _rule(name: str, book: Rulebook) -> Any:
    if name not in book:  # a finding is worth more than the page it misses
        return om.ReportingDescriptor(id=name, name=_pascal(name), **dict.fromkeys(_TEXTS, _multiform(f"{name}.")))
    page = book.page(name)
    markdown = unmarked(name, page.text.splitlines())[0].decode().strip()
    if DOCS:
        markdown += f"\n\n[{name}]({DOCS}{name})"
    return om.ReportingDescriptor(
        id=name,
        name=_pascal(name),
        short_description=_multiform(_sentence(page.title, _TEXT)),
        full_description=_multiform(_sentence(page.sections["What it finds"].partition("\n\n")[0], _TEXT)),
        help=_multiform(markdown, markdown=markdown),
        help_uri=f"{DOCS}{name}" if DOCS else None,
        default_configuration=om.ReportingConfiguration(level=page.rule.severity.word),
        properties={
            "tags": list(page.rule.tags[:_TAGS]),
            "precision": page.rule.certainty.word,
            "problem.severity": _CONCERN[page.rule.severity],
        },
    )


def _ordered(verdicts: Iterable[Verdict], sources: Sources) -> list[Verdict]:
    """Most severe first, then by path, line, column and rule; what a reader could not tell apart only once."""
    unique = {(each.rule, each.finding.at, each.finding.message): each for each in reversed(tuple(verdicts))}

    def key(verdict: Verdict) -> tuple[int, str, int, int, str, str]:
        at = verdict.finding.at
        column = sources.utf16_columns(at)[0]
        return -verdict.severity, at.path, at.line, column, verdict.rule, verdict.finding.message

    return sorted(unique.values(), key=key)


def _results(verdicts: Sequence[Verdict], rules: Mapping[str, int], sources: Sources) -> Iterable[Any]:
    lines: dict[str, set[int]] = {}
    for verdict in verdicts:
        lines.setdefault(verdict.finding.at.path, set()).add(verdict.finding.at.line)
    hashes = {path: github(sources, path, numbers) for path, numbers in lines.items()}
    for verdict, mark in zip(verdicts, own(verdicts, sources), strict=True):
        finding = verdict.finding
        fingerprints = {"pooltlint/v1": mark}
        if found := hashes[finding.at.path].get(finding.at.line):
            fingerprints["primaryLocationLineHash"] = found
        related = [(note, note.at) for note in finding.because if note.at][:_RELATED]
        yield om.Result(
            rule_id=verdict.rule,
            rule_index=rules[verdict.rule],
            level=verdict.severity.word,
            message=om.Message(text=_message(finding)),
            locations=[_location(finding.at, sources)],
            related_locations=[
                _location(at, sources, note.text, index) for index, (note, at) in enumerate(related, 1)
            ] or None,
            partial_fingerprints=fingerprints,
            code_flows=_flow(finding, related, sources),
            properties={"certainty": finding.certainty.word},
        )  # fmt: skip


def _message(finding: Finding) -> str:
    """The message, the chain with a link to each of its places, and the remedy: plain text, a line for each."""
    lines = [_unlinked(_sentence(prose(finding.message)))]
    index = 0
    for note in finding.because:
        text = prose(note.text)
        index += bool(note.at)
        linked = note.at and index <= _RELATED
        lines.append(f"- [{_escaped(text)}]({index})." if linked else f"- {_unlinked(_sentence(text))}")
    if finding.remedy:
        lines.append(f"Fix: {_unlinked(_sentence(prose(finding.remedy)))}")
    return "\n".join(lines)


def _flow(finding: Finding, related: list[tuple[Note, Place]], sources: Sources) -> list[Any] | None:
    """The chain's places in order with the finding's own last; ``None`` when there is only that one."""
    steps = [(at, note.text) for note, at in related if at != finding.at][-_STEPS + 1 :]
    if not steps:
        return None
    steps.append((finding.at, finding.message))
    locations = [om.ThreadFlowLocation(location=_location(at, sources, text)) for at, text in steps]
    return [om.CodeFlow(thread_flows=[om.ThreadFlow(locations=locations)])]


def _location(at: Place, sources: Sources, text: str = "", index: int = -1) -> Any:
    return om.Location(
        id=index,
        physical_location=om.PhysicalLocation(
            artifact_location=om.ArtifactLocation(uri=_uri(at.path)), region=_region(at, sources)
        ),
        message=om.Message(text=_unlinked(_sentence(prose(text)))) if text else None,
    )


def _region(at: Place, sources: Sources) -> Any:
    """The region; of an empty one only its line, so that something can be shown."""
    if at.end <= at.start:
        return om.Region(start_line=at.line)
    start, end = sources.utf16_columns(at)
    return om.Region(start_line=at.line, start_column=start, end_line=at.end_line, end_column=end)


def _notice(problem: Problem) -> Any:
    name = "rule-failed" if problem.rule else "not-read"
    region = om.Region(start_line=problem.line) if problem.line > 0 else None
    place = om.PhysicalLocation(artifact_location=om.ArtifactLocation(uri=_uri(problem.path)), region=region)
    text = f"{problem.rule}: {problem.message}" if problem.rule else problem.message
    return om.Notification(
        message=om.Message(text=_unlinked(_sentence(prose(text)))),
        level="error" if problem.rule else "warning",
        locations=[om.Location(physical_location=place)] if problem.path else None,
        descriptor=om.ReportingDescriptorReference(id=name, index=list(_NOTICES).index(name)),
    )


def _cut_notice(count: int) -> Any:
    return om.Notification(
        message=om.Message(text=f"{count:,} findings; the {_RESULTS:,} most severe are in this file."),
        level="warning",
        descriptor=om.ReportingDescriptorReference(id="results-cut", index=list(_NOTICES).index("results-cut")),
    )


def _uri(path: str) -> str:
    """The path as a relative URI reference: percent-encoded bytes, ``/`` kept."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _multiform(text: str, markdown: str | None = None) -> Any:
    return om.MultiformatMessageString(text=text, markdown=markdown)


def _sentence(text: str, limit: int | None = None) -> str:
    """The text on one line, ended by a full stop, and cut at a blank where it is too long."""
    text = " ".join(text.split())
    if limit and len(text) >= limit:
        text = text[: limit - 1].rpartition(" ")[0] + "…"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _escaped(text: str) -> str:
    """As the text of a link (SARIF 2.1.0, 3.11.6)."""
    return re.sub(r"([\\\[\]])", r"\\\1", text.rstrip("."))


def _unlinked(text: str) -> str:
    """The text with the brackets escaped that a reader would take for the end of a link's text."""
    return text.replace("](", "\\](")
