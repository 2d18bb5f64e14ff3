"""Entry points by framework: what each of them calls, and when; twins that no framework calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.topology import Runs
from tests.test_link.test_lifetimes import made, manifest, requirements
from tests.test_link.topology import topology

ENTRIES: dict[str, tuple[dict[str, str], Runs, str]] = {
    "fastify plugin fp": (
        manifest("fastify", "fastify-plugin")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import fp from 'fastify-plugin';\n"
                "export default fp(async (fastify, opts)=>{ const p=new Pool(); fastify.decorate('pg', p); });\n"
            )
        },
        Runs.ONCE,
        "",
    ),
    "hono createHandlers": (
        manifest("hono")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { createFactory } from 'hono/factory';\n"
                "const factory=createFactory();\n"
                "export const h = factory.createHandlers(async (c)=>{ new Pool(); });\n"
            )
        },
        Runs.REQUEST,
        "Hono handler",
    ),
    "nest guard": (
        manifest("@nestjs/core")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { Injectable, CanActivate } from '@nestjs/common';\n"
                "@Injectable()\n"
                "export class G implements CanActivate { async canActivate(c){ new Pool(); return true; } }\n"
            )
        },
        Runs.REQUEST,
        "NestJS guard G",
    ),
    "nest processor": (
        manifest("@nestjs/core", "@nestjs/bullmq")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { Processor, WorkerHost } from '@nestjs/bullmq';\n"
                "@Processor('x')\n"
                "export class P extends WorkerHost { async process(job){ new Pool(); } }\n"
            )
        },
        Runs.JOB,
        "BullMQ job of P",
    ),
    "nitro plugin": (
        manifest("nuxt")
        | {
            "server/plugins/db.ts": (
                "import { Pool } from 'pg';\nexport default defineNitroPlugin((app)=>{ new Pool(); })\n"
            )
        },
        Runs.ONCE,
        "",
    ),
    "astro middleware": (
        manifest("astro")
        | {
            "src/middleware.ts": (
                "import { Pool } from 'pg';\n"
                "import { defineMiddleware } from 'astro:middleware';\n"
                "export const onRequest = defineMiddleware(async (c,n)=>{ new Pool(); return n() })\n"
            )
        },
        Runs.REQUEST,
        "Astro middleware",
    ),
    "lambda exports": (
        manifest()
        | {"index.js": ("const {Pool}=require('pg');\nexports.handler = async (event, context)=>{ new Pool(); }\n")},
        Runs.REQUEST,
        "AWS Lambda handler",
    ),
    "middy": (
        manifest("@middy/core")
        | {
            "src/x.ts": (
                "import { Pool } from 'pg';\n"
                "import middy from '@middy/core';\n"
                "const h=async (event)=>{ new Pool(); };\n"
                "export const handler=middy(h).use(x());\n"
            )
        },
        Runs.REQUEST,
        "AWS Lambda handler",
    ),
    "workers": (
        manifest()
        | {
            "src/index.ts": (
                "import { Pool } from 'pg';\nexport default { async fetch(req, env, ctx){ new Pool(); } }\n"
            )
        },
        Runs.REQUEST,
        "Cloudflare Worker handler fetch",
    ),
    "workers satisfies": (
        manifest()
        | {
            "src/index.ts": (
                "import { Pool } from 'pg';\n"
                "export default { async fetch(req, env, ctx){ new Pool(); } } satisfies ExportedHandler<Env>;\n"
            )
        },
        Runs.REQUEST,
        "Cloudflare Worker handler fetch",
    ),
    "durable object ext": (
        manifest()
        | {
            "src/index.ts": (
                "import { Pool } from 'pg';\n"
                "import { DurableObject } from 'cloudflare:workers';\n"
                "export class D extends DurableObject { async fetch(req){ new Pool(); } }\n"
            )
        },
        Runs.REQUEST,
        "fetch of the Durable Object D",
    ),
    "bun serve routes": (
        manifest()
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "Bun.serve({ routes: { '/x': async (req)=>{ new Pool(); return new Response('') } } });\n"
            )
        },
        Runs.REQUEST,
        "route given to serve()",
    ),
    "bun serve routes methods": (
        manifest()
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "Bun.serve({ routes: { '/x': { GET: async (req)=>{ new Pool(); return new Response('') } } } });\n"
            )
        },
        Runs.REQUEST,
        "route given to serve()",
    ),
    "http createServer cjs": (
        manifest()
        | {
            "s.js": (
                "const {Pool}=require('pg');\n"
                "const http=require('http');\n"
                "const s=http.createServer();\n"
                "s.on('request', async (req,res)=>{ new Pool(); });\n"
            )
        },
        Runs.REQUEST,
        "HTTP server handler",
    ),
    "gcf": (
        manifest("@google-cloud/functions-framework")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { http } from '@google-cloud/functions-framework';\n"
                "http('x', async (req,res)=>{ new Pool(); });\n"
            )
        },
        Runs.REQUEST,
        "function given to http()",
    ),
    "firebase": (
        manifest("firebase-functions")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { onRequest } from 'firebase-functions/v2/https';\n"
                "export const x=onRequest(async (req,res)=>{ new Pool(); });\n"
            )
        },
        Runs.REQUEST,
        "function given to onRequest()",
    ),
    "firebase v1": (
        manifest("firebase-functions")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import * as functions from 'firebase-functions';\n"
                "export const x=functions.https.onRequest(async (req,res)=>{ new Pool(); });\n"
            )
        },
        Runs.REQUEST,
        "function given to onRequest()",
    ),
    "azure": (
        manifest("@azure/functions")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { app } from '@azure/functions';\n"
                "app.http('x',{ handler: async (req)=>{ new Pool(); } });\n"
            )
        },
        Runs.REQUEST,
        "function given to http()",
    ),
    "sqs consumer": (
        manifest("sqs-consumer")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { Consumer } from 'sqs-consumer';\n"
                "Consumer.create({ queueUrl:'', handleMessage: async m=>{ new Pool(); } });\n"
            )
        },
        Runs.JOB,
        "SQS message",
    ),
    "graphile worker task": (
        manifest("graphile-worker")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { run } from 'graphile-worker';\n"
                "run({ taskList: { x: async (payload, h)=>{ new Pool(); } } });\n"
            )
        },
        Runs.JOB,
        "graphile-worker task x",
    ),
    "temporal activity": (
        manifest("@temporalio/worker")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { Worker } from '@temporalio/worker';\n"
                "async function act(){ new Pool(); }\n"
                "Worker.create({ activities: { act } });\n"
            )
        },
        Runs.JOB,
        "Temporal activity act",
    ),
    "grpc js": (
        manifest("@grpc/grpc-js")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import * as grpc from '@grpc/grpc-js';\n"
                "const s=new grpc.Server();\n"
                "s.addService(def, { x: async (call, cb)=>{ new Pool(); } });\n"
            )
        },
        Runs.REQUEST,
        "gRPC method x",
    ),
    "hapi": (
        manifest("@hapi/hapi")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import Hapi from '@hapi/hapi';\n"
                "const s=Hapi.server({});\n"
                "s.route({ method:'GET', path:'/', handler: async (r,h)=>{ new Pool(); } });\n"
            )
        },
        Runs.REQUEST,
        "hapi handler",
    ),
    "tanstack server fn": (
        manifest("@tanstack/react-start")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { createServerFn } from '@tanstack/react-start';\n"
                "export const f=createServerFn().handler(async ()=>{ new Pool(); });\n"
            )
        },
        Runs.REQUEST,
        "server function",
    ),
    "adonis controller": (
        manifest("@adonisjs/core")
        | {
            "app/controllers/x_controller.ts": (
                "import { Pool } from 'pg';\n"
                "import type { HttpContext } from '@adonisjs/core/http';\n"
                "export default class C { async index({request}: HttpContext){ new Pool(); } }\n"
            )
        },
        Runs.REQUEST,
        "index takes the HttpContext of AdonisJS",
    ),
    "discord": (
        requirements("discord.py")
        | {
            "app.py": (
                "import psycopg2\n"
                "import discord\n"
                "from discord.ext import commands\n"
                "bot=commands.Bot('!')\n"
                "@bot.command()\n"
                "async def x(ctx):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.JOB,
        "Discord handler x",
    ),
    "telegraf": (
        manifest("telegraf")
        | {
            "src/app.ts": (
                "import { Pool } from 'pg';\n"
                "import { Telegraf } from 'telegraf';\n"
                "const b=new Telegraf('x');\n"
                "b.command('x', async ctx=>{ new Pool(); });\n"
            )
        },
        Runs.JOB,
        "Telegram handler",
    ),
    "fastapi bg": (
        requirements("fastapi")
        | {
            "app.py": (
                "import psycopg2\n"
                "from fastapi import FastAPI, BackgroundTasks\n"
                "app=FastAPI()\n"
                "def work():\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
                "@app.get('/')\n"
                "def x(bg: BackgroundTasks):\n"
                "    bg.add_task(work)\n"
            )
        },
        Runs.REQUEST,
        "background task of a request",
    ),
    "django template view": (
        requirements("django")
        | {
            "views.py": (
                "import psycopg2\n"
                "from django.views.generic import TemplateView\n"
                "class V(TemplateView):\n"
                "    def get_context_data(self, **k):\n"
                "        c=psycopg2.connect('postgres://db/x')\n"
                "        return super().get_context_data(**k)\n"
            )
        },
        Runs.REQUEST,
        "Django view V.get_context_data",
    ),
    "django middleware fn": (
        requirements("django")
        | {
            "middleware.py": (
                "import psycopg2\n"
                "def mw(get_response):\n"
                "    def middleware(request):\n"
                "        c=psycopg2.connect('postgres://db/x')\n"
                "        return get_response(request)\n"
                "    return middleware\n"
            )
        },
        Runs.REQUEST,
        "Django middleware mw",
    ),
    "django channels": (
        requirements("django", "channels")
        | {
            "app.py": (
                "import psycopg2\n"
                "from channels.generic.websocket import AsyncWebsocketConsumer\n"
                "class Cn(AsyncWebsocketConsumer):\n"
                "    async def receive(self, text_data):\n"
                "        c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "Channels consumer Cn.receive",
    ),
    "aiohttp": (
        requirements("aiohttp")
        | {
            "app.py": (
                "import psycopg2\n"
                "from aiohttp import web\n"
                "async def h(request):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
                "app=web.Application()\n"
                "app.add_routes([web.get('/', h)])\n"
            )
        },
        Runs.REQUEST,
        "aiohttp handler",
    ),
    "falcon": (
        requirements("falcon")
        | {
            "app.py": (
                "import psycopg2\n"
                "import falcon\n"
                "class R:\n"
                "    def on_get(self, req, resp):\n"
                "        c=psycopg2.connect('postgres://db/x')\n"
                "app=falcon.App()\n"
                "app.add_route('/', R())\n"
            )
        },
        Runs.REQUEST,
        "Falcon resource R.on_get",
    ),
    "bottle": (
        requirements("bottle")
        | {
            "app.py": (
                "import psycopg2\n"
                "from bottle import route, run\n"
                "@route('/')\n"
                "def x():\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "Bottle handler x",
    ),
    "rq": (
        requirements("rq")
        | {
            "app.py": (
                "import psycopg2\n"
                "from rq import Queue\n"
                "from redis import Redis\n"
                "def work(x):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
                "q=Queue(connection=Redis())\n"
                "def go():\n"
                "    q.enqueue(work, 1)\n"
            )
        },
        Runs.JOB,
        "RQ job",
    ),
    "arq": (
        requirements("arq")
        | {
            "app.py": (
                "import psycopg2\n"
                "async def work(ctx, x):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
                "class WorkerSettings:\n"
                "    functions=[work]\n"
            )
        },
        Runs.JOB,
        "Arq job work",
    ),
    "arq startup": (
        requirements("arq")
        | {
            "app.py": (
                "import psycopg2\n"
                "async def startup(ctx):\n"
                "    ctx['c']=psycopg2.connect('postgres://db/x')\n"
                "class WorkerSettings:\n"
                "    on_startup=startup\n"
                "    functions=[]\n"
            )
        },
        Runs.ONCE,
        "",
    ),
    "schedule": (
        requirements("schedule")
        | {
            "app.py": (
                "import psycopg2\n"
                "import schedule\n"
                "def work():\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
                "schedule.every(5).minutes.do(work)\n"
            )
        },
        Runs.JOB,
        "scheduled job",
    ),
    "pika": (
        requirements("pika")
        | {
            "app.py": (
                "import psycopg2\n"
                "import pika\n"
                "def cb(ch, method, props, body):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
                "def main():\n"
                "    conn=pika.BlockingConnection()\n"
                "    ch=conn.channel()\n"
                "    ch.basic_consume(queue='x', on_message_callback=cb)\n"
                "    ch.start_consuming()\n"
                "main()\n"
            )
        },
        Runs.JOB,
        "RabbitMQ message",
    ),
    "strawberry": (
        requirements("strawberry-graphql")
        | {
            "app.py": (
                "import psycopg2\n"
                "import strawberry\n"
                "@strawberry.type\n"
                "class Query:\n"
                "    @strawberry.field\n"
                "    def x(self) -> int:\n"
                "        c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "GraphQL resolver x",
    ),
    "graphene": (
        requirements("graphene")
        | {
            "app.py": (
                "import psycopg2\n"
                "import graphene\n"
                "class Query(graphene.ObjectType):\n"
                "    x=graphene.Int()\n"
                "    def resolve_x(self, info):\n"
                "        c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "GraphQL resolver Query.resolve_x",
    ),
    "ariadne": (
        requirements("ariadne")
        | {
            "app.py": (
                "import psycopg2\n"
                "from ariadne import QueryType\n"
                "query=QueryType()\n"
                "@query.field('x')\n"
                "def r(_, info):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "GraphQL resolver r",
    ),
    "socketserver": (
        requirements()
        | {
            "app.py": (
                "import psycopg2\n"
                "import socketserver\n"
                "class H(socketserver.BaseRequestHandler):\n"
                "    def handle(self):\n"
                "        c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "request handler H.handle",
    ),
    "http.server": (
        requirements()
        | {
            "app.py": (
                "import psycopg2\n"
                "from http.server import BaseHTTPRequestHandler\n"
                "class H(BaseHTTPRequestHandler):\n"
                "    def do_GET(self):\n"
                "        c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "HTTP handler H.do_GET",
    ),
    "websockets": (
        requirements("websockets")
        | {
            "app.py": (
                "import psycopg2\n"
                "import websockets\n"
                "async def h(ws):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
                "async def main():\n"
                "    async with websockets.serve(h,'',1): pass\n"
            )
        },
        Runs.REQUEST,
        "WebSocket handler",
    ),
    "python-socketio": (
        requirements("python-socketio")
        | {
            "app.py": (
                "import psycopg2\n"
                "import socketio\n"
                "sio=socketio.AsyncServer()\n"
                "@sio.event\n"
                "async def message(sid,data):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "Socket.IO handler message",
    ),
    "flask-socketio": (
        requirements("flask-socketio")
        | {
            "app.py": (
                "import psycopg2\n"
                "from flask_socketio import SocketIO\n"
                "sio=SocketIO()\n"
                "@sio.on('x')\n"
                "def message(data):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "Socket.IO handler message",
    ),
    "mcp tool": (
        requirements("mcp")
        | {
            "app.py": (
                "import psycopg2\n"
                "from mcp.server.fastmcp import FastMCP\n"
                "mcp=FastMCP('x')\n"
                "@mcp.tool()\n"
                "def x():\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.REQUEST,
        "MCP handler x",
    ),
    "kafka for": (
        requirements("kafka-python")
        | {
            "app.py": (
                "import psycopg2\n"
                "from kafka import KafkaConsumer\n"
                "k=KafkaConsumer('x')\n"
                "for m in k:\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.LOOP,
        "",
    ),
    "discord event": (
        requirements("discord.py")
        | {
            "app.py": (
                "import psycopg2\n"
                "import discord\n"
                "client=discord.Client()\n"
                "@client.event\n"
                "async def on_message(m):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.JOB,
        "Discord handler on_message",
    ),
    "aiogram": (
        requirements("aiogram")
        | {
            "app.py": (
                "import psycopg2\n"
                "from aiogram import Dispatcher, Router\n"
                "router=Router()\n"
                "@router.message()\n"
                "async def x(m):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
            )
        },
        Runs.JOB,
        "Telegram handler x",
    ),
    "ptb": (
        requirements("python-telegram-bot")
        | {
            "app.py": (
                "import psycopg2\n"
                "from telegram.ext import Application, CommandHandler\n"
                "async def start(update, context):\n"
                "    c=psycopg2.connect('postgres://db/x')\n"
                "app=Application.builder().build()\n"
                "app.add_handler(CommandHandler('start', start))\n"
            )
        },
        Runs.JOB,
        "Telegram handler",
    ),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_entry_point(tmp_path: Path, name: str) -> None:
    files, runs, text = ENTRIES[name]
    (client,) = [each for each in topology(tmp_path, files).clients if each.library in ("node-postgres", "psycopg2")]
    assert client.lifetime.runs is runs
    assert [note.text for note in client.lifetime.because[:1]] == ([text] if text else [])


POOL = "import { Pool } from 'pg';\n"
MAKES = POOL + "export function get() { return new Pool(); }\n"
ROUTE = "import express from 'express';\nconst app = express();\napp.get('/', async (req, res) => { get(); });\n"
CONNECTS = "import psycopg2\ndef get():\n    return psycopg2.connect('postgres://db/x')\n"
VIEW = "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef x():\n    {}\n"

IMPORTED: dict[str, dict[str, str]] = {
    "imports of package.json": {
        "package.json": '{ "name": "a", "imports": { "#db": "./src/db.ts" }, "dependencies": { "express": "1", "pg": "8" } }',
        "src/app.ts": "import { get } from '#db';\n" + ROUTE,
        "src/db.ts": MAKES,
    },
    "a dotted import": {
        **requirements("flask"),
        "app.py": "import pkg.db\n" + VIEW.format("pkg.db.get()"),
        "pkg/__init__.py": "",
        "pkg/db.py": CONNECTS,
    },
    "a dotted import of a package without __init__": {
        **requirements("flask"),
        "app.py": "import pkg.db\n" + VIEW.format("pkg.db.get()"),
        "pkg/db.py": CONNECTS,
    },
}


@pytest.mark.parametrize("name", IMPORTED)
def test_a_name_is_followed_through(tmp_path: Path, name: str) -> None:
    assert made(tmp_path, IMPORTED[name]).lifetime.runs is Runs.REQUEST


META = (
    "class Single(type):\n"
    "    kept = {}\n"
    "    def __call__(cls):\n"
    "        if cls not in cls.kept:\n"
    "            cls.kept[cls] = super().__call__()\n"
    "        return cls.kept[cls]\n"
)
ONLY = (
    "def only(cls):\n"
    "    kept = {}\n"
    "    def get():\n"
    "        if cls not in kept:\n"
    "            kept[cls] = cls()\n"
    "        return kept[cls]\n"
    "    return get\n"
)
BODY = "    def __init__(self):\n        self.c = psycopg2.connect('postgres://db/x')\n"
SINGLE: dict[str, tuple[str, Runs]] = {
    "a metaclass": (META + "class Db(metaclass=Single):\n" + BODY, Runs.CALL),
    "a base with a metaclass": (META + "class Base(metaclass=Single): pass\nclass Db(Base):\n" + BODY, Runs.CALL),
    "a decorator": (ONLY + "@only\nclass Db:\n" + BODY, Runs.CALL),
    "none of them": ("class Db:\n" + BODY, Runs.REQUEST),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_class_that_may_have_one_object_only(tmp_path: Path, name: str) -> None:
    text, runs = SINGLE[name]
    files = requirements("flask") | {"app.py": "import psycopg2\n" + text + VIEW.format("Db()")}
    assert made(tmp_path, files).lifetime.runs is runs


@pytest.mark.parametrize(("guard", "runs"), [("if (Db.one) return Db.one;", Runs.ONCE), ("", Runs.REQUEST)])
def test_a_constructor_that_returns_the_object_there_is(tmp_path: Path, guard: str, runs: Runs) -> None:
    text = f"class Db {{ constructor() {{ {guard} this.pool = new Pool(); Db.one = this; }} }}\nconst get = () => new Db();\n"
    files = manifest("express") | {"src/app.ts": POOL + text + ROUTE}
    assert made(tmp_path, files).lifetime.runs is runs
