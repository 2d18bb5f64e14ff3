"""Ranges against node-semver's recorded answers, packaging itself, and RubyGems' documentation."""

import json
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pooltlint.model.versions import minimum, span, version

RECORD = json.loads((Path(__file__).parent / "oracles" / "npm_ranges.json").read_text())


def inside(wanted: str, ecosystem: str, probe: str) -> bool:
    low, high = span(wanted, ecosystem)
    found = Version(probe)
    return (low is None or low <= found) and (high is None or found < high)


@pytest.mark.parametrize("answer", RECORD["answers"], ids=lambda each: each["range"] or "empty")
def test_npm_ranges_as_node_semver_has_them(answer: dict[str, object]) -> None:
    wanted = str(answer["range"])
    admitted = answer["admits"]
    assert isinstance(admitted, list)
    found = [probe for probe in RECORD["probes"] if inside(wanted, "npm", probe)]
    if wanted == "1 || ^3.1":  # the hole between two alternatives is not told
        assert set(admitted) < set(found)
        assert min(map(Version, admitted)) == min(map(Version, found))
        assert max(map(Version, admitted)) == max(map(Version, found))
    else:
        assert found == admitted
    low = minimum(wanted, "npm")
    lowest = str(answer["minimum"])
    assert low == version(lowest) or (low is None and lowest == "0.0.0")


@pytest.mark.parametrize(
    "wanted",
    ["==1.4.*", "~=1.4.2", "~=2.2", ">=2,<3", ">=1.4.2", "<3", "<=2.0", ">2.0.0", "==2.0.1", ">=1,!=1.5,<4", ""],
)
def test_pypi_ranges_as_packaging_has_them(wanted: str) -> None:
    holes = {"1.5"}
    probes = [f"{a}.{b}.{c}" for a in range(5) for b in range(6) for c in range(4)]
    for probe in probes:
        if not any(Version(probe) == Version(hole) for hole in holes):
            assert inside(wanted, "pypi", probe) == SpecifierSet(wanted).contains(probe), probe


@pytest.mark.parametrize(
    ("wanted", "ecosystem", "low", "high"),
    [
        ("^1.2", "pypi", "1.2", "2"),
        ("^0.29.0", "pypi", "0.29.0", "0.30"),
        ("~1.2", "pypi", "1.2", "1.3"),
        ("2.0.30", "pypi", "2.0.30", "2.0.31"),
        (">=2.0b1", "pypi", "2.0b1", None),
        ("~> 7.0", "gem", "7.0", "8"),
        ("~> 7.0.4", "gem", "7.0.4", "7.1"),
        ("~> 7", "gem", "7", "8"),
        ("~> 1.1, >= 1.1.4", "gem", "1.1.4", "2"),
        ("1.5.9", "gem", "1.5.9", "1.5.10"),
        ("workspace:^1.2.0", "npm", "1.2.0", "2"),
        ("npm:@neondatabase/serverless@^1.0.0", "npm", "1.0.0", "2"),
    ],
)
def test_bounds(wanted: str, ecosystem: str, low: str, high: str | None) -> None:
    assert span(wanted, ecosystem) == (Version(low), Version(high) if high else None)


@pytest.mark.parametrize(
    "wanted",
    [
        "latest",
        "next",
        "beta5",
        "workspace:*",
        "workspace:^",
        "catalog:",
        "catalog:db",
        "github:brianc/node-postgres",
        "brianc/node-postgres#v8",
        "git+ssh://git@github.com/a/b.git#v1.2.3",
        "https://example.com/pg-8.0.0.tgz",
        "file:../pg",
        "link:../pg",
        "npm:pg",
        "é" * 600,
    ],
)
def test_what_is_no_range_is_not_bounded(wanted: str) -> None:
    assert span(wanted, "npm") == (None, None)


def test_urls_of_pypi_are_not_bounded() -> None:
    assert span("@ git+https://github.com/MagicStack/asyncpg@v0.29.0", "pypi") == (None, None)


def test_a_prerelease_outside_pep_440_is_below_its_release() -> None:
    canary = version("1.0.0-canary.5")
    assert canary is not None
    assert Version("0.9.9") < canary < Version("1.0.0")
    assert version("no version") is None
