"""database.yml against Ruby's ERB and Psych (``rails_oracle.json``, made by ``tests/oracles/record_rails.py``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
            found = {key: effective(each) for key, each in entries.items()}
            return UNCLAIMED if UNCLAIMED in found.values() else found
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
                assert claimed == value and type(claimed) is type(value), name
        assert branches or ours[key].settings.keys() == settings.keys()
    assert branches or {key for key, each in ours.items() if each.settings} <= expected.keys() | {
        key for key, each in ours.items() if effective(each.settings.get("url", None) and each.settings["url"].value) is None
    }


def file(text: str) -> RailsFile:
    return read("config/database.yml", text.encode())


def database(found: RailsFile, environment: str, name: str = "primary") -> RailsDatabase:
    return next(each for each in found.databases if (each.environment, each.name) == (environment, name))
