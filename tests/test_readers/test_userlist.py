"""PgBouncer's userlist.txt: what is kept of a secret, and which ones give nothing away."""

from hashlib import md5

import msgspec
import pytest

from pooltlint.model.facts import Profile, Stored
from pooltlint.model.url import fingerprint
from pooltlint.readers import userlist

REAL = "kT9vLq2Xw8rBn4"
HASH = "md5" + md5(f"{REAL}shop".encode(), usedforsecurity=False).hexdigest()
VERIFIER = "SCRAM-SHA-256$4096:RGVtb1NhbHQ=$" + "A" * 43 + "=:" + "B" * 43 + "="


def test_the_secret_itself_is_dropped() -> None:
    found = userlist.read("userlist.txt", f'"shop" "{REAL}"\n"shop" "{HASH}"\n'.encode())
    assert [each.stored for each in found.entries] == [Stored.CLEAR, Stored.MD5]
    assert [each.at.line for each in found.entries] == [1, 2]
    assert found.entries[0].user == fingerprint("shop")
    told = msgspec.json.encode(found)
    assert REAL.encode() not in told
    assert HASH.encode() not in told


@pytest.mark.parametrize(
    ("user", "secret", "stored", "trivial"),
    [
        ("shop", REAL, Stored.CLEAR, False),
        ("shop", HASH, Stored.MD5, False),
        ("shop", VERIFIER, Stored.SCRAM, False),
        ("shop", "shop", Stored.CLEAR, True),
        ("shop_user", "shop_password", Stored.CLEAR, True),
        ("flaskuser", "flaskpassword", Stored.CLEAR, True),
        ("postgres", "changeme", Stored.CLEAR, True),
        ("postgres", "<password>", Stored.CLEAR, True),
        ("postgres", "${DB_PASSWORD}", Stored.CLEAR, True),
        ("postgres", "md5<hash>", Stored.MD5, True),
        ("postgres", "md5" + md5(b"postgrespostgres", usedforsecurity=False).hexdigest(), Stored.MD5, True),
        ("postgres", "md5" + "0123456789abcdef" * 2, Stored.MD5, True),
        ("shop", "SCRAM-SHA-256$4096:...", Stored.SCRAM, True),
        ("shop", "", Stored.CLEAR, True),
    ],
)
def test_secrets_by_kind(user: str, secret: str, stored: Stored, trivial: bool) -> None:
    (entry,) = userlist.read("userlist.txt", f'"{user}" "{secret}"\n'.encode()).entries
    assert (entry.stored, entry.trivial) == (stored, trivial)


def test_comments_and_other_lines_are_none() -> None:
    data = b'; "old" "kT9vLq2Xw8rBn4"\n# pooltlint: ignore\nuser password\n\n"a" "kT9vLq2Xw8rBn4"\n'
    found = userlist.read("pgbouncer/userlist.txt", data)
    assert [each.at.line for each in found.entries] == [5]
    assert [each.text for each in found.comments] == ["pooltlint: ignore"]


def test_other_lists_are_not_read() -> None:
    assert userlist.looks_like(b'"a" "b"\n')
    assert not userlist.looks_like(b"alice\nbob\n")


def test_the_folder_says_which_environment() -> None:
    assert userlist.read("dev/userlist.txt", b'"a" "b"').profile is Profile.DEVELOPMENT


def test_hostile_input_is_linear_and_quiet() -> None:
    for data in (
        b'"' * 200_000,
        b'"a" "' + b"x" * 200_000 + b'"',
        b'"a" "' + b"1a" * 50_000 + b'"',
        b"\xff\x00" * 1000,
    ):
        assert userlist.read("userlist.txt", data).problems == ()
