"""The command line, as a person or a build uses it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pooltlint
from pooltlint import cli, judge
from pooltlint.model.facts import BouncerFile
from pooltlint.model.finding import Finding
from pooltlint.rulebook import Rulebook

RULE = "pgbouncer-setting-invalid"
BAD = "[databases]\nd = host=h\n[pgbouncer]\npool_mode = transactional\n"
GOOD = "[databases]\nd = host=h\n[pgbouncer]\npool_mode = transaction\nauth_type = scram-sha-256\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one error, as the current folder; nothing of the environment colours anything."""
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "pgbouncer.ini").write_text(BAD)
    monkeypatch.chdir(root)
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM"):
        monkeypatch.delenv(name, raising=False)
    return root


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = cli.run(argv)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    "argv", [[], ["."], ["check"], ["check", "."], ["pgbouncer.ini"], ["--select", RULE], ["-q", "."]]
)
def test_check_is_the_default_command(repository: Path, capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    code, out, err = run(capsys, *argv)
    assert code == cli.FINDINGS
    assert "pgbouncer.ini:4" in out
    assert RULE in out
    assert err == ""


def test_a_subfolder_audits_itself_with_paths_from_the_root(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "ops").mkdir()
    (repository / "pgbouncer.ini").rename(repository / "ops" / "pgbouncer.ini")
    (repository / "other").mkdir()
    assert "ops/pgbouncer.ini:4" in run(capsys, "ops")[1]
    assert run(capsys, "other")[0] == cli.CLEAN
    monkeypatch.chdir(repository / "ops")
    assert "ops/pgbouncer.ini:4" in run(capsys, ".")[1]


def test_exit_codes(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--fail-on", "error")[0] == cli.FINDINGS
    assert run(capsys, "--exit-zero")[0] == cli.CLEAN
    assert run(capsys, "--ignore", RULE)[0] == cli.CLEAN
    (repository / "pooltlint.toml").write_text(f'[severity]\n{RULE} = "note"\n')
    assert run(capsys)[0] == cli.CLEAN
    assert run(capsys, "--fail-on", "note")[0] == cli.FINDINGS
    assert run(capsys, "--min-severity", "warning", "--fail-on", "note")[0] == cli.CLEAN
    (repository / "pgbouncer.ini").write_text(GOOD)
    assert run(capsys, "--fail-on", "note", "--select", RULE)[0] == cli.CLEAN


USAGE = {
    "gone": "no file or folder 'gone'",
    "--select nope": "--select: 'nope' is neither a rule nor a tag.",
    "--select pgbouncer-setting-invald": f"Did you mean '{RULE}'",
    "--ignore nope": "--ignore: 'nope'",
    "--format xml": "there is no format 'xml'",
    "--format text --format json": "write --format json=FILE",
    "--format json=a.json --output b": "--output has nothing to write",
    "--output gone/report.txt": "cannot be written to 'gone/report.txt': No such file or directory.",
    "--config gone.toml": "--config: there is no file 'gone.toml'",
    "--fail-on fatal": "fatal",
    "--jobs 0": "0 is not in the range",
    "--no-such-option": "--no-such-option",
    "explain nope": "there is no rule 'nope'.",
    "facts README.md": "no file or folder 'README.md'",
}


@pytest.mark.parametrize(("argv", "message"), USAGE.items())
@pytest.mark.usefixtures("repository")
def test_wrong_usage_says_what_to_type(capsys: pytest.CaptureFixture[str], argv: str, message: str) -> None:
    code, out, err = run(capsys, *argv.split())
    assert code == cli.USAGE
    assert message in err
    assert out == ""
    assert "Traceback" not in err


def test_wrong_settings_are_wrong_usage_even_with_exit_zero(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "pooltlint.toml").write_text('fail_on = "never"\n')
    code, _, err = run(capsys, "--exit-zero")
    assert code == cli.USAGE
    assert "pooltlint.toml: fail_on: must be one of 'note', 'warning', 'error', not 'never'." in err


def test_settings_in_pyproject_and_by_option(
    repository: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (repository / "pyproject.toml").write_text(f'[tool.pooltlint]\nignore = ["{RULE}"]\n')
    assert run(capsys)[0] == cli.CLEAN
    assert run(capsys, "--select", RULE)[0] == cli.FINDINGS
    (tmp_path / "other.toml").write_text('certainty = "high"\n')
    assert run(capsys, "--config", str(tmp_path / "other.toml"))[0] == cli.FINDINGS


def test_exclude(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--exclude", "*.ini")[0] == cli.CLEAN
    assert run(capsys, "--exclude", "*.ini", "pgbouncer.ini")[0] == cli.FINDINGS
    assert run(capsys, "--exclude", "*.ini", "--force-exclude", "pgbouncer.ini")[0] == cli.CLEAN


def test_several_formats(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--format", "text", "--format", "json=a.json", "--format=sarif=a.sarif")
    assert code == cli.FINDINGS
    assert "pgbouncer.ini:4" in out
    assert json.loads((repository / "a.json").read_text())["findings"][0]["rule"] == RULE
    assert json.loads((repository / "a.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == RULE
    assert json.loads(run(capsys, "--format", "json")[1])["findings"][0]["at"]["path"] == "pgbouncer.ini"
    assert run(capsys, "-o", "report.txt")[1] == ""
    assert "pgbouncer.ini:4" in (repository / "report.txt").read_text()


def test_standard_input(repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert run(capsys, "--select", RULE, "--stdin-filename", "pgbouncer.ini")[0] == cli.CLEAN
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.replace("[pg", "\n\n[pg").encode())))
    assert "pgbouncer.ini:6" in run(capsys, "--stdin-filename", "pgbouncer.ini")[1]


def test_hushed_findings_are_counted_and_shown_on_request(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    comment = f"; pooltlint: ignore[{RULE}] the staging pooler is patched\n"
    (repository / "pgbouncer.ini").write_text(BAD.replace("pool_mode", f"{comment}pool_mode"))
    code, out, _ = run(capsys, "--select", RULE)
    assert (code, "1 hushed" in out, "patched" in out) == (cli.CLEAN, True, False)
    assert "the staging pooler is patched" in run(capsys, "--select", RULE, "--show-hushed")[1]


def test_quiet_prints_findings_only(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert RULE in run(capsys, "-q")[1]
    (repository / "pgbouncer.ini").write_text(GOOD)
    assert run(capsys, "-q", "--select", RULE)[1] == ""


def test_our_own_bug_is_reported_and_other_findings_are_shown(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(file: BouncerFile) -> Iterator[Finding]:
        yield Finding(file.settings["pool_mode"].at, "Found before the bug.")
        raise KeyError("postgres://user:secret@host")

    monkeypatch.setattr(judge, "_check", lambda rule: check)
    code, out, _ = run(capsys, "--exit-zero", "--select", RULE)
    assert code == cli.INTERNAL
    assert "Found before the bug." in out
    assert "internal error: KeyError (test_cli.py, line" in out
    assert "secret" not in out


def test_a_bug_elsewhere_shows_no_secrets(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("postgres://user:secret@host")

    monkeypatch.setattr("pooltlint.audit.audit", broken)
    code, _, err = run(capsys)
    assert code == cli.INTERNAL
    assert err.startswith("pooltlint: internal error: ValueError (test_cli.py, line ")
    assert "secret" not in err


COLOURS = [
    ({}, "auto", False, False), ({}, "auto", True, True), ({"TERM": "dumb"}, "auto", True, False),
    ({"NO_COLOR": "1"}, "auto", True, False), ({"NO_COLOR": ""}, "auto", True, True),
    ({"FORCE_COLOR": "1"}, "auto", False, True), ({"CLICOLOR_FORCE": "1"}, "auto", False, True),
    ({"FORCE_COLOR": "0"}, "auto", False, False), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False, False),
    ({"NO_COLOR": "1"}, "always", False, True), ({"FORCE_COLOR": "1"}, "never", True, False),
]  # fmt: skip


@pytest.mark.parametrize(("environment", "choice", "terminal", "expected"), COLOURS)
def test_colour(
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    choice: str,
    terminal: bool,
    expected: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: terminal)
    assert cli.coloured(out, choice) is expected


def test_colour_reaches_the_report(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[" not in run(capsys)[1]
    assert "\x1b[" in run(capsys, "--color", "always")[1]


def test_rules(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "rules")
    assert code == cli.CLEAN
    assert [line.split()[0] for line in out.splitlines()] == list(Rulebook().names)
    rows = json.loads(run(capsys, "rules", "--format", "json")[1])
    assert [(each["rule"], each["severity"]) for each in rows if each["rule"] == RULE] == [(RULE, "error")]


def test_explain(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "explain", RULE)
    assert code == cli.CLEAN
    assert out.startswith(f"# {RULE}\n\n*error · certainty up to ")
    assert "## Why it hurts" in out
    assert "◀" not in out
    assert "◁" not in out
    assert "+++" not in out
    assert "\x1b[" in run(capsys, "explain", RULE, "--color", "always")[1]


def test_facts(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / ".env").write_text("DATABASE_URL=postgres://user:secret@host/d\n")
    code, out, _ = run(capsys, "facts", ".env")
    assert code == cli.CLEAN
    assert json.loads(out)["variables"][0]["name"] == "DATABASE_URL"
    assert "secret" not in out


def test_init_writes_settings_that_can_be_read_and_never_overwrites(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / ".env").write_text("DATABASE_URL=postgres://user:secret@aws-0-eu-west-1.pooler.supabase.com:6543/d\n")
    code, out, _ = run(capsys, "init")
    assert (code, out) == (cli.CLEAN, "wrote pooltlint.toml\n")
    text = (repository / "pooltlint.toml").read_text()
    assert "DATABASE_URL" in text
    assert "secret" not in text
    assert run(capsys)[0] == cli.FINDINGS
    code, _, err = run(capsys, "init")
    assert code == cli.USAGE
    assert "there are settings already, in pooltlint.toml" in err
    assert (repository / "pooltlint.toml").read_text() == text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(repository: Path, capsys: pytest.CaptureFixture[str], shell: str) -> None:
    code, out, _ = run(capsys, "completion", shell)
    assert code == cli.CLEAN
    assert "_POOLTLINT_COMPLETE" in out


def process(*argv: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(pooltlint.__file__).parent.parent)}
    return subprocess.run([sys.executable, *argv], capture_output=True, text=True, env=environment, check=False)


VERSION = """
import sys
from pooltlint.__main__ import main
sys.argv[1:] = ["--version"]
try:
    main()
finally:
    print(sorted(set(sys.modules) & {"click", "msgspec", "typing", "re", "pooltlint.cli"}))
"""

LIGHT = """
import sys
from pooltlint.cli import run
run([])
print(sorted(set(sys.modules) & {"rich", "sarif_om", "yaml", "tree_sitter", "libcst", "tomllib", "hyperscan"}))
"""


def test_version_imports_next_to_nothing() -> None:
    assert process("-S", "-c", VERSION).stdout == f"pooltlint {pooltlint.__version__}\n[]\n"
    assert process("-m", "pooltlint", "--version").stdout == f"pooltlint {pooltlint.__version__}\n"


def test_heavy_modules_are_imported_only_when_needed(repository: Path) -> None:
    assert process("-c", LIGHT).stdout.splitlines()[-1] == "['tomllib']"


def test_a_reader_that_closes_the_pipe_is_no_error(repository: Path) -> None:
    command = f"{sys.executable} -m pooltlint --format sarif | head -c 1 > /dev/null; exit ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(Path(pooltlint.__file__).parent.parent)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    assert done.returncode in (cli.CLEAN, cli.FINDINGS)
