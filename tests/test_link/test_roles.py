"""What the place of a file says of it: tests, scripts, or neither."""

import pytest

from pooltlint.link.roles import role
from pooltlint.model.topology import Runs


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/test-setup.ts", Runs.TEST),
        ("src/setupTests.ts", Runs.TEST),
        ("globalSetup.mjs", Runs.TEST),
        ("test/e2e/database.ts", Runs.TEST),
        ("src/setup.ts", None),
        ("src/latest-setup.ts", None),
        ("src/global-settings.ts", None),
        ("migrations/001.ts", Runs.SCRIPT),
    ],
)
def test_role(path: str, expected: Runs | None) -> None:
    assert role(path) is expected
