"""The documentation says what is so: outputs, tables and settings are compared with the real ones."""

from __future__ import annotations

import html
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from docs.example_run import said, shown
from docs.readme import fresh, rules
from docs.screenshot import TARGET, WIDTH, drawn
from pooltlint.rulebook import Rulebook
from pooltlint.settings import Settings, load
from tests.project import ROOT
from tests.runs import run

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(ROOT.glob("*.md"))


def test_outputs_and_the_table_of_rules_are_real() -> None:
    assert fresh(README) == README, "run 'make docs'"
    assert "```console\n$ pooltlint map\n" in README
    assert all(f"`{name}`" in rules() for name in Rulebook().names)


def test_an_output_that_is_not_real_is_seen() -> None:
    assert fresh("```console\n$ pooltlint --version\nfrom memory\n```\n", run=lambda command: f"<{command}>\n") == (
        "```console\n$ pooltlint --version\n<pooltlint --version>\n```\n"
    )
    assert fresh("<!-- rules -->\nfrom memory\n<!-- /rules -->\n") == f"<!-- rules -->\n{rules()}<!-- /rules -->\n"


def words(svg: str) -> list[str]:
    """What a person reads in a drawing, word by word."""
    return html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).split()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_screenshot_shows_a_real_run() -> None:
    svg = TARGET.read_text(encoding="utf-8")
    assert words(svg) == words(drawn(shown("pooltlint", WIDTH))), "run 'make docs'"
    assert "src/orders.ts" in said("pooltlint --exit-zero")
    assert not re.search(r"(?:href|url|src)\W+https?:", svg), "it must load nothing from elsewhere"


def test_this_repository_has_no_findings_of_its_own() -> None:
    outcome = run(ROOT)
    assert (outcome.code, outcome.out.partition(" · ")[0]) == (0, "No findings"), outcome.out + outcome.error


def block(language: str, containing: str) -> str:
    (found,) = (each for each in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in each)
    return str(found)


def test_the_settings_shown_are_all_settings_and_are_accepted(tmp_path: Path) -> None:
    text = block("toml", "fail-on")
    (tmp_path / "pooltlint.toml").write_text(text, encoding="utf-8")
    book = Rulebook()
    found = load(str(tmp_path / "pooltlint.toml"), str(tmp_path), book.names, book.tags)
    assert {"select", "ignore"} <= tomllib.loads(text).keys()
    for name in Settings.__struct_fields__:
        if name != "path":
            assert re.search(rf"(?m)^\[?{name.replace('_', '-')}\b", text), name
    for group in (*found.urls.values(), found.server, *found.services.values()):
        for name in getattr(group, "__struct_fields__", ()):
            if name not in ("name", "at", "prepared"):
                assert re.search(rf"(?m)^{name} = ", text), name


def test_the_hooks_shown_exist() -> None:
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert set(re.findall(r"- id: ([\w-]+)", README)) == {each["id"] for each in manifest}


def test_actions_are_pinned_to_commits() -> None:
    workflow = yaml.safe_load(block("yaml", "upload-sarif"))
    used = [each["uses"] for job in workflow["jobs"].values() for each in job["steps"] if "uses" in each]
    assert len(used) == 3
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40}", each) for each in used)
    assert workflow["permissions"] == {}


def test_dependencies_are_all_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [re.split(r"[^\w.-]", each)[0] for each in project["dependencies"]]
    table = README.partition("## Dependencies")[2]
    assert re.findall(r"(?m)^\| `([\w.-]+)` \|", table) == declared


def test_every_room_is_in_the_plan_of_the_house() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = text.partition("## Rooms")[2].partition("## Laws")[0]
    house = ROOT / "pooltlint"
    there = {f"{each.name}/" for each in house.iterdir() if (each / "__init__.py").exists()}
    there |= {each.name for each in house.glob("*.py") if each.name != "__init__.py"}
    named = set(re.findall(r"`(\w+(?:\.py|/))`", rooms.partition("Beside the package")[0])) - {"rules/"}
    assert named == there
    linker = text.partition("**Linking**")[2].partition("A check asks")[0]
    assert set(re.findall(r"`(\w+)`", linker)) == {
        each.stem for each in (house / "link").glob("*.py") if each.stem != "__init__"
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_of_make_exist(document: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z]+(?: [a-z]+)*):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    known = {word for target in targets for word in target.split()}
    for block_ in re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
        assert set(re.findall(r"(?m)^make ([a-z]+)", block_)) <= known
