"""What platforms' files say reaches the code: variables by environment, databases, Hyperdrive, RDS Proxy, functions."""

from __future__ import annotations

from pathlib import Path

from pooltlint.model.facts import Profile
from pooltlint.model.topology import Client, Mode, Topology, Url
from pooltlint.model.truth import Truth
from tests.test_link.topology import topology

PG = """
    import { Pool } from 'pg'
    export const pool = new Pool({ connectionString: process.env.DATABASE_URL })
"""
PACKAGE = '{"name": "shop", "dependencies": {"pg": "8.11.0"}}'


def client(found: Topology) -> Client:
    (one,) = found.clients
    return one


def url(found: Topology, profile: Profile = Profile.UNKNOWN) -> Url:
    (one,) = (each for each in client(found).urls if each.profile is profile)
    return one


def test_a_worker_connects_through_its_hyperdrive_binding(tmp_path: Path) -> None:
    found = topology(
        tmp_path,
        {
            "package.json": '{"name": "worker", "dependencies": {"postgres": "3.4.5"}}',
            "wrangler.jsonc": """
                {"name": "worker", "hyperdrive": [
                  {"binding": "DB", "id": "1", "localConnectionString": "postgres://u:p@localhost:5432/dev"}]}
            """,
            "src/index.ts": """
                import postgres from 'postgres'
                export default {
                  async fetch(request: Request, env: Env) {
                    const sql = postgres(env.DB.connectionString)
                    return Response.json(await sql`select 1`)
                  },
                }
            """,
        },
    )
    route = url(found).route
    assert (route.mode, route.pooler, route.prepared) == (Mode.TRANSACTION, "Hyperdrive", Truth.YES)
    assert any(each.at is not None and each.at.path == "wrangler.jsonc" for each in route.because)
    assert url(found, Profile.DEVELOPMENT).dsn.host == "localhost"


def test_a_binding_that_no_file_names_leads_nowhere(tmp_path: Path) -> None:
    files = {
        "package.json": '{"dependencies": {"postgres": "3.4.5"}}',
        "src/index.ts": "import postgres from 'postgres'\nexport const make = (env: Env) => postgres(env.DB.connectionString)\n",
    }
    assert client(topology(tmp_path, files)).urls == ()


def test_render_hands_its_database_to_the_service(tmp_path: Path) -> None:
    found = topology(
        tmp_path,
        {
            "render.yaml": """
                databases: [{name: shop-db, plan: basic-1gb}]
                services:
                  - {type: web, name: api, rootDir: api, startCommand: npm start, envVars: [
                      {key: DATABASE_URL, fromDatabase: {name: shop-db, property: connectionString}}]}
                  - {type: web, name: other, rootDir: other, startCommand: npm start, envVars: [
                      {key: DATABASE_URL, value: "postgres://u:p@pgbouncer:6432/other"}]}
            """,
            "api/package.json": PACKAGE,
            "api/db.ts": PG,
        },
    )
    route = url(found).route
    assert (url(found).dsn.host, route.mode) == ("shop-db", Mode.DIRECT)


def test_variables_of_fly_hold_for_the_folder_of_the_file(tmp_path: Path) -> None:
    found = topology(
        tmp_path,
        {
            "api/fly.toml": 'app = "x"\n[env]\nDATABASE_URL = "postgres://u:p@pgbouncer.abc.flympg.net/shop"\n',
            "web/fly.toml": 'app = "y"\n[env]\nDATABASE_URL = "postgres://u:p@direct.abc.flympg.net/shop"\n',
            "api/package.json": PACKAGE,
            "api/db.ts": PG,
        },
    )
    assert url(found).dsn.host == "pgbouncer.abc.flympg.net"


def test_netlify_contexts_are_told_apart(tmp_path: Path) -> None:
    found = topology(
        tmp_path,
        {
            "netlify.toml": """
                [context.production.environment]
                DATABASE_URL = "postgres://u:p@ep-a-1-pooler.us-east-2.aws.neon.tech/x"
                [context.deploy-preview.environment]
                DATABASE_URL = "postgres://u:p@ep-b-1.us-east-2.aws.neon.tech/x"
            """,
            "package.json": PACKAGE,
            "db.ts": PG,
        },
    )
    assert url(found, Profile.PRODUCTION).route.mode is Mode.TRANSACTION
    assert url(found, Profile.PRODUCTION).dsn.host.startswith("ep-a")


def test_a_function_connects_through_the_proxy_of_its_template(tmp_path: Path) -> None:
    found = topology(
        tmp_path,
        {
            "template.yaml": """
                Resources:
                  Api:
                    Type: AWS::Serverless::Function
                    Properties:
                      CodeUri: api/
                      Environment: {Variables: {DATABASE_URL: !Sub "postgres://a:${P}@${Proxy.Endpoint}:5432/x"}}
                  Proxy: {Type: AWS::RDS::DBProxy, Properties: {EngineFamily: POSTGRESQL}}
            """,
            "api/package.json": PACKAGE,
            "api/db.ts": PG,
        },
    )
    route = url(found).route
    assert (route.mode, route.pooler, route.prepared, route.pins) == (Mode.TRANSACTION, "RDS Proxy", Truth.YES, True)
    made = client(found).deployable
    assert made is not None
    assert [each.text for each in made.serverless] == ["template.yaml runs Api as a function"]


def test_the_release_command_of_a_platform_migrates(tmp_path: Path) -> None:
    found = topology(
        tmp_path,
        {
            "fly.toml": """
                app = "x"
                [deploy]
                release_command = "npx prisma migrate deploy"
                [env]
                DATABASE_URL = "postgres://u:p@pgbouncer.abc.flympg.net/shop"
            """,
            "package.json": '{"dependencies": {"prisma": "5.0.0", "@prisma/client": "5.0.0"}}',
            "prisma/schema.prisma": """
                datasource db {
                  provider = "postgresql"
                  url      = env("DATABASE_URL")
                }
                generator client {
                  provider = "prisma-client-js"
                }
            """,
        },
    )
    (migration,) = found.migrations
    assert any(each.at is not None and each.at.path == "fly.toml" for each in migration.because)
