"""Ways into PgBouncer that ask for no password, and passwords that anybody with the repository can read."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.facts import Profile, Stored, UserList
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import LOCAL
from pooltlint.model.topology import Pooler, Reach, Topology
from pooltlint.model.url import fingerprint

_REAL = (Profile.PRODUCTION, Profile.UNKNOWN)
_OPEN = (Reach.PUBLISHED, Reach.NETWORK)


def check(topology: Topology) -> Iterator[Finding]:
    """What the poolers let in, and one finding for each password that stands in a file."""
    for pooler in topology.poolers:
        if pooler.bouncer:
            yield from _let_in(pooler)
            yield from _administrators(pooler)
            yield from _passwords(pooler)
    for each in topology.user_lists:
        if each.profile in _REAL:
            yield from _listed(each)


def _let_in(pooler: Pooler) -> Iterator[Finding]:
    written = pooler.settings.get("auth_type")
    if written is None or pooler.reach is Reach.LOCAL:
        return
    heard = pooler.reach in _OPEN or (pooler.reach is Reach.UNKNOWN and bool(pooler.reached))
    certainty = Certainty.HIGH if pooler.reach is Reach.PUBLISHED else Certainty.MEDIUM
    name = pooler.spell("auth_type")
    stronger = (
        f"Set `{name}` to `scram-sha-256`, and give it the users' SCRAM secrets in `auth_file` or by `auth_query`."
    )
    match written.text:
        case "any":
            yield Finding(
                written.at,
                f"`{name}` `any` lets in whoever connects, under any name and without a password, into the databases and "
                "into PgBouncer's own console, where everybody may stop it.",
                stronger,
                pooler.reached,
                certainty,
            )
        case "trust" if heard:
            yield Finding(
                written.at,
                f"`{name}` `trust` asks nobody for a password, and PgBouncer can be reached from other machines: who knows "
                "a user's name has that user's databases.",
                f"{stronger} Or let PgBouncer listen on `127.0.0.1` alone.",
                pooler.reached,
                certainty,
            )
        case "plain" if heard:
            yield Finding(
                written.at,
                f"`{name}` `plain` sends passwords in clear over the network, and keeps them in clear in `auth_file`.",
                stronger,
                pooler.reached,
                certainty,
            )


def _administrators(pooler: Pooler) -> Iterator[Finding]:
    written = pooler.settings.get("admin_users")
    if written is None:
        return
    users = {fingerprint(each.strip()) for each in (written.text or "").split(",") if each.strip()}
    for url in pooler.urls:
        if url.dsn.user in users and url.profile in _REAL and url.at is not None:
            yield Finding(
                written.at,
                f"The application's own user is one of `{pooler.spell('admin_users')}`: who gets hold of its connection "
                "string, or injects SQL, may pause PgBouncer, close other clients' connections and shut it down.",
                "Name a user here that no application connects as.",
                (Note(f"{url.name or 'a connection string'} connects as this user", url.at),),
                Certainty.MEDIUM,
            )
            return


def _passwords(pooler: Pooler) -> Iterator[Finding]:
    for each in pooler.databases:
        if each.password is not None and (each.get("host") or "localhost").lower() not in LOCAL:
            yield Finding(
                each.password,
                f"The password of database `{each.name}` stands in the repository: who can read the code can connect.",
                "Remove `password=` here and change the password. Let PgBouncer take it from an `auth_file` that the "
                "deployment writes, or let clients send theirs.",
                certainty=Certainty.HIGH if pooler.profile is Profile.PRODUCTION else Certainty.MEDIUM,
            )


def _listed(users: UserList) -> Iterator[Finding]:
    for each in users.entries:
        if each.trivial or each.stored is Stored.SCRAM:
            continue
        if each.stored is Stored.CLEAR:
            said = "A password stands in clear in the repository: who can read the code can connect as this user."
        else:
            said = "An md5 secret stands in the repository, and that is as good as the password: who has it can log in with it."
        yield Finding(
            each.at,
            said,
            "Remove the file from the repository (and from its history), change the password, and let the deployment write "
            "the file, with the SCRAM secrets of `pg_authid`.",
            certainty=Certainty.HIGH if users.profile is Profile.PRODUCTION else Certainty.MEDIUM,
        )
