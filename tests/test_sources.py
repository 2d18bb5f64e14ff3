"""Lines and columns of audited files, and what is not read."""

import os
from pathlib import Path

import pytest

from pooltlint.model.source import Place, line_starts, place
from pooltlint.sources import LIMIT, Shown, Sources


def of(data: bytes, path: str = "a.py") -> Sources:
    return Sources(Path("/nowhere"), {path: data})


def where(data: bytes, words: bytes, path: str = "a.py") -> Place:
    start = data.index(words)
    return place(path, line_starts(data), (start, start + len(words)))


@pytest.mark.parametrize(
    ("data", "words", "points", "units"),
    [
        (b"pool = 1\n", b"1", (8, 9), (8, 9)),
        ("é = '😀'; pool\n".encode(), b"pool", (10, 14), (11, 15)),
        ("'😀'\n".encode(), "😀".encode(), (2, 3), (2, 4)),
        ("\ufeffpool = 1\n".encode(), b"pool", (1, 5), (1, 5)),
        (b"\tpool\n", b"pool", (2, 6), (2, 6)),
        (b"a\r\n  pool\r\n", b"pool", (3, 7), (3, 7)),
        (b"a\r  pool\r", b"pool", (3, 7), (3, 7)),
        (b"f(\n  a,\n)\n", b"(\n  a,\n)", (2, 2), (2, 2)),
        (b"pool\r\nb", b"pool\r\n", (1, 5), (1, 5)),
        (b"\xff\xfe = pool", b"pool", (6, 10), (6, 10)),
        (b"pool", b"pool", (1, 5), (1, 5)),
    ],
)
def test_columns(data: bytes, words: bytes, points: tuple[int, int], units: tuple[int, int]) -> None:
    at = where(data, words)
    assert of(data).columns(at) == points
    assert of(data).utf16_columns(at) == units


def test_lines_are_those_of_the_model() -> None:
    sources = of("one\r\ntwo\rthree\n\nfi\u2028ve".encode())
    assert [sources.line("a.py", number) for number in range(7)] == ["", "one", "two", "three", "", "fi�ve", ""]


def test_a_region_moves_with_the_mask() -> None:
    data = b"url = 'postgres://app:hunter2@db:6543/x', 5"
    line = "url = 'postgres://***@db:6543/x', 5"
    assert of(data).shown(where(data, b"6543"), 1) == Shown(line, line.index("6543"), line.index("6543") + 4)
    assert of(data).shown(where(data, b"hunter2"), 1) == Shown(line, line.index("***"), line.index("***") + 3)
    assert of(data).shown(where(data, data), 1) == Shown(line, 0, len(line))


def test_a_block_below_its_key_is_masked() -> None:
    sources = of(b"password: |\n  hunter2\n  more\nname: x\n", "a.yml")
    assert [sources.line("a.yml", number) for number in (1, 2, 3, 4)] == ["password: |", "***", "***", "name: x"]


def test_a_line_nobody_wrote_by_hand_is_shown_around_its_region() -> None:
    data = b"x" * 50_000 + b"max:400, password: 'hunter2'" + b"y" * 50_000
    shown = of(data).shown(where(data, b"max:400"), 1)
    assert shown.text[shown.start : shown.end] == "max:400"
    assert len(shown.text) < 10_000
    assert "hunter2" not in shown.text


def test_places_outside_of_a_changed_file_are_harmless() -> None:
    at = Place("a.py", 500, 600, 40, 41)
    assert of(b"short\n").columns(at) == (1, 1)
    assert of(b"short\n").shown(at, 40) == Shown("")


def test_nothing_outside_of_the_root_is_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (tmp_path / "secret").write_text("outside")
    (root / "real.py").write_text("inside")
    (root / "out.py").symlink_to(tmp_path / "secret")
    (root / "inner" / "in.py").symlink_to(root / "real.py")
    (root / "folder").symlink_to(tmp_path)
    sources = Sources(root)
    for path in ("out.py", "../secret", str(tmp_path / "secret"), "folder/secret", "gone", "inner", "a\0b", ""):
        assert sources.data(path) == b"", path
    assert sources.data("inner/in.py") == b"inside"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_and_large_files_read_as_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LIMIT + 1)
    assert Sources(tmp_path).data("pipe") == b""
    assert Sources(tmp_path).data("large") == b""
