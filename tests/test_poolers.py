"""What the host and port of a connection string say: every provider, each with a near-twin."""

from __future__ import annotations

import pytest

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import parse
from pooltlint.poolers import Sight, pgbouncer, recognise

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN


def sight(url: str) -> Sight | None:
    dsn = parse(url)
    assert dsn is not None, url
    return recognise(dsn)


POOLED = [
    (
        "postgres://postgres.abc:pw@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
        Mode.TRANSACTION,
        "Supavisor",
        NO,
    ),
    (
        "postgres://postgres.abc:pw@aws-1-eu-central-1.pooler.supabase.com:6543/postgres",
        Mode.TRANSACTION,
        "Supavisor",
        NO,
    ),
    ("postgres://postgres.abc:pw@aws-0-eu-central-1.pooler.supabase.com:5432/postgres", Mode.SESSION, "Supavisor", YES),
    ("postgres://postgres.abc:pw@aws-0-eu-central-1.pooler.supabase.com/postgres", Mode.SESSION, "Supavisor", YES),
    ("postgres://postgres:pw@db.abcdefgh.supabase.co:6543/postgres", Mode.TRANSACTION, "PgBouncer", YES),
    (
        "postgres://u:p@ep-cool-darkness-123456-pooler.us-east-2.aws.neon.tech/db",
        Mode.TRANSACTION,
        "the Neon pooler",
        YES,
    ),
    ("postgres://u:p@ep-x-1-pooler.westus3.azure.neon.tech/db", Mode.TRANSACTION, "the Neon pooler", YES),
    ("postgres://u:p@ep-x-1-pooler.us-east-1.postgres.vercel-storage.com/db", Mode.TRANSACTION, "the Neon pooler", YES),
    ("postgres://u:p@app.proxy-cxyz.eu-west-1.rds.amazonaws.com:5432/db", Mode.TRANSACTION, "RDS Proxy", YES),
    ("postgres://u:p@ro.endpoint.proxy-cxyz.eu-west-1.rds.amazonaws.com/db", Mode.TRANSACTION, "RDS Proxy", YES),
    ("postgres://u:p@shop.postgres.database.azure.com:6432/db", Mode.TRANSACTION, "Azure's PgBouncer", NO),
    (
        "postgres://u:p@x-do-user-1.b.db.ondigitalocean.com:25061/pool",
        Mode.TRANSACTION,
        "a DigitalOcean connection pool",
        UNKNOWN,
    ),
    ("postgres://u:p@p.abc123.db.postgresbridge.com:5431/db", Mode.UNKNOWN, "Crunchy Bridge's PgBouncer", UNKNOWN),
    ("postgres://u:p@pooled.db.prisma.io:5432/postgres", Mode.TRANSACTION, "the Prisma Postgres pooler", UNKNOWN),
    ("prisma://accelerate.prisma-data.net/?api_key=abc", Mode.HTTP, "Prisma Accelerate", YES),
    ("prisma+postgres://accelerate.prisma-data.net/?api_key=abc", Mode.HTTP, "Prisma Accelerate", YES),
    ("postgres://u:p@0123abc.hyperdrive.local:5432/db", Mode.TRANSACTION, "Hyperdrive", YES),
    ("postgres://u:p@eu.pg.psdb.cloud:6432/postgres", Mode.TRANSACTION, "PlanetScale's PgBouncer", YES),
    ("postgres://u:p@pgbouncer.abc123.flympg.net/db", Mode.UNKNOWN, "Fly's PgBouncer", UNKNOWN),
    (
        "postgres://u:p@a.b.tsdb.cloud.timescale.com:31234/tsdb_transaction",
        Mode.TRANSACTION,
        "the Tiger Cloud pooler",
        UNKNOWN,
    ),
    ("postgres://u:p@pgbouncer.railway.internal:5432/railway", Mode.TRANSACTION, "PgBouncer", UNKNOWN),
    ("postgres://u:p@10.0.0.5:6432/db", Mode.UNKNOWN, "a pooler", UNKNOWN),
    ("postgres://u:p@pgbouncer:5432/db", Mode.UNKNOWN, "PgBouncer", UNKNOWN),
    ("postgres://u:p@shop-pgbouncer.prod.svc.cluster.local/db", Mode.UNKNOWN, "PgBouncer", UNKNOWN),
    ("postgres://u:p@acid-shop-pooler/db", Mode.UNKNOWN, "a pooler", UNKNOWN),
    ("postgres://u:p@pgcat.internal:5432/db", Mode.UNKNOWN, "PgCat", UNKNOWN),
    ("postgres://u:p@odyssey:5432/db", Mode.UNKNOWN, "Odyssey", UNKNOWN),
    ("postgres://u:p@supavisor:6543/db", Mode.UNKNOWN, "Supavisor", UNKNOWN),
    ("postgres://u:p@pgdog-0.db.svc/db", Mode.UNKNOWN, "PgDog", UNKNOWN),
    ("postgres://u:p@pgpool/db", Mode.UNKNOWN, "Pgpool-II", UNKNOWN),
    ("postgres://u:p@shop.postgres.database.azure.com:8432/db", Mode.TRANSACTION, "Azure's PgBouncer", NO),
    ("postgres://u:p@shop.postgres.database.chinacloudapi.cn:6432/db", Mode.TRANSACTION, "Azure's PgBouncer", NO),
    ("postgres://u:p@x.horizon.psdb.cloud:6432/db", Mode.TRANSACTION, "PlanetScale's PgBouncer", YES),
    ("postgres://u:p@app.proxy-cxyz.cn-north-1.rds.amazonaws.com.cn/db", Mode.TRANSACTION, "RDS Proxy", YES),
    ("host=aws-0-eu.pooler.supabase.com port=6543 dbname=postgres user=u", Mode.TRANSACTION, "Supavisor", NO),
    (
        "jdbc:postgresql://aws-0-eu.pooler.supabase.com:6543/postgres?prepareThreshold=0",
        Mode.TRANSACTION,
        "Supavisor",
        NO,
    ),
    ("postgresql+asyncpg://u:p@ep-x-1-pooler.eu-central-1.aws.neon.tech/db", Mode.TRANSACTION, "the Neon pooler", YES),
    (
        "postgres://u:p@ep-x-1-pooler.eu.aws.neon.tech:5432,ep-y-2.eu.aws.neon.tech:5432/db",
        Mode.TRANSACTION,
        "the Neon pooler",
        YES,
    ),
]

DIRECT = [
    "postgres://postgres:pw@db.abcdefgh.supabase.co:5432/postgres",
    "postgres://postgres:pw@db.abcdefgh.supabase.co/postgres",
    "postgres://u:p@ep-cool-darkness-123456.us-east-2.aws.neon.tech/db?pgbouncer=true",
    "postgres://u:p@ep-x-1.us-east-1.postgres.vercel-storage.com/db",
    "postgres://u:p@shop.cxyz.eu-west-1.rds.amazonaws.com:5432/db",
    "postgres://u:p@proxy-shop.cxyz.eu-west-1.rds.amazonaws.com:5432/db",
    "postgres://u:p@shop.cluster-cxyz.eu-west-1.rds.amazonaws.com/db",
    "postgres://u:p@shop.cluster-ro-cxyz.eu-west-1.rds.amazonaws.com/db",
    "postgres://u:p@shop.postgres.database.azure.com:5432/db",
    "postgres://u:p@x-do-user-1.b.db.ondigitalocean.com:25060/defaultdb",
    "postgres://u:p@p.abc123.db.postgresbridge.com:5432/db",
    "postgres://u:p@db.prisma.io:5432/postgres",
    "postgres://u:p@eu.pg.psdb.cloud:5432/postgres",
    "postgres://u:p@direct.abc123.flympg.net/db",
    "postgres://u:p@dpg-abc123-a.oregon-postgres.render.com/db",
    "postgres://u:p@postgres.railway.internal:5432/railway",
    "postgresql://u:p@localhost/db?host=/cloudsql/project:region:instance",
    "postgresql:///db?host=/cloudsql/project:region:instance",
    "postgresql://u:p@%2Fcloudsql%2Fproject:region:instance/db",
    "host=/cloudsql/project:region:instance dbname=db user=u",
    "jdbc:postgresql://shop.cxyz.eu-west-1.rds.amazonaws.com:5432/db",
    "postgres://u:p@shop.cluster-custom-cxyz.eu-west-1.rds.amazonaws.com/db",
]

SILENT = [
    "postgres://u:p@localhost:5432/db",
    "postgres://u:p@db:5432/db",
    "postgres://u:p@localhost:6543/db",  # a container may listen there, too
    "postgres://u:p@myproject.supabase.co:6543/postgres",
    "postgres://u:p@neon.tech/db",
    "postgres://u:p@[HOST]:5432/db",
    "postgres://u:p@carpooler.example.org:5432/db",
    "postgres://u:p@ec2-1-2-3-4.compute-1.amazonaws.com:5432/db",
    "postgresql:///db?host=/var/run/postgresql",
    "host=/tmp dbname=db",
    "postgres://u:p@cockroach.acme.net:26257/db",
]


@pytest.mark.parametrize(("url", "mode", "pooler", "prepared"), POOLED)
def test_pooled(url: str, mode: Mode, pooler: str, prepared: Truth) -> None:
    found = sight(url)
    assert found is not None
    assert (found.mode, found.pooler, found.prepared) == (mode, pooler, prepared)


@pytest.mark.parametrize("url", DIRECT)
def test_direct(url: str) -> None:
    found = sight(url)
    assert found is not None
    assert (found.mode, found.pooler) == (Mode.DIRECT, "")


@pytest.mark.parametrize("url", SILENT)
def test_says_nothing(url: str) -> None:
    assert sight(url) is None


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgres://postgres:pw@db.[YOUR-PROJECT-REF].supabase.co:6543/postgres", Mode.TRANSACTION),
        ("postgres://postgres:pw@db.[YOUR-PROJECT-REF].supabase.co:5432/postgres", Mode.DIRECT),
        ("postgres://postgres.[ref]:[pw]@aws-0-[region].pooler.supabase.com:6543/postgres", Mode.TRANSACTION),
        ("postgres://postgres.<ref>:<pw>@aws-0-<region>.pooler.supabase.com:5432/postgres", Mode.SESSION),
        ("postgres://u:p@aws-0-${REGION}.pooler.supabase.com:6543/postgres", Mode.TRANSACTION),
        ("postgres://u:p@ep-xxx-pooler.us-east-1.aws.neon.tech/db", Mode.TRANSACTION),
        ("postgres://u:p@ep-xxx.us-east-1.aws.neon.tech/db", Mode.DIRECT),
        ("postgres://u:p@ep-xxx-pooler.../db", Mode.TRANSACTION),
        ("postgres://u:p@<endpoint>-pooler.<region>.aws.neon.tech/db", Mode.TRANSACTION),
        ("postgres://u:p@[endpoint]-pooler.[region].aws.neon.tech/db", Mode.TRANSACTION),
        ("postgres://postgres.[ref]:[pw]@[region].pooler.supabase.com:6543/postgres", Mode.TRANSACTION),
        ("postgres://u:p@my-proxy.proxy-xxxxxxxx.<region>.rds.amazonaws.com/db", Mode.TRANSACTION),
    ],
)
def test_placeholders_are_classified_by_their_fixed_part(url: str, mode: Mode) -> None:
    found = sight(url)
    assert found is not None
    assert found.mode is mode


def test_a_host_that_is_all_placeholder_says_nothing() -> None:
    assert sight("postgres://u:p@<endpoint>.us-east-1.aws.neon.tech/db") is None
    assert sight("postgres://u:p@${NEON_HOST}/db") is None


def test_why_names_the_telling_part() -> None:
    for url, part in (
        ("postgres://u:p@aws-0-x.pooler.supabase.com:6543/postgres", "6543"),
        ("postgres://u:p@aws-0-x.pooler.supabase.com/postgres", "no port is given"),
        ("postgres://u:p@ep-x-pooler.us-east-2.aws.neon.tech/db", "-pooler"),
        ("postgres://u:p@shop.postgres.database.azure.com:6432/db", "6432"),
        ("postgres://u:p@pgbouncer:5432/db", "pgbouncer"),
    ):
        found = sight(url)
        assert found is not None
        assert part in found.why


def test_a_name_or_a_port_alone_is_never_sure() -> None:
    for url in ("postgres://u:p@10.0.0.5:6432/db", "postgres://u:p@pgbouncer/db"):
        found = sight(url)
        assert found is not None
        assert found.certainty is Certainty.LOW
    managed = sight("postgres://u:p@shop.postgres.database.azure.com:6432/db")
    assert managed is not None
    assert managed.pooler == "Azure's PgBouncer", "a provider's word beats the port's"


def test_a_provider_is_known_by_the_end_of_the_host() -> None:
    for host in ("aws-0-x.pooler.supabase.com.example.org:6543", "ep-x-pooler.neon.tech.example.org"):
        found = sight(f"postgres://u:p@{host}/db")
        assert found is None or (found.mode, found.certainty) == (Mode.UNKNOWN, Certainty.LOW)


def test_only_rds_proxy_pins() -> None:
    pins = {url for url, *_ in POOLED if (found := sight(url)) is not None and found.pins}
    assert pins == {url for url, _, pooler, _ in POOLED if pooler == "RDS Proxy"}


@pytest.mark.parametrize(
    ("secret", "user"),
    [
        ("changeme", ""),
        ("shop_password", "shop_user"),
        ("benchpass", "benchuser"),
        ("123456", "a"),
        ("", "a"),
        ("x" * 40, ""),
    ],
)
def test_passwords_that_give_nothing_away(secret: str, user: str) -> None:
    assert pgbouncer.guessable(secret, user)


@pytest.mark.parametrize("secret", ["kT9vLq2Xw8rBn4", "correct horse battery", "1a" * 20_000])
def test_passwords_that_do(secret: str) -> None:
    assert not pgbouncer.guessable(secret, "shop")


@pytest.mark.parametrize(
    ("direct", "pooled"),
    [
        ("postgres://u:p@db.abcdefgh.supabase.co:5432/postgres", "pooler.supabase.com:6543"),
        ("postgres://u:p@ep-x-1.eu.aws.neon.tech/db", "-pooler"),
        ("postgres://u:p@shop.cxyz.eu-west-1.rds.amazonaws.com/db", "RDS Proxy"),
        ("postgres://u:p@shop.postgres.database.azure.com/db", "6432"),
        ("postgres://u:p@x.db.ondigitalocean.com:25060/db", "25061"),
        ("postgres://u:p@p.abc.db.postgresbridge.com/db", "5431"),
        ("postgres://u:p@eu.pg.psdb.cloud/db", "6432"),
        ("postgres://u:p@db.prisma.io:5432/postgres", "pooled.db.prisma.io"),
        ("postgres://u:p@direct.abc.flympg.net/db", "pgbouncer."),
    ],
)
def test_a_direct_address_knows_the_pooled_one(direct: str, pooled: str) -> None:
    found = sight(direct)
    assert found is not None
    assert pooled in found.pooled


def test_a_provider_without_a_pooler_promises_none() -> None:
    found = sight("postgresql://u:p@localhost/db?host=/cloudsql/project:region:instance")
    assert found is not None
    assert found.pooled == ""


@pytest.mark.parametrize(
    ("url", "signs"),
    [
        ("postgres://u:s3@cr@h/db", "@"),
        ("postgres://u:s3%40cr@h/db", ""),
        ("postgres://u:s3/cr@h:5432/db", "/"),
        ("postgres://u:s3?c#r@h/db", "#?"),
        ("postgres://u:s3%cr@h/db", "%"),
        ("postgres://[user]:[pass@word]@h/db", ""),
        ("postgres://u:${PASSWORD@X}@h/db", ""),
    ],
)
def test_signs_that_nobody_escaped(url: str, signs: str) -> None:
    dsn = parse(url)
    assert dsn is not None
    assert (dsn.unescaped, dsn.host) == (signs, "h")
