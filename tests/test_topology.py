"""What the topology's own small functions conclude."""

from __future__ import annotations

import pytest

from pooltlint.model.facts import Profile, RailsDatabase, RailsSetting
from pooltlint.model.finding import Certainty, Note
from pooltlint.model.pooling import Pooling, pooling, same_source
from pooltlint.model.source import Place
from pooltlint.model.topology import Mode, Rails, Route, Url
from pooltlint.model.url import parse
from pooltlint.model.value import FromEnv, Joined, Literal, OneOf, Unknown, Value

AT = Place(".env", 0, 1, 1, 1)
CLAIM = Note("`prepare: false` is set for a transaction pooler", Place("db.ts", 0, 1, 3, 3))


def url(route: Route, profile: Profile = Profile.UNKNOWN, text: str = "postgres://db.example.org/app") -> Url:
    dsn = parse(text)
    assert dsn is not None
    return Url("DATABASE_URL", profile, dsn, route, AT, text)


SUPAVISOR = Route(Mode.TRANSACTION, "Supavisor", because=(Note("the port is 6543", AT),))
DIRECT = Route(Mode.DIRECT, because=(Note("the host is an RDS instance", AT),))
OWN_SERVER = Route(Mode.DIRECT, because=(Note("service db runs postgres:17", AT),), certainty=Certainty.MEDIUM)


def found(result: Pooling | None) -> Pooling:
    assert result is not None
    return result


def test_a_url_through_a_transaction_pooler() -> None:
    result = found(pooling((url(SUPAVISOR),)))
    assert result.said == "behind Supavisor in transaction mode"
    assert [each.text for each in result.because] == ["DATABASE_URL leads through Supavisor: the port is 6543"]
    assert result.certainty is Certainty.HIGH


@pytest.mark.parametrize(
    "route",
    [Route(Mode.SESSION, "Supavisor"), DIRECT, Route(Mode.UNKNOWN), Route(Mode.TRANSACTION, "RDS Proxy", pins=True)],
)
def test_no_transaction_pooler(route: Route) -> None:
    assert pooling((url(route),)) is None


def test_production_decides() -> None:
    assert pooling((url(DIRECT, Profile.PRODUCTION), url(SUPAVISOR, Profile.DEVELOPMENT))) is None
    assert pooling((url(SUPAVISOR, Profile.PRODUCTION), url(DIRECT, Profile.DEVELOPMENT))) is not None
    assert pooling((url(SUPAVISOR, Profile.TEST),)) is None


def test_an_option_counts_where_no_url_says_otherwise() -> None:
    for urls in ((), (url(Route(Mode.UNKNOWN)),), (url(OWN_SERVER),)):
        result = found(pooling(urls, CLAIM))
        assert (result.certainty, result.because, result.url) == (Certainty.MEDIUM, (CLAIM,), None)


@pytest.mark.parametrize(
    "each", [url(DIRECT), url(OWN_SERVER, Profile.PRODUCTION), url(Route(Mode.SESSION, "PgBouncer"))]
)
def test_an_option_yields_to_a_url_that_is_sure(each: Url) -> None:
    assert pooling((each,), CLAIM) is None


A, B = FromEnv("DATABASE_URL"), FromEnv("DIRECT_URL")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (A, A, True),
        (A, B, False),
        (A, Joined((A, Literal("?prepare=false"))), True),
        (OneOf((A, B)), OneOf((B, A)), True),
        (Joined((FromEnv("HOST"), FromEnv("PASSWORD"))), Joined((FromEnv("DIRECT_HOST"), FromEnv("PASSWORD"))), False),
        (Literal("postgres://db/app"), Literal("postgres://db/app"), False),
        (Unknown(), Unknown(), False),
        (None, None, False),
    ],
)
def test_same_source(one: Value | None, other: Value | None, same: bool) -> None:
    assert same_source(one, other) is same


def rails(text: str = "", **settings: str | bool) -> Rails:
    written = {name: RailsSetting(Literal(value), AT) for name, value in settings.items()}
    urls = (url(SUPAVISOR, text=text),) if text else ()
    return Rails(AT, RailsDatabase("production", "primary", written, AT), urls)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (rails(), True),
        (rails(prepared_statements=False), False),
        (rails(prepared_statements="false"), False),
        (rails(prepared_statements=True), True),
        (rails("postgres://db/app?prepared_statements=false"), False),
        (rails("postgres://db/app?prepared_statements=false", prepared_statements=True), False),
        (Rails(AT, RailsDatabase("production", "primary", {"prepared_statements": RailsSetting(B, AT)}, AT)), None),
    ],
)
def test_switch_of_rails(given: Rails, value: bool | None) -> None:
    assert given.switch("prepared_statements", True) is value


@pytest.mark.parametrize(
    ("given", "postgres"),
    [
        (rails(adapter="postgresql"), True),
        (rails(adapter="postgis"), True),
        (rails(adapter="mysql2"), False),
        (rails("postgres://db/app"), True),
        (rails("postgres://db/app", adapter="mysql2"), False),
        (rails(), False),
    ],
)
def test_rails_speaks_postgres(given: Rails, postgres: bool) -> None:
    assert given.postgres is postgres
