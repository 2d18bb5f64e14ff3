"""What the tests of reporters share."""

from pathlib import Path

import pytest

from tests.test_reporters.sample_report import Example, sample


@pytest.fixture
def example(tmp_path: Path) -> Example:
    return sample(tmp_path)
