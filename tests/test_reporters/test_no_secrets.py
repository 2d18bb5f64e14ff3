"""No format lets a secret out, wherever a finding quotes or points at it; and none tells where it ran."""

import io
from types import ModuleType

import pytest
from msgspec.structs import replace

from pooltlint.reporters import json, sarif, text
from pooltlint.sources import Sources
from tests.test_reporters.sample_report import Example

FORMATS = [text, json, sarif]


def rendered(format: ModuleType, example: Example, **options: object) -> str:
    out = io.StringIO()
    format.render(example.report, example.book, example.sources, out, **options)
    return out.getvalue()


@pytest.mark.parametrize("format", FORMATS)
def test_a_finding_on_a_line_with_a_secret(format: ModuleType, example: Example) -> None:
    """Message, remedy, note, problem and the line itself all hold the URL with its password."""
    report = rendered(format, example)
    assert "db.example.com/app" in report
    for secret in ("s3cret", "app:", "password=x"):
        assert secret not in report


@pytest.mark.parametrize("format", FORMATS)
def test_a_hushed_finding_on_a_line_with_a_secret(format: ModuleType, example: Example) -> None:
    hushed = tuple(replace(each, verdict=example.report.verdicts[0]) for each in example.report.hushed)
    assert "s3cret" not in rendered(format, example._replace(report=replace(example.report, hushed=hushed)))


def test_colour_does_not_uncover_it(example: Example) -> None:
    for width in (None, 40, 80, 200):
        assert "s3c" not in rendered(text, example, colour=True, width=width)


@pytest.mark.parametrize("format", FORMATS)
def test_a_new_password_changes_no_byte(format: ModuleType, example: Example) -> None:
    before = rendered(format, example)
    path = ".env.production"
    data = example.sources.data(path)
    assert b"s3cret" in data
    other = Sources(example.root, {path: data.replace(b"s3cret", b"an0ter")})
    assert rendered(format, example._replace(sources=other)) == before


@pytest.mark.parametrize("format", FORMATS)
def test_no_absolute_path_is_told(format: ModuleType, example: Example) -> None:
    assert str(example.root) not in rendered(format, example)


@pytest.mark.parametrize("format", FORMATS)
def test_equal_reports_give_equal_bytes(format: ModuleType, example: Example) -> None:
    again = example._replace(sources=Sources(example.root))
    assert rendered(format, example) == rendered(format, again)
