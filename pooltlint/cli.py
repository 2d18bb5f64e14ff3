"""The command line: argv → settings → audit → reporters → exit code."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from pooltlint import __version__
from pooltlint.usage import UsageError, meant

if TYPE_CHECKING:
    from pooltlint.discover import Found
    from pooltlint.model.finding import Report
    from pooltlint.model.topology import Topology
    from pooltlint.rulebook import Rulebook
    from pooltlint.settings import Settings
    from pooltlint.sources import Sources

CLEAN, FINDINGS, USAGE, INTERNAL = 0, 1, 2, 3
"""Exit codes."""

_SEVERITIES = ("note", "warning", "error")
_CERTAINTIES = ("low", "medium", "high")
_LONG_RUN = 500
"""Files from which on a run says what it is doing."""

_NOT_FORMATS = frozenset({"map"})
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def run(argv: Sequence[str]) -> int:
    """One whole run: the exit code. Everything a person must know about a failure is on standard error."""
    gc.disable()  # what a run makes lives to its end, and that is soon
    try:
        code = main.main(args=_with_command(argv), prog_name="pooltlint", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else CLEAN
    except UsageError as error:
        return _complain(f"error: {error}", USAGE)
    except click.ClickException as error:
        error.show(sys.stderr)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted", 130)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except Exception as error:  # a bug of ours ends with exit code 3 and no traceback
        from pooltlint.failures import bug

        return _complain(bug(error, "", "").message, INTERNAL)


def _with_command(argv: Sequence[str]) -> list[str]:
    """The arguments with ``check`` put before them unless they begin with a command or ask for the general help."""
    first = argv[0] if argv else ""
    return list(argv) if first in main.commands or first in ("-h", "--help", "--version", "-V") else ["check", *argv]


def _complain(message: str, code: int) -> int:
    from pooltlint.redaction import prose

    with contextlib.suppress(OSError):
        print(f"pooltlint: {prose(message)}", file=sys.stderr)
    return code


def _formats() -> list[str]:
    """The output formats: the modules of the reporters' room."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reporters")
    names = {name.partition(".")[0] for name in os.listdir(folder) if name.endswith(".py") and not name.startswith("_")}
    return sorted(names - _NOT_FORMATS)


class _Output(click.ParamType):  # type: ignore[type-arg]  # generic only from click 8.2 on
    """``FORMAT`` or ``FORMAT=FILE``."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "|".join(_formats()) + "[=FILE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, _, file = str(value).partition("=")
        if name not in _formats():
            raise UsageError(f"--format: there is no format {name!r}.{meant(name, _formats())}")
        return name, file

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(each) for each in _formats() if each.startswith(incomplete)]


def _words(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def _complete_rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from pooltlint.rulebook import Rulebook

    return [name for name in Rulebook().names if name.startswith(incomplete)]


def _words_option(flag: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        flag, multiple=True, callback=_words, metavar="RULES", help=text, shell_complete=_complete_rules
    )


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, "--version", "-V", message="pooltlint %(version)s")
def main() -> None:
    """Find Postgres connection-pool mistakes before they reach production.

    \b
      pooltlint                      audit the repository you are in
      pooltlint apps/web .env        audit these folders and files
      pooltlint budget               add up the connections, and compare them with the server's
      pooltlint explain RULE         why a rule exists, and how to fix what it finds

    Without a command, `check` runs: `pooltlint --format sarif .` is `pooltlint check --format sarif .`
    """


_PATHS = click.argument("paths", nargs=-1, type=click.Path(path_type=str), metavar="[PATHS]...")
_CONFIG = click.option(
    "--config", type=click.Path(path_type=str), metavar="FILE", help="Use this settings file and look for no other."
)
_JOBS = click.option(
    "--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="Processes to read files with.  [default: all cores]"
)
_EXCLUDE = click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out paths that match, written as in .gitignore. May be repeated.",
)
_FORCE = click.option(
    "--force-exclude", is_flag=True, help="Leave out excluded and git-ignored files even when they are named."
)
_COLOR = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
    help="Colours; auto obeys NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE.",
)  # fmt: skip


@main.command()
@_PATHS
@click.option(
    "--format",
    "-f",
    "formats",
    multiple=True,
    type=_Output(),
    help="How to write the report. May be repeated.  [default: text]",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=str),
    metavar="FILE",
    help="Write the report to FILE instead of standard output.",
)
@_words_option("--select", "Run only these rules, tags or ALL (comma list).")
@_words_option("--extend-select", "Run these as well.")
@_words_option("--ignore", "Do not run these.")
@click.option(
    "--min-severity", type=click.Choice(_SEVERITIES), help="Do not show what is less severe.  [default: note]"
)
@click.option(
    "--certainty", type=click.Choice(_CERTAINTIES), help="Show what is at least this certain.  [default: medium]"
)
@click.option(
    "--fail-on", type=click.Choice(_SEVERITIES), help="Exit with 1 from this severity on.  [default: warning]"
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when there are findings.")
@_CONFIG
@_EXCLUDE
@_FORCE
@click.option("--stdin-filename", metavar="PATH", help="Read standard input in place of this file.")
@_JOBS
@_COLOR
@click.option("--quiet", "-q", is_flag=True, help="Only findings: no summary, no problems.")
@click.option("--show-hushed", is_flag=True, help="Also list what comments and settings hush, with the reasons.")
def check(paths: tuple[str, ...], **options: Any) -> int:
    """Audit files and folders (default: the repository you are in).

    \b
    Examples:
      pooltlint .
      pooltlint --select error --fail-on error
      pooltlint --format text --format sarif=pooltlint.sarif
      pooltlint --ignore pool-oversized,pgbouncer-weak-auth apps/api
      pooltlint --stdin-filename src/db.ts < src/db.ts

    \b
    Exit codes:
      0  nothing at or above --fail-on
      1  findings at or above --fail-on
      2  wrong usage, wrong settings, or a path that does not exist
      3  a bug in pooltlint; all other findings are still shown
    """
    from pooltlint.audit import audit
    from pooltlint.rulebook import Rulebook
    from pooltlint.sources import Sources

    outputs = _outputs(options["formats"], options["output"])
    book = Rulebook()
    found, settings = _found(paths, book, **options)
    rules = _rules(settings, book, options["select"], options["extend_select"], options["ignore"])
    settings = _overridden(settings, **{key: options[key] for key in ("min_severity", "certainty", "fail_on")})
    sources = Sources(_path(found.root), {each.path: each.data for each in found.files if each.data is not None})
    with _progress(found, options["quiet"]) as tell:
        report = audit(found, settings, rules, book, sources, jobs=options["jobs"] or _cores(), tell=tell)
    for name, file in outputs:
        with _opened(file) as out:
            _write(name, report, book, sources, out, **options)
    return _code(report, settings, exit_zero=options["exit_zero"])


def _code(report: Report, settings: Settings, *, exit_zero: bool) -> int:
    if any(problem.rule for problem in report.problems):
        return INTERNAL
    failing = any(each.severity >= settings.fail_on for each in report.verdicts)
    return FINDINGS if failing and not exit_zero else CLEAN


def _found(paths: Sequence[str], book: Rulebook, **options: Any) -> tuple[Found, Settings]:
    """The files and the settings that hold for these paths."""
    from pooltlint.discover import discover, root_of
    from pooltlint.settings import find, load

    current = os.getcwd()
    given_name = options.get("stdin_filename")
    root = root_of(paths or ([os.path.dirname(given_name) or "."] if given_name else ["."]), current)
    if options.get("config"):
        file = os.path.abspath(options["config"])
        if not os.path.isfile(file):
            raise UsageError(f"--config: there is no file {options['config']!r}.")
    else:
        start = os.path.abspath(paths[0] if paths else current)
        file = find(start if os.path.isdir(start) else os.path.dirname(start), root)
    settings = load(file, root, book.names, book.tags)
    given = {}
    if given_name:
        relative = os.path.relpath(os.path.join(current, given_name), root).replace(os.sep, "/")
        given[relative] = sys.stdin.buffer.read()
    found = discover(
        paths or [root],
        root=root,
        current=current,
        exclude=(*settings.exclude, *options.get("exclude", ())),
        force_exclude=options.get("force_exclude", False),
        given=given,
    )
    return found, settings


def _rules(
    settings: Settings, book: Rulebook, select: Sequence[str], extend: Sequence[str], ignore: Sequence[str]
) -> frozenset[str]:
    """The rules to run. The command line's ``--select`` replaces the settings'; ``ignore`` always adds."""
    from pooltlint.judge import rules
    from pooltlint.settings import checked, chosen

    tags: dict[str, Callable[[], Sequence[str]]] = {name: _tags(book, name) for name in rules() if name in book}
    for flag, words in (("--select", select), ("--extend-select", extend), ("--ignore", ignore)):
        checked(words, book.names, book.tags, flag)
    wanted = chosen((*(select or settings.select), *settings.extend_select, *extend), tags)
    # A rule that is asked for by name runs even when a tag or ALL that holds it is ignored in the settings.
    return wanted - chosen((*settings.ignore, *ignore), tags) | (frozenset(select) & tags.keys() - frozenset(ignore))


def _tags(book: Rulebook, name: str) -> Callable[[], Sequence[str]]:
    return lambda: book.rule(name).tags


def _overridden(settings: Settings, min_severity: str | None, certainty: str | None, fail_on: str | None) -> Settings:
    from msgspec.structs import replace

    from pooltlint.model.finding import Certainty, Severity

    if min_severity:
        settings = replace(settings, min_severity=Severity[min_severity.upper()])
    if certainty:
        settings = replace(settings, certainty=Certainty[certainty.upper()])
    return replace(settings, fail_on=Severity[fail_on.upper()]) if fail_on else settings


def _outputs(formats: Sequence[tuple[str, str]], output: str | None) -> list[tuple[str, str]]:
    """What to write where, ``""`` being standard output."""
    outputs = list(formats) or [("text", "")]
    to_screen = [name for name, file in outputs if not file]
    if len(to_screen) > 1:
        raise UsageError(
            f"only one format can go to {output or 'standard output'}: write --format {to_screen[1]}=FILE."
        )
    if output and not to_screen:
        raise UsageError("--output has nothing to write: every --format has a file of its own.")
    return [(name, file or output or "") for name, file in outputs]


@contextlib.contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    if not file or file == "-":
        yield sys.stdout
        return
    try:
        out = open(file, "w", encoding="utf-8", newline="\n")  # noqa: SIM115
    except OSError as error:
        raise UsageError(f"the report cannot be written to {file!r}: {error.strerror}.") from None
    with out:
        yield out


def _write(
    name: str,
    report: Report,
    book: Rulebook,
    sources: Sources,
    out: TextIO,
    *,
    color: str,
    quiet: bool,
    show_hushed: bool,
    **_: Any,
) -> None:
    from importlib import import_module

    render = import_module(f"pooltlint.reporters.{name}").render
    if name != "text":
        render(report, book, sources, out)
        return
    render(
        report, book, sources, out, colour=coloured(out, color), width=_width(out), quiet=quiet, show_hushed=show_hushed
    )


def coloured(out: TextIO, choice: str) -> bool:
    """Whether to colour: ``--color`` beats NO_COLOR beats FORCE_COLOR and CLICOLOR_FORCE beats being a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0", "false") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return out.isatty() and os.environ.get("TERM") != "dumb"


def _width(out: TextIO) -> int | None:
    if not out.isatty():
        return None
    import shutil

    return shutil.get_terminal_size((100, 24)).columns


@contextlib.contextmanager
def _progress(found: Found, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """One line on standard error that says what is going on, when a person watches and it may take a while."""
    if quiet or len(found.files) < _LONG_RUN or not sys.stderr.isatty():
        yield lambda stage: None
        return

    def tell(stage: str) -> None:
        print(f"\r\x1b[2K{stage} ({len(found.files):,} files)…", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _path(text: str) -> Any:
    from pathlib import Path

    return Path(text)


@main.command("rules")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_rules(form: str) -> None:
    """List all rules with severity, highest certainty and what they find."""
    from pooltlint.rulebook import Rulebook

    book = Rulebook()
    pages = [book.page(name) for name in book.names]
    if form == "json":
        import json

        rows = [
            {
                "rule": each.rule.name, "severity": each.rule.severity.word, "certainty": each.rule.certainty.word,
                "tags": list(each.rule.tags), "since": each.rule.since,
                "reach": list(each.rule.reach), "title": each.title,
            }
            for each in pages
        ]  # fmt: skip
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max((len(name) for name in book.names), default=0)
    for page in pages:
        click.echo(f"{page.rule.name:{width}}  {page.rule.severity.word:7}  {page.title}")


@main.command()
@click.argument("rule", shell_complete=_complete_rules)
@_COLOR
def explain(rule: str, color: str) -> None:
    """Show a rule's page: what it finds, why it hurts, and how to fix it."""
    from pooltlint.rulebook import Rulebook, without_marks

    book = Rulebook()
    if rule not in book:
        raise UsageError(f"there is no rule {rule!r}.{meant(rule, book.names)} 'pooltlint rules' lists them all.")
    page = book.page(rule)
    facts = f"{page.rule.severity.word} · certainty up to {page.rule.certainty.word} · since {page.rule.since}"
    text = without_marks(page.text).replace(f"# {rule}\n", f"# {rule}\n\n*{facts}*\n", 1)
    if not coloured(sys.stdout, color):
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(force_terminal=True, width=min(_width(sys.stdout) or 100, 100)).print(Markdown(text))


@main.command("map")
@_PATHS
@_CONFIG
@_EXCLUDE
@_JOBS
@_COLOR
@click.option(
    "--format", "-f", "form", type=click.Choice(["text", "mermaid", "dot", "json"]), default="text", show_default=True,
    help="Text for people, Mermaid for pull requests and documentation, DOT for Graphviz, JSON for programs.",
)  # fmt: skip
def show_map(paths: tuple[str, ...], color: str, form: str, **options: Any) -> int:
    """Show who connects where, through which pooler, with how many connections.

    \b
    Examples:
      pooltlint map
      pooltlint map --format mermaid apps/web
    """
    from pooltlint.audit import survey
    from pooltlint.reporters.map import render
    from pooltlint.rulebook import Rulebook

    found, settings = _found(paths, Rulebook(), **options)
    with _progress(found) as tell:
        surveyed = survey(found, settings, options["jobs"] or _cores(), tell)
    render(surveyed.topology, sys.stdout, form=form, colour=coloured(sys.stdout, color))
    failures = [each.message for each in surveyed.topology.problems if each.rule]
    return _complain("; ".join(failures), INTERNAL) if failures else CLEAN


@main.command("budget")
@_PATHS
@click.option(
    "--set", "supposed", multiple=True, metavar="NAME.SETTING=NUMBER",
    help="Suppose a number: SERVICE.instances, .processes, .threads, .pool, .overflow, or server.max_connections. "
    "May be repeated.",
)  # fmt: skip
@click.option(
    "--format", "-f", "form", type=click.Choice(["text", "json", "markdown", "svg"]), default="text", show_default=True,
    help="Text for people, JSON for programs, Markdown and SVG for pull requests.",
)  # fmt: skip
@click.option("--output", "-o", type=click.Path(path_type=str), metavar="FILE", help="Write to FILE.")
@click.option("--all", "everything", is_flag=True, help="Also the deployments for development and examples.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when a server is asked for too much.")
@_CONFIG
@_EXCLUDE
@_JOBS
@_COLOR
def show_budget(
    paths: tuple[str, ...],
    supposed: tuple[str, ...],
    form: str,
    output: str | None,
    everything: bool,
    exit_zero: bool,
    color: str,
    **options: Any,
) -> int:
    """Add up the connections that this repository can open, and compare them with what the server allows.

    Every number is shown with the line it was read at. What is not known is named, never guessed: the sum is then a
    lower bound.

    \b
    Examples:
      pooltlint budget
      pooltlint budget --set web.instances=20 --set server.max_connections=200
      pooltlint budget --format markdown >> "$GITHUB_STEP_SUMMARY"
      pooltlint budget --format svg --output budget.svg

    \b
    Exit codes:
      0  everything fits, as far as it is known
      1  a server is asked for more connections than it allows
      2  wrong usage, wrong settings, or a path that does not exist
      3  a bug in pooltlint
    """
    from pooltlint.audit import survey
    from pooltlint.model.budget import Verdict
    from pooltlint.model.facts import Profile
    from pooltlint.reporters.budget import render
    from pooltlint.rulebook import Rulebook
    from pooltlint.settings import supposed as laid_over

    found, settings = _found(paths, Rulebook(), **options)
    settings = laid_over(settings, supposed)
    with _progress(found) as tell:
        topology = survey(found, settings, options["jobs"] or _cores(), tell).topology
    _known_services(supposed, topology)
    real = [each for each in topology.budgets if each.profile in (Profile.PRODUCTION, Profile.UNKNOWN)]
    with _opened(output or "") as out:
        budgets = list(topology.budgets) if everything else real or list(topology.budgets)
        render(budgets, out, form=form, colour=coloured(out, color), width=_width(out))
    failures = [each.message for each in topology.problems if each.rule]
    if failures:
        return _complain("; ".join(failures), INTERNAL)
    over = any(each.verdict in (Verdict.OVER, Verdict.DEPLOY) for each in real)
    return FINDINGS if over and not exit_zero else CLEAN


def _known_services(supposed: tuple[str, ...], topology: Topology) -> None:
    """Raises :class:`UsageError` for a service that only the command line knows of."""
    from pooltlint.settings import SUPPOSED

    names = {each.name for each in topology.workloads if each.at.path != SUPPOSED}
    for text in supposed:
        name = text.partition("=")[0].strip().rpartition(".")[0]
        if name != "server" and name not in names:
            raise UsageError(f"--set {text}: there is no service {name!r}.{meant(name, names | {'server'})}")


@main.command("facts")
@click.argument("file", type=click.Path(path_type=str))
def show_facts(file: str) -> None:
    """Print what one file says, as JSON, before anything is linked (for those who work on pooltlint)."""
    import msgspec

    from pooltlint.discover import Candidate, reader_of, root_of
    from pooltlint.extract import ANYTHING, Files, extract

    root = root_of([file], os.getcwd())
    path = os.path.relpath(file, root).replace(os.sep, "/")
    reader = reader_of(path)
    if reader is None:
        raise UsageError(f"pooltlint reads no files such as {path!r}.")
    for facts in extract(Files(root, ()), [Candidate(path, reader)], ANYTHING):
        click.echo(msgspec.json.format(msgspec.json.encode(facts)).decode())


@main.command()
@click.argument("folder", default=".", type=click.Path(path_type=str))
def init(folder: str) -> None:
    """Write a pooltlint.toml with what could be found out, to be completed by you."""
    from pooltlint.audit import survey
    from pooltlint.discover import has_settings
    from pooltlint.rulebook import Rulebook
    from pooltlint.starter import starter

    found, settings = _found([folder], Rulebook())
    there = has_settings(found.root)
    if there:
        raise UsageError(f"there are settings already, in {os.path.relpath(there)}: edit them, or remove them first.")
    target = os.path.join(found.root, "pooltlint.toml")
    text = starter(survey(found, settings, _cores()).topology)
    try:
        with open(target, "x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except OSError as error:
        raise UsageError(f"{os.path.relpath(target)!r} cannot be written: {error.strerror}.") from None
    click.echo(f"wrote {os.path.relpath(target)}")


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes pooltlint's arguments in your shell.

    \b
    Examples:
      eval "$(pooltlint completion bash)"       in ~/.bashrc
      pooltlint completion fish > ~/.config/fish/completions/pooltlint.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, shell
    click.echo(found(main, {}, "pooltlint", "_POOLTLINT_COMPLETE").source())
