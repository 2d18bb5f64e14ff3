"""database.yml against Ruby's ERB and Psych (``rails_oracle.json``, made by ``tests/oracles/record_rails.py``)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pooltlint.model.facts import RailsDatabase, RailsFile
from pooltlint.model.url import MASK, fingerprint
from pooltlint.model.value import FromEnv, Joined, Literal, Mapping, OneOf, Sequence, Unknown, Value
from pooltlint.readers.rails_database import read

ORACLE = json.loads((Path(__file__).parent / "rails_oracle.json").read_text())
UNCLAIMED = object()


def effective(value: Value | None) -> Any:
    """What the value is with no variable set, or :data:`UNCLAIMED`."""
    match value:
        case Literal(value=found):
            return found
        case FromEnv(default=None):
            return None
        case FromEnv(default=default):
            return effective(default)
        case Mapping(entries=entries):
            inner = {key: effective(each) for key, each in entries.items()}
            return UNCLAIMED if UNCLAIMED in inner.values() else inner
        case Sequence(items=items):
            each = [effective(item) for item in items]
            return UNCLAIMED if UNCLAIMED in each else each
        case Joined(parts=parts):
            texts = [effective(part) for part in parts]
            return UNCLAIMED if UNCLAIMED in texts else "".join("" if each is None else str(each) for each in texts)
    return UNCLAIMED


def configurations(data: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Environment and name to settings, as Rails' ``build_configs`` takes them apart."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for environment, config in data.items() if isinstance(data, dict) else ():
        if isinstance(config, dict) and config and all(isinstance(each, dict) for each in config.values()):
            found.update({(environment, name): each for name, each in config.items()})
        elif isinstance(config, dict):
            found[environment, "primary"] = config
        elif isinstance(config, str):
            found[environment, "primary"] = {"url": config}
    return found


@pytest.mark.parametrize("case", ORACLE, ids=lambda case: repr(case["file"][-60:]))
def test_what_is_claimed_is_what_ruby_reads(case: dict[str, Any]) -> None:
    """Every value we say we know is the one Ruby has; nothing is missing or made up."""
    read_by_us = read("config/database.yml", case["file"].encode())
    if "error" in case or "do |" in case["file"]:
        return
    expected = configurations(case["data"])
    ours = {(each.environment, each.name): each for each in read_by_us.databases}
    branches = "<% if" in case["file"]
    for key, settings in expected.items():
        assert key in ours
        for name, value in settings.items():
            claimed = effective(ours[key].settings[name].value)
            if claimed is not UNCLAIMED:
                assert (claimed, type(claimed)) == (value, type(value)), name
        assert branches or ours[key].settings.keys() == settings.keys()
    made_up = ours.keys() - expected.keys()
    assert all(effective(ours[key].settings["url"].value) is None for key in made_up if not branches)


def file(text: str) -> RailsFile:
    return read("config/database.yml", text.encode())


def database(found: RailsFile, environment: str, name: str = "primary") -> RailsDatabase:
    return next(each for each in found.databases if (each.environment, each.name) == (environment, name))


TWO_TIER = """\
# é
default: &default
  adapter: postgresql
  pool: <%= ENV.fetch("RAILS_MAX_THREADS") { 5 } %>
  prepared_statements: false

production:
  <<: *default
  database: "app_production"
  url: <%= ENV["DATABASE_URL"] %>
"""


def test_a_variable_with_its_default_and_the_place_in_the_anchor() -> None:
    pool = database(file(TWO_TIER), "production").settings["pool"]
    assert isinstance(pool.value, FromEnv)
    assert pool.value.name == "RAILS_MAX_THREADS"
    assert isinstance(pool.value.default, Literal)
    assert pool.value.default.value == 5
    assert pool.at.line == 4
    assert TWO_TIER.encode()[pool.at.start : pool.at.end] == b'<%= ENV.fetch("RAILS_MAX_THREADS") { 5 } %>'


def test_places_are_values_without_quotes_and_names() -> None:
    production = database(file(TWO_TIER), "production")
    at = production.settings["database"].at
    assert TWO_TIER.encode()[at.start : at.end] == b"app_production"
    assert (production.at.line, production.three_tier) == (7, False)
    assert production.settings["prepared_statements"].value == Literal(
        False, production.settings["prepared_statements"].at
    )


def test_three_tiers_need_every_value_to_be_a_mapping() -> None:
    found = file(
        "production:\n  primary:\n    pool: 1\n  cache:\n    pool: 2\ntest:\n  primary:\n    pool: 3\n  pool: 4\n"
    )
    assert [(each.environment, each.name, each.three_tier) for each in found.databases] == [
        ("production", "primary", True),
        ("production", "cache", True),
        ("test", "primary", False),
    ]
    assert isinstance(database(found, "test").settings["primary"].value, Mapping)


def test_text_around_a_tag_is_joined() -> None:
    value = database(file('test:\n  database: app_<%= ENV["N"] %>_test\n'), "test").settings["database"].value
    assert isinstance(value, Joined)
    assert [getattr(each, "value", getattr(each, "name", None)) for each in value.parts] == ["app_", "N", "_test"]


def test_credentials_and_other_ruby_are_unknown() -> None:
    text = (
        "test:\n  a: <%= Rails.application.credentials.url %>\n  b: <%= `hostname` %>\n  c: <%= ENV['A'] ? 1 : 2 %>\n"
    )
    settings = database(file(text), "test").settings
    assert [type(each.value) for each in settings.values()] == [Unknown, Unknown, Unknown]


def test_a_key_on_both_sides_of_a_branch_is_either() -> None:
    found = file("test:\n  host: h\n<% if x %>\n  pool: 1\n<% else %>\n  pool: 2\n<% end %>\n")
    value = database(found, "test").settings["pool"].value
    assert isinstance(value, OneOf)
    assert [getattr(each, "value", None) for each in value.values] == [1, 2]
    assert found.problems == ()


def test_a_key_that_is_set_twice_is_told() -> None:
    found = file("test:\n  pool: 1\n  host: h\n  pool: 2\n")
    assert [(each.line, "set again" in each.message) for each in found.problems] == [(4, True)]
    assert effective(database(found, "test").settings["pool"].value) == 2


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("test:\n  pool: 1\nproduction:\n  password: [hunter2\nother:\n  pool: 2\n", 5, "not valid YAML"),
        ("test:\n  pool: 1\nproduction:\n  password: %hunter2\nother:\n  pool: 2\n", 4, "not valid YAML"),
        ("test:\n  pool: 1\nproduction:\n\tpassword: hunter2\nother:\n  pool: 2\n", 4, "not valid YAML"),
        ("test:\n  pool: 1\nproduction:\n  <<: *gone\n  password: hunter2\nother:\n  pool: 2\n", 4, "*gone"),
        ("test:\n  pool: 1\nproduction:\n  password: <%= hunter2\nother:\n  pool: 2\n", 4, "ERB tag is not closed"),
    ],
)
def test_what_is_broken_is_told_and_the_rest_is_read(text: str, line: int, word: str) -> None:
    found = file(text)
    assert any(each.line == line and word in each.message for each in found.problems)
    assert effective(database(found, "test").settings["pool"].value) == 1
    assert effective(database(found, "other").settings["pool"].value) == 2
    assert b"hunter2" not in msgspec.json.encode(found)


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2",
        "password: 'hunter2'",
        "password: <%= ENV['PW'] || 'hunter2' %>",
        "password: hunter2<%= x %>",
        "username: hunter2",
        "url: postgres://u:hunter2@h/d",
        "url: postgres://<%= ENV['U'] %>:hunter2@h/d",
        "url: <%= ENV.fetch('U') { 'postgres://u:hunter2@h/d' } %>",
        "url: <%= ENV.fetch('U', \"postgres://hunter2@h/d\") %>",
        "variables: {app.secret: hunter2}",
    ],
)
def test_no_secret_is_kept(line: str) -> None:
    assert b"hunter2" not in msgspec.json.encode(file(f"production:\n  host: h\n  {line}\n"))


def test_users_can_be_told_apart() -> None:
    text = "a:\n  username: anna\n  password: x\nb:\n  username: bert\n"
    assert effective(database(file(text), "a").settings["username"].value) == fingerprint("anna")
    assert effective(database(file(text), "b").settings["username"].value) == fingerprint("bert")
    assert effective(database(file(text), "a").settings["password"].value) == MASK


def test_an_environment_may_be_an_address() -> None:
    url = database(file("production: postgres://u:p@h:6543/d\n"), "production").settings["url"]
    assert effective(url.value) == "postgres://***@h:6543/d"
    assert url.at.line == 1


def test_comments_that_speak_to_us() -> None:
    found = file(
        "# pooltlint: ignore[a] é\na:\n  host: '# pooltlint no'\n  port: 1 # pooltlint yes\n  x: <%# pooltlint no %>\n"
    )
    assert [each.text for each in found.comments] == ["pooltlint: ignore[a] é", "pooltlint yes"]


@pytest.mark.parametrize(
    "data",
    [
        b"<%" * 400_000,
        b"<%= ENV[" + b"(" * 900_000 + b"%>",
        b"a:\n  b: <%= " + b"ENV['A'] || " * 50_000 + b"%>\n",
        b"a:\n  b: <%= " + b"(" * 1500 + b"%>\n",
        b"a: &a\n" + b"  b: &b {<<: *a}\n" * 10_000,
        b"a: &a [1,2]\n" * 50_000,
        b"\xff\xfe",
        b"\xff: 1\na:\n  pool: \xff\n",
        b"a: " + b"[" * 500_000,
        b"- " * 400_000,
        b"<%= x %>\n" * 50_000,
        b"a: <%= x %><%= y %>\n" * 20_000,
    ],
)
def test_hostile_files_end_soon(data: bytes) -> None:
    began = time.perf_counter()
    msgspec.json.encode(read("config/database.yml", data))
    assert time.perf_counter() - began < 10
