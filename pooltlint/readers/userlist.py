"""PgBouncer's userlist.txt: who is in it and how each secret is kept, never the secret itself."""

from __future__ import annotations

import re
from hashlib import md5

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import Stored, UserList, UserSecret
from pooltlint.model.source import line_starts, place
from pooltlint.model.url import fingerprint
from pooltlint.outline.nodes import Comment
from pooltlint.poolers.pgbouncer import guessable

_LINE = re.compile(rb'(?m)^[ \t]*"((?:[^"\r\n]|"")*)"[ \t]+"((?:[^"\r\n]|"")*)"')
_COMMENT = re.compile(rb"(?m)^[ \t]*[;#]([^\r\n]*)")
_MD5 = re.compile(r"md5[0-9a-f]{32}")
_SCRAM = re.compile(r"SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+")
_HOLE = re.compile(r"\$\{|\$\(|\$[A-Z_]{3,}|\{\{|<%|<[A-Za-z][\w .-]*>|%\(|\.\.\.|…")
_TRIED = ("postgres", "password", "pgbouncer", "secret", "admin", "test", "changeme", "pass", "123456", "root", "user")
_MOST = 500


def looks_like(data: bytes) -> bool:
    """Has it a line of the form ``"user" "secret"``."""
    return _LINE.search(data[:100_000]) is not None


def read(path: str, data: bytes) -> UserList:
    """The lines of a password file as ``load_auth_file`` of PgBouncer's ``src/loader.c`` takes them; never raises.

    A secret with a template in it counts as trivial, and so does an md5 hash of a word that everybody tries first.
    """
    starts = line_starts(data)
    found: list[UserSecret] = []
    for each in _LINE.finditer(data):
        if len(found) == _MOST:
            break
        user, secret = (each[number].decode("utf-8", "replace").replace('""', '"') for number in (1, 2))
        stored = (
            Stored.SCRAM
            if secret.startswith("SCRAM-SHA-256")
            else Stored.MD5
            if secret.startswith("md5")
            else Stored.CLEAR
        )
        found.append(
            UserSecret(fingerprint(user), stored, place(path, starts, each.span(2)), _trivial(user, secret, stored))
        )
    comments = tuple(
        Comment(each[1].decode("utf-8", "replace").strip(), each.span())
        for each in _COMMENT.finditer(data)
        if b"pooltlint" in each[1]
    )
    return UserList(path, profile_of(path), tuple(found), comments=comments, lines=starts)


def _trivial(user: str, secret: str, stored: Stored) -> bool:
    if stored is Stored.SCRAM:
        return _SCRAM.fullmatch(secret) is None
    if _HOLE.search(user + secret):
        return True
    if stored is Stored.MD5:
        tried = (md5(f"{word}{user}".encode(), usedforsecurity=False).hexdigest() for word in (*_TRIED, user, ""))
        digits = secret[3:].lower()
        return _MD5.fullmatch(secret) is None or digits in tried or len(set(digits)) < 6 or digits in _COUNTED
    return guessable(secret, user)


_COUNTED = ("0123456789abcdef" * 2, "1234567890abcdef" * 2, "abcdef1234567890" * 2, "abcdef0123456789" * 2)
"""Hashes that nobody computed."""
