"""How often code runs: entry points of the frameworks, the way from there, and what stops it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.topology import Client, Runs
from tests.test_link.topology import topology

POOL = "import { Pool } from 'pg';\n"


def manifest(*names: str) -> dict[str, str]:
    listed = ", ".join(f'"{name}": "1.0.0"' for name in (*names, "pg"))
    return {"package.json": f'{{ "name": "app", "dependencies": {{ {listed} }} }}'}


def requirements(*names: str) -> dict[str, str]:
    return {"requirements.txt": "".join(f"{name}==1.0.0\n" for name in (*names, "psycopg2"))}


def made(root: Path, files: dict[str, str]) -> Client:
    """The only client of these files."""
    (client,) = topology(root, files).clients
    return client


def chain(client: Client) -> list[str]:
    return [f"{note.at.path}:{note.at.line} {note.text}" for note in client.lifetime.because if note.at is not None]


# --- entry points: one handler each, which makes the pool on its second line or later ------------

SCRIPT_ENTRIES: dict[str, tuple[dict[str, str], str, Runs, str]] = {
    "Express": (
        manifest("express"),
        (
            "import express from 'express';\n"
            "const app = express();\n"
            "app.get('/a', async (req, res) => {\n"
            "  new Pool();\n"
            "});"
        ),
        Runs.REQUEST,
        "Express handler of GET /a",
    ),
    "Express, middleware": (
        manifest("express"),
        (
            "import { Router } from 'express';\n"
            "const r = Router();\n"
            "r.use(function (req, res, next) {\n"
            "  new Pool();\n"
            "});"
        ),
        Runs.REQUEST,
        "Express middleware",
    ),
    "Express, list of handlers": (
        manifest("express"),
        (
            "import { Router } from 'express';\n"
            "const r = Router();\n"
            "r.post('/a', [check, async (req, res) => {\n"
            "  new Pool();\n"
            "}]);"
        ),
        Runs.REQUEST,
        "Express handler of POST /a",
    ),
    "Express, wrapped": (
        manifest("express"),
        (
            "import express from 'express';\n"
            "import wrap from './wrap';\n"
            "const app = express();\n"
            "app.put('/a', wrap({ role: 1 }, async (req, res) => {\n"
            "  new Pool();\n"
            "}));"
        ),
        Runs.REQUEST,
        "Express handler of PUT /a",
    ),
    "Express, app as a parameter": (
        manifest("express"),
        ("export default function routes(app) {\n  app.get('/a', async (req, res) => {\n    new Pool();\n  });\n}"),
        Runs.REQUEST,
        "Express handler of GET /a",
    ),
    "Hono, chained": (
        manifest("hono"),
        (
            "import { Hono } from 'hono';\n"
            "export const app = new Hono().basePath('/v1').get('/a', (c) => c.text('')).post('/b', async (c) => {\n"
            "  new Pool();\n"
            "});"
        ),
        Runs.REQUEST,
        "Hono handler of POST /b",
    ),
    "Fastify, options": (
        manifest("fastify"),
        (
            "import Fastify from 'fastify';\n"
            "const f = Fastify();\n"
            "f.route({ method: 'GET', url: '/a', handler: async () => {\n"
            "  new Pool();\n"
            "} });"
        ),
        Runs.REQUEST,
        "Fastify handler",
    ),
    "Fastify, hook": (
        manifest("fastify"),
        (
            "import Fastify from 'fastify';\n"
            "const f = Fastify();\n"
            "f.addHook('onRequest', async () => {\n"
            "  new Pool();\n"
            "});"
        ),
        Runs.REQUEST,
        "Fastify onRequest hook",
    ),
    "Koa": (
        manifest("koa"),
        ("import Koa from 'koa';\nconst app = new Koa();\napp.use(async (ctx, next) => {\n  new Pool();\n});"),
        Runs.REQUEST,
        "Koa middleware",
    ),
    "Elysia, derive": (
        manifest("elysia"),
        ("import { Elysia } from 'elysia';\nnew Elysia().derive(() => {\n  return { pool: new Pool() };\n});"),
        Runs.REQUEST,
        "Elysia handler of DERIVE",
    ),
    "node:http": (
        {},
        ("import { createServer } from 'node:http';\ncreateServer((req, res) => {\n  new Pool();\n}).listen(80);"),
        Runs.REQUEST,
        "handler given to createServer()",
    ),
    "Socket.IO, event": (
        manifest("socket.io"),
        (
            "import { Server } from 'socket.io';\n"
            "const io = new Server();\n"
            "io.on('connection', (socket) => {\n"
            "  socket.on('save', async () => {\n"
            "    new Pool();\n"
            "  });\n"
            "});"
        ),
        Runs.REQUEST,
        "socket handler",
    ),
    "Apollo, resolver": (
        manifest("@apollo/server"),
        (
            "import { ApolloServer } from '@apollo/server';\n"
            "const resolvers = { Query: { users: () => {\n"
            "  new Pool();\n"
            "} } };\n"
            "new ApolloServer({ typeDefs: '', resolvers });"
        ),
        Runs.REQUEST,
        "GraphQL resolver users",
    ),
    "BullMQ": (
        manifest("bullmq"),
        ("import { Worker } from 'bullmq';\nnew Worker('q', async (job) => {\n  new Pool();\n});"),
        Runs.JOB,
        "BullMQ job",
    ),
    "cron": (
        manifest("node-cron"),
        ("import cron from 'node-cron';\ncron.schedule('* * * * *', async () => {\n  new Pool();\n});"),
        Runs.JOB,
        "cron job",
    ),
    "timer": ({}, "setInterval(async () => {\n  new Pool();\n}, 1000);", Runs.JOB, "timer"),
    "Kafka": (
        manifest("kafkajs"),
        (
            "import { Kafka } from 'kafkajs';\n"
            "const consumer = new Kafka({}).consumer({});\n"
            "consumer.run({ eachMessage: async () => {\n"
            "  new Pool();\n"
            "} });"
        ),
        Runs.JOB,
        "Kafka message",
    ),
    "Deno": ({}, "Deno.serve(async () => {\n  new Pool();\n});", Runs.REQUEST, "handler given to serve()"),
}


@pytest.mark.parametrize("name", SCRIPT_ENTRIES)
def test_entry_point_of_a_script(tmp_path: Path, name: str) -> None:
    files, text, runs, told = SCRIPT_ENTRIES[name]
    client = made(tmp_path, files | {"src/main.ts": POOL + text})
    assert client.lifetime.runs is runs
    assert [note.text for note in client.lifetime.because] == [told]


PLACES: dict[str, tuple[str, str, str, str]] = {
    "Next route": (
        "next",
        "app/api/a/route.ts",
        "export async function POST() {\n  new Pool();\n}",
        "POST handler of a Next.js route",
    ),
    "Next route, wrapped": (
        "next",
        "app/api/a/route.ts",
        ("import { auth } from 'x';\nexport const GET = auth(async () => {\n  new Pool();\n});"),
        "GET handler of a Next.js route",
    ),
    "Next API": (
        "next",
        "pages/api/a.ts",
        "export default async function handler(req, res) {\n  new Pool();\n}",
        "Next.js API route handler",
    ),
    "Next page": (
        "next",
        "src/pages/a.tsx",
        "export const getServerSideProps = async () => {\n  new Pool();\n};",
        "getServerSideProps of a Next.js page",
    ),
    "Next component": (
        "next",
        "app/a/page.tsx",
        "export default async function Page() {\n  new Pool();\n}",
        "Next.js server component",
    ),
    "server action": (
        "next",
        "app/actions.ts",
        "export async function save() {\n  'use server';\n  new Pool();\n}",
        "server action save",
    ),
    "SvelteKit": (
        "@sveltejs/kit",
        "src/routes/a/+page.server.ts",
        "export const actions = { save: async () => {\n  new Pool();\n} };",
        "SvelteKit form action save",
    ),
    "Remix": (
        "@remix-run/node",
        "app/routes/a.tsx",
        "export async function loader() {\n  new Pool();\n}",
        "loader of a Remix route",
    ),
    "Nuxt": (
        "nuxt",
        "server/api/a.ts",
        ("export default defineEventHandler(async (event) => {\n  new Pool();\n});"),
        "handler",
    ),
    "Netlify": (
        "@netlify/functions",
        "netlify/functions/a.ts",
        "export const handler = async () => {\n  new Pool();\n};",
        "Netlify function",
    ),
    "Lambda": (
        "@types/aws-lambda",
        "src/a.ts",
        "export const handler = async (event) => {\n  new Pool();\n};",
        "AWS Lambda handler",
    ),
    "Nest": (
        "@nestjs/core",
        "src/a.controller.ts",
        (
            "import { Controller, Get } from '@nestjs/common';\n"
            "@Controller()\n"
            "export class A {\n"
            "  @Get()\n"
            "  list() {\n"
            "    new Pool();\n"
            "  }\n"
            "}"
        ),
        "NestJS @Get() handler list",
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_entry_point_by_place(tmp_path: Path, name: str) -> None:
    package, path, text, told = PLACES[name]
    client = made(tmp_path, manifest(package) | {path: POOL + text})
    assert client.lifetime.runs is Runs.REQUEST
    assert told in client.lifetime.because[0].text


PYTHON_ENTRIES: dict[str, tuple[tuple[str, ...], str, str, Runs, str]] = {
    "FastAPI": (
        ("fastapi",),
        "app/main.py",
        ("from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\nasync def index():\n    psycopg2.connect('')"),
        Runs.REQUEST,
        "FastAPI handler index",
    ),
    "FastAPI, dependency": (
        ("fastapi",),
        "app/main.py",
        (
            "from fastapi import APIRouter, Depends\n"
            "r = APIRouter()\n"
            "def db():\n"
            "    yield psycopg2.connect('')\n"
            "@r.get('/')\n"
            "def index(c=Depends(db)):\n"
            "    pass"
        ),
        Runs.REQUEST,
        "FastAPI calls db for each request: Depends(db)",
    ),
    "FastAPI, class as dependency": (
        ("fastapi",),
        "app/main.py",
        (
            "from fastapi import APIRouter, Depends\n"
            "r = APIRouter()\n"
            "class Service:\n"
            "    def __init__(self):\n"
            "        self.db = psycopg2.connect('')\n"
            "@r.get('/')\n"
            "def index(service: Service = Depends()):\n"
            "    pass"
        ),
        Runs.REQUEST,
        "FastAPI makes Service for each request: Depends(Service)",
    ),
    "Flask": (
        ("flask",),
        "app.py",
        ("from flask import Flask\napp = Flask('')\n@app.before_request\ndef before():\n    psycopg2.connect('')"),
        Runs.REQUEST,
        "Flask before_request hook before",
    ),
    "Flask, view class": (
        ("flask",),
        "app.py",
        (
            "from flask.views import MethodView\n"
            "class Users(MethodView):\n"
            "    def get(self):\n"
            "        psycopg2.connect('')"
        ),
        Runs.REQUEST,
        "Flask view Users.get",
    ),
    "Django": (
        ("django",),
        "shop/views.py",
        "def index(request):\n    psycopg2.connect('')",
        Runs.REQUEST,
        "Django view index",
    ),
    "aiohttp": (
        ("aiohttp",),
        "web.py",
        (
            "from aiohttp import web\n"
            "async def index(request):\n"
            "    psycopg2.connect('')\n"
            "app = web.Application()\n"
            "app.router.add_get('/', index)"
        ),
        Runs.REQUEST,
        "route handler index",
    ),
    "Starlette": (
        ("starlette",),
        "web.py",
        (
            "from starlette.routing import Route\n"
            "async def index(request):\n"
            "    psycopg2.connect('')\n"
            "routes = [Route('/', index)]"
        ),
        Runs.REQUEST,
        "route handler index",
    ),
    "Celery": (
        ("celery",),
        "tasks.py",
        ("from celery import shared_task\n@shared_task(bind=True)\ndef work(self):\n    psycopg2.connect('')"),
        Runs.JOB,
        "Celery task work",
    ),
    "Lambda": (
        (),
        "f.py",
        "def lambda_handler(event, context):\n    psycopg2.connect('')",
        Runs.REQUEST,
        "AWS Lambda handler lambda_handler",
    ),
    "lifespan": (
        ("fastapi",),
        "app/main.py",
        (
            "from fastapi import FastAPI\n"
            "async def lifespan(app):\n"
            "    psycopg2.connect('')\n"
            "    yield\n"
            "app = FastAPI(lifespan=lifespan)"
        ),
        Runs.ONCE,
        "",
    ),
    "start-up": (
        ("fastapi",),
        "app/main.py",
        (
            "from fastapi import FastAPI\n"
            "app = FastAPI()\n"
            "@app.on_event('startup')\n"
            "async def start():\n"
            "    psycopg2.connect('')"
        ),
        Runs.ONCE,
        "",
    ),
    "command": (
        ("click",),
        "app/run.py",
        "import click\n@click.command()\ndef run():\n    psycopg2.connect('')",
        Runs.SCRIPT,
        "",
    ),
    "main": (
        (),
        "app/run.py",
        ("def main():\n    psycopg2.connect('')\nif __name__ == '__main__':\n    main()"),
        Runs.SCRIPT,
        "",
    ),
    "endless loop": (
        (),
        "app/run.py",
        (
            "def turn():\n"
            "    psycopg2.connect('')\n"
            "def main():\n"
            "    while True:\n"
            "        turn()\n"
            "if __name__ == '__main__':\n"
            "    main()"
        ),
        Runs.LOOP,
        "turn() is called here",
    ),
    "nobody calls it": ((), "app/db.py", "def connect():\n    return psycopg2.connect('')", Runs.CALL, ""),
}


@pytest.mark.parametrize("name", PYTHON_ENTRIES)
def test_entry_point_in_python(tmp_path: Path, name: str) -> None:
    packages, path, text, runs, told = PYTHON_ENTRIES[name]
    client = made(tmp_path, requirements(*packages) | {path: f"import psycopg2\n{text}\n"})
    assert client.lifetime.runs is runs
    assert [note.text for note in client.lifetime.because][-1:] == ([told] if told else [])


# --- the way there -------------------------------------------------------------------------------


def test_the_chain_names_every_call_from_the_entry_point_on(tmp_path: Path) -> None:
    client = made(
        tmp_path,
        manifest("express")
        | {
            "src/pool.ts": ("import { Pool } from 'pg';\nexport const makePool = () => new Pool();\n"),
            "src/service.ts": (
                "import { makePool as make } from './pool';\nexport class Service {\n  readonly pool = make();\n}\n"
            ),
            "src/routes.ts": """
            import { Router } from 'express';
            import { Service } from './service';
            const router = Router();
            async function list(req, res) {
              const service = new Service();
            }
            router.get('/users', list);
            """,
        },
    )
    assert client.lifetime.runs is Runs.REQUEST
    assert chain(client) == [
        "src/routes.ts:4 Express handler of GET /users",
        "src/routes.ts:5 new Service() is made here",
        "src/service.ts:3 make() is called here",
    ]


def test_a_handler_in_another_file_is_told_where_it_is_registered(tmp_path: Path) -> None:
    client = made(
        tmp_path,
        manifest("express")
        | {
            "src/controllers/users.ts": (
                "import { Pool } from 'pg';\n"
                "export class Users {\n"
                "  list = async (req, res) => {\n"
                "    new Pool();\n"
                "  };\n"
                "}\n"
            ),
            "src/routes.ts": """
            import express from 'express';
            import { Users } from './controllers/users';
            const users = new Users();
            express.Router().get('/users', users.list.bind(users));
            """,
        },
    )
    assert chain(client) == ["src/routes.ts:4 Express handler of GET /users"]


def test_a_default_import_of_any_name_is_followed(tmp_path: Path) -> None:
    client = made(
        tmp_path,
        manifest("next")
        | {
            "lib/database.ts": ("import { Pool } from 'pg';\nexport default function () {\n  return new Pool();\n}\n"),
            "app/api/route.ts": (
                "import connect from '../../lib/database';\nexport async function GET() {\n  connect();\n}\n"
            ),
        },
    )
    assert chain(client) == [
        "app/api/route.ts:2 GET handler of a Next.js route",
        "app/api/route.ts:3 connect() is called here",
    ]


def test_a_helper_that_runs_what_it_is_given(tmp_path: Path) -> None:
    client = made(
        tmp_path,
        manifest("next")
        | {
            "lib/with.ts": "export async function logged(run) {\n  return await run();\n}\n",
            "app/api/route.ts": (
                "import { Pool } from 'pg';\n"
                "import { logged } from '../../lib/with';\n"
                "export async function GET() {\n"
                "  return await logged(async () => {\n"
                "    new Pool();\n"
                "  });\n"
                "}\n"
            ),
        },
    )
    assert client.lifetime.runs is Runs.REQUEST


def test_a_package_root_that_passes_names_on(tmp_path: Path) -> None:
    client = made(
        tmp_path,
        requirements("celery")
        | {
            "app/database/__init__.py": "from .connections import *\n",
            "app/database/connections.py": (
                "import psycopg2\n"
                "\n"
                "\n"
                "class Opened:\n"
                "    def __init__(self, given=None):\n"
                "        self.conn = given if given is not None else psycopg2.connect('')\n"
                "\n"
                "    def __enter__(self):\n"
                "        return self.conn\n"
            ),
            "app/tasks.py": (
                "from celery import shared_task\n"
                "from app.database import Opened\n"
                "\n"
                "\n"
                "@shared_task\n"
                "def count():\n"
                "    with Opened() as conn:\n"
                "        conn.cursor()\n"
            ),
        },
    )
    assert client.lifetime.runs is Runs.JOB
    assert chain(client) == ["app/tasks.py:6 Celery task count", "app/tasks.py:7 Opened() is made here"]


# --- what stops it -------------------------------------------------------------------------------

HANDLER = (
    "import express from 'express';\nimport { get } from './db';\nexpress().get('/', async () => {\n  get();\n});\n"
)

MEMOS = {
    "??=": "let p;\nexport function get() {\n  return (p ??= new Pool());\n}",
    "if not": ("let p = null;\nexport function get() {\n  if (!p) {\n    p = new Pool();\n  }\n  return p;\n}"),
    "early return": ("let p;\nexport function get() {\n  if (p) return p;\n  p = new Pool();\n  return p;\n}"),
    "local put away": (
        "let p;\n"
        "export function get() {\n"
        "  if (p) return p;\n"
        "  const made = new Pool();\n"
        "  p = made;\n"
        "  return made;\n"
        "}"
    ),
    "wrapped and put away": (
        "import { drizzle } from 'x';\n"
        "let p;\n"
        "export function get() {\n"
        "  if (p) return p;\n"
        "  const made = new Pool();\n"
        "  p = drizzle(made);\n"
        "  return p;\n"
        "}"
    ),
    "map": (
        "const m = new Map();\n"
        "export function get(k) {\n"
        "  let p = m.get(k);\n"
        "  if (!p) {\n"
        "    p = new Pool();\n"
        "    m.set(k, p);\n"
        "  }\n"
        "  return p;\n"
        "}"
    ),
    "map, in an object": (
        "const m = new Map();\n"
        "export function get(k) {\n"
        "  if (!m.has(k)) m.set(k, { at: 1, pool: new Pool() });\n"
        "  return m.get(k).pool;\n"
        "}"
    ),
    "table": ("const t = {};\nexport const get = (k) => t[k] ?? (t[k] = new Pool());"),
    "globalThis": ("export function get() {\n  globalThis.p ||= new Pool();\n  return globalThis.p;\n}"),
    "flag": (
        "let done = false;\n"
        "let p;\n"
        "export function get() {\n"
        "  if (done) return p;\n"
        "  done = true;\n"
        "  p = new Pool();\n"
        "  return p;\n"
        "}"
    ),
    "by the caller": (
        "let p;\nfunction open() {\n  p = new Pool();\n}\nexport function get() {\n  if (!p) open();\n  return p;\n}"
    ),
    "promise": (
        "let p;\n"
        "async function open() {\n"
        "  const made = new Pool();\n"
        "  return made;\n"
        "}\n"
        "export const get = () => (p ??= open());"
    ),
    "static": (
        "class D {\n"
        "  static one;\n"
        "  constructor() {\n"
        "    this.pool = new Pool();\n"
        "  }\n"
        "  static get() {\n"
        "    if (!D.one) D.one = new D();\n"
        "    return D.one;\n"
        "  }\n"
        "}\n"
        "export const get = () => D.get();"
    ),
    "object of the module": (
        "class D {\n"
        "  get pool() {\n"
        "    if (!this.p) this.p = new Pool();\n"
        "    return this.p;\n"
        "  }\n"
        "}\n"
        "const d = new D();\n"
        "export const get = () => d.pool;"
    ),
    "field of an object of the module": (
        "class D {\n  pool = new Pool();\n}\nconst d = new D();\nexport const get = () => d;"
    ),
    "helper of the repository": (
        "const kept = {};\n"
        "function single(name, make) {\n"
        "  if (!kept[name]) kept[name] = make();\n"
        "  return kept[name];\n"
        "}\n"
        "export const get = () => single('p', () => new Pool());"
    ),
}


@pytest.mark.parametrize("name", MEMOS)
def test_memoised(tmp_path: Path, name: str) -> None:
    client = made(tmp_path, manifest("express") | {"src/db.js": POOL + MEMOS[name], "src/main.js": HANDLER})
    assert client.lifetime.runs is Runs.ONCE


NO_MEMOS = {
    "looks at something else": ("let p;\nexport function get(k) {\n  if (!k) return null;\n  return new Pool();\n}"),
    "looks and does not keep": (
        "let p;\nexport function get() {\n  if (p) return p;\n  const made = new Pool();\n  return made;\n}"
    ),
    "keeps and does not look": "let p;\nexport function get() {\n  p = new Pool();\n  return p;\n}",
    "parameter of the same name": (
        "class D {\n"
        "  constructor(pool) {\n"
        "    this.pool = pool ? pool : new Pool();\n"
        "  }\n"
        "}\n"
        "export const get = () => new D();"
    ),
    "memo of an object that lives for one call": (
        "class D {\n  get pool() {\n    return (this.p ??= new Pool());\n  }\n}\nexport const get = () => new D().pool;"
    ),
    "field of an object that lives for one call": (
        "class D {\n  pool = new Pool();\n}\nexport const get = () => new D();"
    ),
}


@pytest.mark.parametrize("name", NO_MEMOS)
def test_not_memoised(tmp_path: Path, name: str) -> None:
    client = made(tmp_path, manifest("express") | {"src/db.js": POOL + NO_MEMOS[name], "src/main.js": HANDLER})
    assert client.lifetime.runs is Runs.REQUEST


def test_what_is_replaced_under_a_condition_is_not_said_to_be_made_each_time(tmp_path: Path) -> None:
    text = (
        "export class Engine {\n"
        "  async connect() {\n"
        "    this.pool = new Pool();\n"
        "  }\n"
        "}\n"
        "const engine = new Engine();\n"
        "let failures = 0;\n"
        "setInterval(async () => {\n"
        "  {}engine.connect();\n"
        "}, 1000);\n"
    )
    always = made(tmp_path / "a", {"src/main.js": POOL + text.replace("{}engine", "engine")})
    at_need = made(tmp_path / "b", {"src/main.js": POOL + text.replace("{}engine", "if (failures > 3) engine")})
    assert always.lifetime.runs is Runs.JOB
    assert not at_need.lifetime.repeats


def test_flask_g_is_closed_with_the_request(tmp_path: Path) -> None:
    text = (
        "import psycopg2\n"
        "from flask import Flask, g\n"
        "app = Flask('')\n"
        "@app.before_request\n"
        "def before():\n"
        "    {} = psycopg2.connect('')\n"
    )
    kept = made(tmp_path / "a", requirements("flask") | {"app.py": text.format("g.db")})
    lost = made(tmp_path / "b", requirements("flask") | {"app.py": text.format("db")})
    assert not kept.lifetime.repeats
    assert lost.lifetime.runs is Runs.REQUEST


def test_nest_makes_providers_once_unless_told_otherwise(tmp_path: Path) -> None:
    text = (
        "import {{ Injectable, Scope }} from '@nestjs/common';\n"
        "@Injectable({})\n"
        "export class Database {{\n"
        "  pool = new Pool();\n"
        "}}\n"
    )
    once = made(tmp_path / "a", manifest("@nestjs/common", "@nestjs/core") | {"src/db.ts": POOL + text.format("")})
    each = made(
        tmp_path / "b",
        manifest("@nestjs/common", "@nestjs/core") | {"src/db.ts": POOL + text.format("{ scope: Scope.REQUEST }")},
    )
    assert once.lifetime.runs is Runs.ONCE
    assert each.lifetime.runs is Runs.REQUEST
    assert chain(each) == ["src/db.ts:3 Nest makes Database for each request (Scope.REQUEST)"]


@pytest.mark.parametrize(
    ("path", "runs"),
    [
        ("src/db.ts", Runs.ONCE),
        ("scripts/db.ts", Runs.SCRIPT),
        ("prisma/seed.ts", Runs.SCRIPT),
        ("src/tools/db.ts", Runs.SCRIPT),
        ("src/toolshed/db.ts", Runs.ONCE),
    ],
)
def test_module_level_by_place(tmp_path: Path, path: str, runs: Runs) -> None:
    assert made(tmp_path, manifest() | {path: POOL + "export const pool = new Pool();\n"}).lifetime.runs is runs


def test_an_entry_point_outweighs_a_folder_that_may_hold_scripts(tmp_path: Path) -> None:
    text = "import express from 'express';\nexpress().get('/', () => {\n  new Pool();\n});\n"
    assert made(tmp_path, manifest("express") | {"src/tools/web.ts": POOL + text}).lifetime.runs is Runs.REQUEST


def test_a_method_called_on_something_unknown_may_be_called_from_anywhere(tmp_path: Path) -> None:
    text = "export class Store {\n  open() {\n    return new Pool();\n  }\n}\nnew Store().open();\n"
    known = made(tmp_path / "a", manifest() | {"src/store.ts": POOL + text})
    unknown = made(
        tmp_path / "b", manifest() | {"src/store.ts": POOL + text + "export const use = (store) => store.open();\n"}
    )
    assert known.lifetime.runs is Runs.ONCE
    assert unknown.lifetime.runs is Runs.CALL
