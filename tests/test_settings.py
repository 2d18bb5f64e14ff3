"""Settings: what may be said, and what is answered to everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Severity
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.settings import Settings, checked, chosen, find, load
from pooltlint.usage import UsageError

RULES = ("client-per-request", "pgbouncer-setting-invalid", "pool-oversized")
TAGS = ("leak", "pgbouncer")


def read(folder: Path, text: str, name: str = "pooltlint.toml") -> Settings:
    (folder / name).write_text(text, encoding="utf-8")
    return load(str(folder / name), str(folder), RULES, lambda: TAGS)


def complaint(folder: Path, text: str, name: str = "pooltlint.toml") -> str:
    with pytest.raises(UsageError) as caught:
        read(folder, text, name)
    return str(caught.value)


def test_without_a_file_everything_runs() -> None:
    settings = load("", "/", RULES, lambda: TAGS)
    assert settings == Settings()
    assert (settings.select, settings.fail_on, settings.certainty) == (("ALL",), Severity.WARNING, Certainty.MEDIUM)


FULL = """\
select = ["pgbouncer", "pool-oversized"]
extend-select = ["client-per-request"]
ignore = ["leak"]
exclude = ["legacy/"]
extend-exclude = ["*.gen.ts"]
min-severity = "warning"
certainty = "low"
fail-on = "error"

[severity]
pool-oversized = "error"

[per-path-ignores]
"scripts/**" = ["ALL"]

[urls.DATABASE_URL]
pooler = "pgbouncer"
mode = "transaction"
prepared_statements = true
profile = "production"

[urls.DIRECT_URL]
pooler = "none"

[server]
max_connections = 200
reserved_connections = 0

[services.web]
path = "apps/web/"
instances = 10
processes = 4
"""


@pytest.mark.parametrize("prefix", ["", "tool.pooltlint"])
def test_everything_that_may_be_said(tmp_path: Path, prefix: str) -> None:
    name, text = "pooltlint.toml", FULL
    if prefix:
        name, text = "pyproject.toml", "[tool.pooltlint]\n" + FULL.replace("\n[", "\n[tool.pooltlint.")
    settings = read(tmp_path, text, name)
    assert settings.path == name
    assert settings.select == ("pgbouncer", "pool-oversized")
    assert settings.extend_select == ("client-per-request",)
    assert settings.ignore == ("leak",)
    assert settings.exclude == ("legacy/", "*.gen.ts")
    assert settings.min_severity is Severity.WARNING
    assert settings.certainty is Certainty.LOW
    assert settings.fail_on is Severity.ERROR
    assert settings.severity == {"pool-oversized": Severity.ERROR}
    assert settings.per_path_ignores == {"scripts/**": ("ALL",)}
    url = settings.urls["DATABASE_URL"]
    assert (url.pooler, url.mode, url.prepared, url.profile) == (
        "PgBouncer",
        Mode.TRANSACTION,
        Truth.YES,
        Profile.PRODUCTION,
    )
    assert (settings.urls["DIRECT_URL"].pooler, settings.urls["DIRECT_URL"].mode) == ("", Mode.DIRECT)
    assert settings.server is not None
    assert (settings.server.max_connections, settings.server.reserved_connections, settings.server.cores) == (
        200,
        0,
        None,
    )
    web = settings.services["web"]
    assert (web.path, web.instances, web.processes, web.threads) == ("apps/web", 10, 4, None)


@pytest.mark.parametrize("prefix", ["", "tool.pooltlint."])
def test_declarations_keep_their_place(tmp_path: Path, prefix: str) -> None:
    name = "pyproject.toml" if prefix else "pooltlint.toml"
    text = f'# top\n[{prefix}urls.A]\nmode = "session"\n\n[{prefix}server]\ncores = 4\n'
    text += f'[{prefix}services."b c"]\nthreads = 2\n'
    settings = read(tmp_path, text, name)
    assert settings.server is not None
    places = [settings.urls["A"].at, settings.server.at, settings.services["b c"].at]
    assert [(at.path, at.line) for at in places] == [(name, 2), (name, 5), (name, 7)]


def test_underscores_and_hyphens_are_one(tmp_path: Path) -> None:
    assert read(tmp_path, 'fail_on = "note"').fail_on is Severity.NOTE
    assert read(tmp_path, "[server]\nmax-connections = 7").server.max_connections == 7  # type: ignore[union-attr]
    assert "twice" in complaint(tmp_path, 'fail_on = "note"\nfail-on = "note"')


WRONG = {
    'selct = ["ALL"]': "pooltlint.toml: the file: there is no setting 'selct'. Did you mean 'select'?",
    'select = "ALL"': "pooltlint.toml: select: must be a list of texts",
    'select = ["pool-oversize"]': "'pool-oversize' is neither a rule nor a tag. Did you mean 'pool-oversized'?",
    'ignore = ["pgbuncer"]': "Did you mean 'pgbouncer'",
    'fail-on = "warn"': "fail-on: must be one of 'note', 'warning', 'error', not 'warn'.",
    "certainty = 3": "certainty: must be one of 'low', 'medium', 'high', not a number.",
    '[severity]\nclient-per-requests = "note"': "no rule 'client-per-requests'. Did you mean 'client-per-request'?",
    '[severity]\npool-oversized = "off"': "severity.pool-oversized: must be one of",
    'severity = "note"': "severity: must be a table of rules",
    '[per-path-ignores]\n"a/" = ["x"]': "'x' is neither a rule nor a tag",
    '[urls.A]\npoolr = "x"': "urls.A: there is no setting 'poolr'. Did you mean 'pooler'?",
    '[urls.A]\npooler = "PgBouncer"': "urls.A.pooler: must be one of 'pgbouncer', ",
    '[urls.A]\nmode = "transactional"': "urls.A.mode: must be one of 'direct', 'transaction',",
    '[urls.A]\nprepared_statements = "yes"': "urls.A.prepared_statements: must be true or false, not a text.",
    '[urls.A]\npooler = "none"\nmode = "session"': "contradict",
    'urls = ["A"]': "urls: must hold one table for each name, such as [urls.NAME].",
    "[server]\nmax_connections = 0": "server.max_connections: must be a whole number of at least 1, not 0.",
    "[server]\nmax_connections = true": "not True.",
    "[services.web]\ninstances = 1.5": "services.web.instances: must be a whole number",
    "[services.web]\nworkers = 2": "there is no setting 'workers'.",
    "server = 3": "server: must be a table, not a number.",
    "a = ": "pooltlint.toml is no TOML: ",
    "fail-on = 2024-01-01": "not a date",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items())
def test_what_is_wrong_and_what_to_type(tmp_path: Path, text: str, message: str) -> None:
    assert message in complaint(tmp_path, text)


def test_a_pyproject_is_named_with_its_tables(tmp_path: Path) -> None:
    message = complaint(tmp_path, "[tool.pooltlint.server]\nmax_connectoins = 1\n", "pyproject.toml")
    assert message.startswith("pyproject.toml: tool.pooltlint.server: there is no setting 'max_connectoins'.")
    assert "tool.pooltlint: must be a table" in complaint(tmp_path, "[tool]\npooltlint = 3\n", "pyproject.toml")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "pooltlint.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="is no TOML"):
        load(str(tmp_path / "pooltlint.toml"), str(tmp_path), RULES, lambda: TAGS)


def test_find_takes_the_nearest_file_and_stays_in_the_root(tmp_path: Path) -> None:
    inner = tmp_path / "root" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pooltlint.toml").touch()
    assert find(str(inner), str(tmp_path / "root")) == ""
    (tmp_path / "root" / "pyproject.toml").write_text("[tool.pooltlint]\n")
    assert find(str(inner), str(tmp_path / "root")) == str(tmp_path / "root" / "pyproject.toml")
    (tmp_path / "root" / "a" / "pyproject.toml").write_text("[tool.other]\n")
    (tmp_path / "root" / "a" / "pooltlint.toml").touch()
    assert find(str(inner), str(tmp_path / "root")) == str(tmp_path / "root" / "a" / "pooltlint.toml")


def test_chosen_and_checked() -> None:
    asked = []

    def tags(*names: str) -> object:
        def tell() -> tuple[str, ...]:
            asked.append(names)
            return names

        return tell

    rules = {"a": tags("x"), "b": tags("x", "y"), "c": tags()}
    assert chosen(["ALL"], rules) == {"a", "b", "c"}  # type: ignore[arg-type]
    assert chosen(["a", "c"], rules) == {"a", "c"}  # type: ignore[arg-type]
    assert asked == [], "tags cost reading every page"
    assert chosen(["x", "c"], rules) == {"a", "b", "c"}  # type: ignore[arg-type]
    assert chosen(["y"], rules) == {"b"}  # type: ignore[arg-type]
    assert chosen([], rules) == frozenset()  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--select: 'pool' is neither a rule nor a tag"):
        checked(["pool"], RULES, lambda: TAGS, "--select")
