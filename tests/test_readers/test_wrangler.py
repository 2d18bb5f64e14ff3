"""Wrangler's three formats: variables by environment, and Hyperdrive bindings."""

from __future__ import annotations

import msgspec
import pytest

from pooltlint.model.facts import DeploymentFile, Profile
from pooltlint.readers import wrangler

TOML = """\
name = "api"
[vars]
POOL_SIZE = 5

[[hyperdrive]]
binding = "HYPERDRIVE"
id = "0123"
localConnectionString = "postgres://u:hunter2@localhost:5432/dev"

[env.production.vars]
POOL_SIZE = 9
[env.staging.vars]
POOL_SIZE = 2
[[env.production.hyperdrive]]
binding = "REPORTS"
id = "4567"
"""
JSONC = """\
{
  // the same
  "name": "api",
  "vars": {"POOL_SIZE": 5},
  "hyperdrive": [{"binding": "HYPERDRIVE", "id": "0123", "localConnectionString": "postgres://u:hunter2@localhost:5432/dev"}],
  "env": {
    "production": {"vars": {"POOL_SIZE": 9}, "hyperdrive": [{"binding": "REPORTS", "id": "4567"}]},
    "staging": {"vars": {"POOL_SIZE": 2}},
  },
}
"""


def told(file: DeploymentFile) -> set[tuple[str, Profile, str | None]]:
    return {(each.name, each.profile, each.dsn.host if each.dsn else each.text) for each in file.variables}


@pytest.mark.parametrize(("path", "text"), [("wrangler.toml", TOML), ("wrangler.jsonc", JSONC)])
def test_wrangler(path: str, text: str) -> None:
    file = wrangler.read(path, text.encode())
    assert told(file) == {
        ("POOL_SIZE", Profile.UNKNOWN, "5"),
        ("POOL_SIZE", Profile.PRODUCTION, "9"),
        ("POOL_SIZE", Profile.TEST, "2"),
        ("HYPERDRIVE.connectionString", Profile.UNKNOWN, "hyperdrive.hyperdrive.local"),
        ("HYPERDRIVE.connectionString", Profile.DEVELOPMENT, "localhost"),
        ("REPORTS.connectionString", Profile.PRODUCTION, "reports.hyperdrive.local"),
    }
    first, second = file.poolers
    assert (first.product, first.name, second.name) == ("Hyperdrive", "HYPERDRIVE", "REPORTS")
    assert text[first.at.start : first.at.end] == "HYPERDRIVE"
    assert b"hunter2" not in msgspec.msgpack.encode(file)
    assert not file.problems


@pytest.mark.parametrize(("path", "text"), [("wrangler.toml", TOML), ("wrangler.jsonc", JSONC)])
def test_broken(path: str, text: str) -> None:
    data = text.encode()
    for cut in range(0, len(data), 9):
        wrangler.read(path, data[:cut])
        wrangler.read(path, data[:cut] + b"\xff[{" + data[cut:])
    (problem,) = wrangler.read(
        path, b"hyperdrive = {1}\n" if path.endswith("toml") else b'{"hyperdrive": [{]}'
    ).problems
    assert (problem.path, problem.line) == (path, 1)
    wrangler.read(path, b'{"hyperdrive": [1, {"binding": 2}], "env": [3], "vars": 4}')
