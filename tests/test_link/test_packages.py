"""Which version of a package holds for a file."""

from __future__ import annotations

import pytest

from pooltlint.link.packages import Packages
from pooltlint.model.facts import Dependency, Manifest
from pooltlint.model.source import Place


def manifest(path: str, *pairs: tuple[str, str], lock: bool = False, within: str = "") -> Manifest:
    at = Place(path, 0, 1, 1, 1)
    made = tuple(
        Dependency("npm", name, at, locked=text, within=within) if lock else Dependency("npm", name, at, wanted=text)
        for name, text in pairs
    )
    return Manifest(path, "npm", made, lock=lock)


def version(path: str, *manifests: Manifest) -> str:
    return Packages(manifests, {}).version(path, "pg")[0]


@pytest.mark.parametrize(
    ("manifests", "expected"),
    [
        ((manifest("package.json", ("pg", "^8.11.0")),), "8.11.0"),
        ((manifest("package.json", ("pg", "*")),), ""),
        (
            (manifest("package.json", ("pg", "^8.11.0")), manifest("package-lock.json", ("pg", "8.16.3"), lock=True)),
            "8.16.3",
        ),
        (
            (
                manifest("apps/web/package.json", ("pg", "^8.11.0")),
                manifest("package-lock.json", ("pg", "8.16.3"), lock=True),
            ),
            "8.16.3",
        ),
        ((manifest("other/package.json", ("pg", "^8.11.0")),), ""),
        ((manifest("apps/web/package.json", ("pg", "^7.0.0")), manifest("package.json", ("pg", "^8.0.0"))), "7.0.0"),
        (
            (
                manifest("apps/web/package.json", ("pg", "^7.0.0")),
                manifest("package-lock.json", ("pg", "8.16.3"), ("pg", "7.18.2"), lock=True),
            ),
            "7.18.2",
        ),
    ],
)
def test_version(manifests: tuple[Manifest, ...], expected: str) -> None:
    assert version("apps/web/src/db.ts", *manifests) == expected


def test_own_workspace_before_the_common_entry() -> None:
    common = manifest("pnpm-lock.yaml", ("pg", "8.1.0"), lock=True, within=".")
    own = manifest("pnpm-lock.yaml", ("pg", "8.2.0"), lock=True, within="apps/web")
    assert version("apps/web/src/db.ts", common, own) == "8.2.0"
    assert version("apps/api/src/db.ts", common, own) == "8.1.0"


def test_the_note_names_where_it_is_said() -> None:
    found, because = Packages([manifest("package.json", ("pg", "^8.11.0"))], {}).version("a.ts", "pg")
    assert found == "8.11.0"
    assert [(note.text, note.at.path if note.at else "") for note in because] == [
        ("pg ^8.11.0 allows 8.11.0", "package.json")
    ]
