"""The reader against what real PgBouncers said of the same files (see tests/oracles/record_pgbouncer.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pooltlint.model.facts import BouncerFile
from pooltlint.poolers.pgbouncer import QUOTED_NAMES_SINCE, Kind, Scope, Version, default, effective, known, version
from pooltlint.readers.pgbouncer import integer, read

RECORD: dict[str, Any] = json.loads((Path(__file__).parent / "pgbouncer_oracle.json").read_text())
CASES: dict[str, Any] = {
    name: case
    for name, case in RECORD["cases"].items()
    # the repository cannot show what lies elsewhere: the reader says partial, not fault
    if name != "include missing"
    # the answer depends on the C library: glibc 2.38 taught strtol binary numbers
    and not name.endswith("0b11")
}
OTHERS: dict[str, str] = RECORD["others"]
RELEASES = list(RECORD["releases"])
RELEASE = {version(each): each for each in RELEASES}

BACKPORTED = {("1.18.0", "auth_query")}
"""Debian's 1.18.0-1+deb12u1 has the default of 1.24.1 (CVE-2025-2291)."""


def understood(name: str) -> BouncerFile:
    text = CASES[name]["text"]
    files = {**OTHERS, "pgbouncer.ini": text}
    return read("pgbouncer.ini", text.encode(), lambda path: files[path].encode() if path in files else None)


def refused(file: BouncerFile, text: str, release: Version) -> bool:
    """Whether a release refuses the file: a fatal fault, or a name that it does not know yet."""
    if any(each.fatal for each in file.faults):
        return True
    if release < QUOTED_NAMES_SINCE and any(each.code == "quoted-name" for each in file.faults):
        return True
    used = [(Scope.GLOBAL, name) for name in file.settings]
    # the line of "*" is only read when a client comes
    used += [(Scope.DATABASE, key.name) for each in file.databases if each.name != "*" for key in each.settings]
    used += [(Scope.USER, key.name) for each in file.users for key in each.settings]
    unknown = [
        found
        for found in (known(*each) for each in used)
        if found and (found.since > release or (found.until and release >= found.until))
    ]
    return bool(unknown) or ("[peers]" in text and release < (1, 19, 0))


@pytest.mark.parametrize("release", RELEASES)
def test_accepts_and_refuses_what_pgbouncer_does(release: str) -> None:
    number = version(release)
    assert number
    wrong = []
    for name, case in CASES.items():
        file = understood(name)
        if file.template:
            continue
        if refused(file, case["text"], number) is case[release]["accepted"]:
            wrong.append((name, case[release].get("log"), [(each.code, each.fatal) for each in file.faults]))
    assert not wrong


@pytest.mark.parametrize("release", RELEASES)
def test_has_the_defaults_of_the_release(release: str) -> None:
    number = version(release)
    assert number
    file = read("pgbouncer.ini", CASES["plain"]["text"].encode())
    shown = RECORD["releases"][release]["config"]
    assert not differences(file, shown, number)
    extra = {name for name in shown if default(name, number) is None}
    assert not extra


@pytest.mark.parametrize("release", RELEASES)
def test_reads_the_settings_that_pgbouncer_shows(release: str) -> None:
    number = version(release)
    assert number
    wrong = {}
    for name, case in CASES.items():
        answer = case[release]
        if answer["accepted"] and answer["config"] is not None:
            shown = {**RECORD["releases"][release]["config"], **answer["config"]}
            found = differences(understood(name), shown, number)
            if found:
                wrong[name] = found
    assert not wrong


@pytest.mark.parametrize("release", RELEASES)
def test_reads_the_databases_that_pgbouncer_shows(release: str) -> None:
    number = version(release)
    assert number
    wrong = {}
    for name, case in CASES.items():
        answer = case[release]
        if not answer["accepted"] or answer["config"] is None:
            continue
        file = understood(name)
        expected = {each["name"]: each for each in answer["databases"]}
        actual = {}
        for each in file.databases:
            if each.name == "*":
                continue
            pool_size = each.get("pool_size")
            row = {
                "name": each.name,
                "host": each.get("host"),
                "port": each.get("port") or "5432",
                "database": each.get("dbname") or each.name,
                "force_user": each.get("user"),
                "pool_size": pool_size
                if pool_size and int(pool_size) >= 0
                else effective(file.settings, "default_pool_size", number),
                "pool_mode": each.get("pool_mode"),
            }
            actual[each.name] = {key: value for key, value in row.items() if value}
        if actual != expected:
            wrong[name] = (actual, expected)
    assert not wrong


def differences(file: BouncerFile, shown: dict[str, str], release: Version) -> dict[str, tuple[str | None, str]]:
    """Settings that the reader takes for something else than ``SHOW CONFIG`` says."""
    found = {}
    for name, value in shown.items():
        row = known(Scope.GLOBAL, name)
        text = effective(file.settings, name, release)
        if row and text is not None and same(row.kind, name, text, value):
            continue
        if (name in file.settings and text is None and file.template) or (RELEASE[release], name) in BACKPORTED:
            continue
        found[name] = (text, value)
    return found


def same(kind: Kind, name: str, text: str, shown: str) -> bool:
    if kind is Kind.SECONDS:
        return abs(float(text) - float(shown)) <= 1e-5 * max(1.0, float(shown))
    if name == "unix_socket_mode":
        return integer(text) == int(shown)
    return text == shown
