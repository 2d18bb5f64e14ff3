"""Files of commands: Dockerfile, Procfile, shell scripts and GitHub workflows. No command is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError, loads

from msgspec import Struct
from msgspec.structs import replace

from pooltlint.model.commands import conceal, lines, quoted, words
from pooltlint.model.environment import profile_of, variable
from pooltlint.model.facts import CommandFile, Profile, Script, Setting, Variable
from pooltlint.model.finding import Problem
from pooltlint.model.source import Span, line_starts, place
from pooltlint.outline.nodes import Comment
from pooltlint.readers import yaml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside, merged

MOST_BYTES = 500_000
"""Larger files are not read: no hand-written list of commands comes near."""

_DOCKERFILE = re.compile(r"(?i)(?:.*\.)?(?:dockerfile|containerfile)(?!.*ignore\Z)(?:[.-].*)?\Z")
_MOST_CHARACTERS = 20_000
_ROLES = (
    (
        re.compile(r"(?i)(?:docker-?)?entry-?point.*|(?:.*[-_])?(?:start|run|serve|server|web|worker)(?:[-_].*)?"),
        "start",
    ),
    (re.compile(r"(?i)(?:.*[-_])?(?:release|migrate|predeploy|pre-deploy)(?:[-_].*)?"), "release"),
    (re.compile(r"(?i)(?:.*[-_])?build(?:[-_].*)?"), "build"),
)


def read(path: str, data: bytes) -> CommandFile:
    """A file of commands, by its name: one script for each logical command line, with its place.

    - Dockerfile: ``RUN`` is role ``build``, ``CMD`` and ``ENTRYPOINT`` ``start``; ``ENV`` are variables.
      ``service`` is the stage's name for stages that the last one is not built on.
    - Procfile: ``service`` is the process type; ``release`` has the role ``release``, others ``start``.
    - Shell scripts: the role is what the file's name says. Assignments that stand alone or behind
      ``export`` are variables.
    - Workflows and composite actions: every ``run`` is role ``ci``, ``service`` the job, and
      ``environment`` what workflow, job and step set.

    Commands are without secrets. Never raises; what cannot be read is a problem.
    """
    if len(data) > MOST_BYTES:
        return CommandFile(path, (), problems=(Problem(path, 0, f"not read: larger than {MOST_BYTES} bytes"),))
    name = path.rpartition("/")[2]
    if name.endswith((".yml", ".yaml")):
        return _workflow(path, data)
    if _DOCKERFILE.match(name):
        return _dockerfile(path, data)
    if name.startswith("Procfile"):
        return _procfile(path, data)
    return _shell(path, data)


def _decoded(text: str) -> str:
    """Text that was read as one character for each byte, as what it says."""
    return text.encode("latin-1").decode("utf-8", "replace")


def _comments(data: bytes) -> tuple[Comment, ...]:
    if b"pooltlint" not in data:
        return ()
    return tuple(
        Comment(found[1].decode("utf-8", "replace").strip(), found.span())
        for found in re.finditer(rb"(?m)(?:^|(?<=[ \t]))#([^\r\n]*)", data)
        if b"pooltlint" in found[1]
    )


def _command(text: str) -> str:
    return conceal(text[:_MOST_CHARACTERS])


# --- Dockerfile ---------------------------------------------------------------------------------------

_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)[ \t]+")
_FLAGS = re.compile(r"(?:--[a-z]+(?:=\S*)?\s+)*")
_FROM = re.compile(r"(?i)(\S+)(?:\s+AS\s+(\S+))?")
_ENV = re.compile(r"([A-Za-z_][\w.-]*)=((?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\\.|[^\s\\\"'])*)", re.DOTALL)
_LEGACY_ENV = re.compile(r"([A-Za-z_][\w.-]*)[ \t]+(\S.*)", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_][\w.-]*)\1")


class _Line(Struct, frozen=True):
    """One instruction: its name in capitals, its arguments as long as in the source, their offset."""

    name: str
    text: str
    start: int
    body: Span | None = None


def _dockerfile(path: str, data: bytes) -> CommandFile:
    starts = line_starts(data)
    profile = profile_of(path)
    source = data.decode("latin-1")
    stage, number = "", -1
    bases: dict[str, str] = {}  # what each stage is built on
    images: dict[str, Setting] = {}
    found: list[tuple[str, Script | Variable]] = []
    for line in _instructions(source):
        if line.name == "FROM":
            number += 1
            named = _FROM.match(_FLAGS.sub("", line.text, count=1))
            stage = (named[2] if named and named[2] else str(number)).lower()
            bases[stage] = named[1].lower() if named else ""
            if named:
                at = place(path, starts, (line.start, line.start + len(line.text.rstrip())))
                images[stage] = Setting("FROM", named[1] if "$" not in named[1] else None, at, at)
        elif line.name == "ENV":
            for name, value, span in _env(line):
                found.append((stage, variable(name, value, place(path, starts, span), profile)))
        elif line.name in ("RUN", "CMD", "ENTRYPOINT"):
            role = "build" if line.name == "RUN" else "start"
            for text, span in _run(line, source):
                found.append((stage, Script(line.name, _command(_decoded(text)), place(path, starts, span), role)))
    last = {stage}
    while (base := bases.get(stage, "")) in bases and base not in last:
        last.add(base)
        stage = base
    scripts, variables = [], []
    for where, each in found:
        service = "" if where in last else where
        if isinstance(each, Script):
            scripts.append(replace(each, service=service))
        else:
            variables.append(replace(each, service=service))
    return CommandFile(
        path, tuple(scripts), tuple(variables), comments=_comments(data), lines=starts, base=images.get(stage)
    )


def _instructions(source: str) -> Iterator[_Line]:
    """The instructions; continuation marks and the comments between them are blanked, so that offsets stay.

    Docker's Dockerfile reference: ``# escape=`` directive, comments inside continued lines, here-documents.
    """
    directive = re.match(r"(?:\s*#[^\n]*\n)*?\s*#\s*escape\s*=\s*`", source[:500])
    escape = "`" if directive else "\\"
    rows = [(found.start(), found[0]) for found in re.finditer(r"[^\n]*\n|[^\n]+\Z", source)]
    at = 0
    while at < len(rows):
        start, row = rows[at]
        at += 1
        if not row.strip() or row.lstrip().startswith("#"):
            continue
        parts = []
        while True:
            body = row.rstrip()
            goes_on = body.endswith(escape)
            parts.append((body[:-1] if goes_on else body).ljust(len(row)))
            while goes_on and at < len(rows) and (not rows[at][1].strip() or rows[at][1].lstrip().startswith("#")):
                parts.append(" " * len(rows[at][1]))
                at += 1
            if not goes_on or at >= len(rows):
                break
            row = rows[at][1]
            at += 1
        text = "".join(parts)
        span = None
        for heredoc in list(_HEREDOC.finditer(text))[:10] if re.match(r"(?i)\s*(?:RUN|COPY|ADD)\b", text) else ():
            first = at
            while at < len(rows) and rows[at][1].strip() != heredoc[2]:
                at += 1
            if at > first:
                span = (rows[first][0], rows[at][0] if at < len(rows) else len(source))
            at += 1
        found = _INSTRUCTION.match(text)
        if found:
            yield _Line(found[1].upper(), text[found.end() :].rstrip(), start + found.end(), span)


def _run(line: _Line, source: str) -> Iterator[tuple[str, Span]]:
    flags = _FLAGS.match(line.text)
    text = line.text[flags.end() :] if flags else line.text
    start = line.start + len(line.text) - len(text)
    if line.body and re.fullmatch(r"<<-?\s*(['\"]?)[A-Za-z_][\w.-]*\1", text.strip()):
        begin, end = line.body
        for first, last in lines(source[begin:end]):
            yield source[begin + first : begin + last], (begin + first, begin + last)
        return
    if text.startswith("["):
        try:
            argv = loads(_decoded(text))
        except (JSONDecodeError, RecursionError):
            argv = None  # Docker takes it for the shell form, too
        if isinstance(argv, list) and all(isinstance(each, str) for each in argv):
            if argv:
                yield quoted(argv).encode("utf-8").decode("latin-1"), (start, start + len(text))
            return
    if text.strip():
        # blanked continuations leave long gaps; inside quotes they are gone as well, which no command minds
        yield re.sub(r"[ \t\r\n]{2,}", " ", text).strip(), (start, start + len(text))


def _env(line: _Line) -> Iterator[tuple[str, str, Span]]:
    first = line.text.split(None, 1)[0] if line.text.strip() else ""
    if "=" not in first:
        found = _LEGACY_ENV.match(line.text)
        if found:
            yield found[1], _decoded(found[2].strip()), (line.start + found.start(2), line.start + found.end(2))
        return
    for found in _ENV.finditer(line.text):
        start, end = found.span(2)
        if found[2][:1] in ("'", '"') and found[2][-1:] == found[2][:1] and end - start > 1:
            start, end = start + 1, end - 1
        value = re.sub(
            r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'", lambda each: each[1] if each[1] is not None else each[2], found[2]
        )
        yield found[1], _decoded(re.sub(r"\\([\"\\ $])", r"\1", value)), (line.start + start, line.start + end)


# --- Procfile and shell -------------------------------------------------------------------------------


def _procfile(path: str, data: bytes) -> CommandFile:
    """Heroku's Procfile: ``name: command`` lines."""
    starts = line_starts(data)
    scripts = []
    for found in re.finditer(rb"(?m)^([A-Za-z0-9_-]+):[ \t]*(\S[^\r\n]*)", data):
        name = found[1].decode()
        command = found[2].decode("utf-8", "replace").rstrip()
        span = (found.start(2), found.start(2) + len(found[2].rstrip()))
        role = "release" if name == "release" else "start"
        scripts.append(Script(name, _command(command), place(path, starts, span), role, service=name))
    return CommandFile(path, tuple(scripts), comments=_comments(data), lines=starts)


def _shell(path: str, data: bytes) -> CommandFile:
    starts = line_starts(data)
    source = data.decode("latin-1")
    stem = path.rpartition("/")[2].rpartition(".")[0] or path.rpartition("/")[2]
    role = next((role for pattern, role in _ROLES if pattern.fullmatch(stem)), "script")
    profile = profile_of(path)
    scripts, variables = [], []
    for start, end in lines(source):
        text = source[start:end]
        assigned = list(_assignments(text)) if "=" in text else []
        if not assigned:
            scripts.append(Script(stem, _command(_decoded(text)), place(path, starts, (start, end)), role))
        for name, value, (first, last) in assigned:
            variables.append(
                variable(name, _decoded(value), place(path, starts, (start + first, start + last)), profile)
            )
    return CommandFile(path, tuple(scripts), tuple(variables), comments=_comments(data), lines=starts)


def _assignments(text: str) -> Iterator[tuple[str, str, Span]]:
    """The assignments of a line that does nothing else (``export`` included)."""
    if not re.match(r"(?:export\s+)?[A-Za-z_]\w*=", text):
        return
    commands = words(text)
    if len(commands) != 1:
        return
    given = commands[0][1:] if commands[0][0] == "export" else commands[0]
    if not all(re.match(r"[A-Za-z_]\w*(?:=|\Z)", each) for each in given) or (
        commands[0][0] != "export" and not all("=" in each for each in given)
    ):
        return
    for each in given:
        name, assigned, value = each.partition("=")
        found = re.search(rf"(?<!\w){name}=(\"(?:[^\"\\]|\\.)*\"|'[^']*'|\S*)", text) if assigned else None
        if not found or "$(" in value or "`" in value:
            continue
        start, end = found.span(1)
        if found[1][:1] in ("'", '"') and end - start > 1:
            start, end = start + 1, end - 1
        yield name, value, (start, end)


# --- GitHub workflows -----------------------------------------------------------------------------------


def _workflow(path: str, data: bytes) -> CommandFile:
    """A workflow, or a composite action (GitHub documentation, "Workflow syntax")."""
    documents, problems = yaml_nodes.compose(path, data)
    starts = line_starts(data)
    top = documents[0] if documents else None
    scripts: list[Script] = []
    shared = _environment(path, starts, _at(top, "env"), "")
    variables = dict(enumerate(shared.values()))
    jobs: list[tuple[str, Node | None]] = [(key.text, job) for key, job in _pairs(_at(top, "jobs"))]
    jobs = jobs or [("", _at(top, "runs"))]
    for job, node in jobs:
        own = _environment(path, starts, _at(node, "container", "env"), job) | _environment(
            path, starts, _at(node, "env"), job
        )
        variables |= dict(enumerate(own.values(), len(variables)))
        steps = _at(node, "steps")
        for step in steps.items if isinstance(steps, Seq) else ():
            mine = _environment(path, starts, _at(step, "env"), job)
            variables |= dict(enumerate(mine.values(), len(variables)))
            run, named, shell = _at(step, "run"), _at(step, "name"), _at(step, "shell")
            if not isinstance(run, Scalar) or (isinstance(shell, Scalar) and shell.text.startswith(("python", "node"))):
                continue
            name = named.text if isinstance(named, Scalar) else job
            environment = tuple((shared | own | mine).values())
            for text, span in _lines_of(run, data):
                scripts.append(Script(conceal(name), _command(text), place(path, starts, span), "ci", job, environment))
    return CommandFile(
        path, tuple(scripts), tuple(variables.values()), tuple(problems), yaml_nodes.comments(data, documents), starts
    )


def _pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    return merged(node) if isinstance(node, Map) else []


def _at(node: Node | None, *keys: str) -> Node | None:
    for wanted in keys:
        node = next((value for key, value in _pairs(node) if key.text == wanted), None)
    return node


def _environment(path: str, starts: list[int], node: Node | None, service: str) -> dict[str, Variable]:
    return {
        key.text: variable(
            key.text, value.text if value.tag != "null" else "", place(path, starts, inside(value)), Profile.CI, service
        )
        for key, value in _pairs(node)
        if isinstance(value, Scalar)
    }


def _lines_of(run: Scalar, data: bytes) -> Iterator[tuple[str, Span]]:
    """The command lines of a ``run``; exact places where the text stands as it is, else the whole value's."""
    start, end = inside(run)
    if run.style == "|":
        start = data.find(b"\n", start, end) + 1 or end
    if run.style == "|" or (run.style == "" and data[start:end].decode("utf-8", "replace") == run.text):
        source = data[start:end].decode("latin-1")
        for first, last in lines(source):
            yield _decoded(source[first:last]), (start + first, start + last)
        return
    for first, last in lines(run.text):
        yield run.text[first:last], (start, end)
