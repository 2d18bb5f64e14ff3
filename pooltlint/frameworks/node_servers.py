"""Node web servers: Express, Fastify, Koa, Hono, NestJS, Elysia, h3, tRPC, GraphQL servers.

Facts: express 5.3, router 2.3, fastify 5.12, @koa/router 15.7, hono 4.13, elysia 1.4, h3 2.0, @nestjs/common 12.5,
@trpc/server 11.25, @apollo/server 5.5, graphql-yoga 5.24 (published sources and types).
"""

from collections.abc import Iterator

from pooltlint.frameworks import Entry, Framework, Look
from pooltlint.model.topology import Runs
from pooltlint.outline.nodes import Call, Lambda, Member, Name, Record, Text

FRAMEWORKS = (
    Framework("Express", ("express",)),
    Framework("Fastify", ("fastify",)),
    Framework("Koa", ("koa",)),
    Framework("Hono", ("hono",)),
    Framework("NestJS", ("@nestjs/core",)),
    Framework("Elysia", ("elysia",)),
    Framework("tRPC", ("@trpc/server",)),
)

_METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "all", "use", "on", "query"}
_ROUTERS = {
    "express": "Express", "express.Router": "Express", "fastify": "Fastify", "fastify.fastify": "Fastify", "Fastify": "Fastify",
    "koa": "Koa", "@koa/router": "Koa", "koa-router": "Koa", "hono.Hono": "Hono", "@hono/zod-openapi.OpenAPIHono": "Hono",
    "hono/quick.Hono": "Hono", "hono/tiny.Hono": "Hono", "elysia.Elysia": "Elysia", "elysia": "Elysia", "polka": "Polka", "restify.createServer": "Restify",
    "express.Express": "Express", "express.Application": "Express", "express.IRouter": "Express", "fastify.FastifyInstance": "Fastify",
    "h3.H3": "h3", "h3.createApp": "h3", "h3.createRouter": "h3", "itty-router.Router": "itty-router", "itty-router.AutoRouter": "itty-router",
}
_HANDLER_MAKERS = {
    "h3.defineEventHandler", "h3.eventHandler", "h3.defineHandler", "hono/factory.createMiddleware", "express-async-handler",
    "asyncHandler", "http.createServer", "https.createServer", "graphql-yoga.createYoga", "@trpc/server.initTRPC",
}
_NEST = {
    "Get", "Post", "Put", "Patch", "Delete", "Options", "Head", "All", "Search", "Sse", "RequestMapping", "MessagePattern", "EventPattern",
    "GrpcMethod", "GrpcStreamMethod", "SubscribeMessage",
}
_NEST_JOBS = {"Cron", "Interval", "Process", "OnQueueEvent", "Processor"}
_NEST_GRAPHQL = {"Query", "Mutation", "Subscription", "ResolveField", "ResolveReference"}
_FASTIFY_HOOKS = {
    "onRequest", "preParsing", "preValidation", "preHandler", "preSerialization", "onSend", "onResponse", "onError", "onTimeout", "onRequestAbort",
}
_ELYSIA_PER_REQUEST = {"derive", "resolve", "mapDerive", "onRequest", "onBeforeHandle", "onAfterHandle"}


def entries(look: Look) -> Iterator[Entry]:
    """Route handlers, hooks and middleware of one file."""
    if look.scopes.module.language == "python":
        return
    yield from _routes(look)
    yield from _nest(look)


def _routes(look: Look) -> Iterator[Entry]:
    for site in look.sites:
        call = site.call
        callee = call.callee
        symbol = look.symbol(site.function, callee) if isinstance(callee, Name) or (isinstance(callee, Member) and isinstance(callee.owner, Name)) else ""
        if symbol in _HANDLER_MAKERS and call.args:
            yield from _given(look, site.function, call, f"handler given to {symbol.rsplit('.', 1)[-1]}()", Runs.REQUEST)
        if not isinstance(callee, Member):
            continue
        name = callee.name
        if name in _METHODS or name in ("route", "addHook", "setErrorHandler", "setNotFoundHandler", "mutation", "subscription") or name in _ELYSIA_PER_REQUEST:
            framework = _framework(look, site.function, call)
            if not framework:
                if name in ("query", "mutation", "subscription") and look.depends("@trpc/server") and _trpc(call):
                    yield from _given(look, site.function, call, f"tRPC {name} procedure", Runs.REQUEST)
                continue
            if name == "addHook":
                hook = call.args[0].value if call.args else None
                if isinstance(hook, Text) and hook.value in _FASTIFY_HOOKS:
                    yield from _given(look, site.function, call, f"Fastify {hook.value} hook", Runs.REQUEST)
                continue
            first = call.args[0].value if call.args else None
            path = f" {first.value}" if isinstance(first, Text) else ""
            label = f"{framework} middleware" if name == "use" else f"{framework} handler of {name.upper()}{path}"
            yield from _given(look, site.function, call, label, Runs.REQUEST)


def _framework(look: Look, function: int, call: Call) -> str:
    """The framework whose router or app a method is called on, through fluent chains."""
    owner = call.callee.owner if isinstance(call.callee, Member) else call.callee
    for _ in range(60):
        symbol = look.symbol(function, owner)
        if symbol in _ROUTERS:
            return _ROUTERS[symbol]
        if isinstance(owner, Call) and isinstance(owner.callee, Member):
            owner = owner.callee.owner
            continue
        break
    # a fastify plugin's first parameter, an express app handed to a function
    if isinstance(owner, Name) and owner.id in ("fastify", "server", "app", "router", "instance"):
        found = look.scopes.lookup(function, owner.id)
        if found and any(each.kind == "parameter" for each in found[1]):
            if look.depends("fastify") and owner.id in ("fastify", "instance", "server", "app"):
                return "Fastify"
            if look.depends("express") and owner.id in ("app", "router"):
                return "Express"
    return ""


def _trpc(call: Call) -> bool:
    return any(isinstance(each.value, (Lambda, Name)) for each in call.args) and isinstance(call.callee, Member) and (
        _spelled_with(call.callee, ("procedure", "Procedure")))


def _spelled_with(node: Member, parts: tuple[str, ...]) -> bool:
    owner = node.owner
    for _ in range(20):
        if isinstance(owner, Name):
            return any(part in owner.id for part in parts)
        if isinstance(owner, Member):
            if any(part in owner.name for part in parts):
                return True
            owner = owner.owner
        elif isinstance(owner, Call):
            owner = owner.callee
        else:
            return False
    return False


def _given(look: Look, function: int, call: Call, text: str, runs: Runs) -> Iterator[Entry]:
    """The functions among a call's arguments, also inside option objects and arrays."""
    for argument in call.args:
        value = argument.value
        stack = [value]
        if isinstance(value, Record):
            stack = [each.value for each in value.entries if each.key in ("handler", *_FASTIFY_HOOKS)]
        elif hasattr(value, "items"):
            stack = list(value.items)
        for each in stack:
            if isinstance(each, (Lambda, Name, Member, Call)):
                found = look.routine(function, each)
                if found >= 0:
                    yield Entry(found, runs, text, look.functions[found].at if look.functions[found].name else call.callee.span)


def _nest(look: Look) -> Iterator[Entry]:
    for index, function in enumerate(look.functions):
        for decorator in function.decorators:
            head = decorator.callee if isinstance(decorator, Call) else decorator
            symbol = look.symbol(max(function.parent, 0), head)
            module, _, name = symbol.rpartition(".")
            if module in ("@nestjs/common", "@nestjs/microservices", "@nestjs/websockets") and name in _NEST:
                yield Entry(index, Runs.REQUEST, f"NestJS @{name}() handler {function.name}", function.at)
            elif module == "@nestjs/graphql" and name in _NEST_GRAPHQL:
                yield Entry(index, Runs.REQUEST, f"NestJS GraphQL @{name}() resolver {function.name}", function.at)
            elif module in ("@nestjs/schedule", "@nestjs/bull", "@nestjs/bullmq") and name in _NEST_JOBS:
                yield Entry(index, Runs.JOB, f"NestJS @{name}() job {function.name}", function.at)
        if function.name in ("onModuleInit", "onApplicationBootstrap", "onModuleDestroy", "onApplicationShutdown") and function.owner >= 0 and look.depends("@nestjs/core"):
            yield Entry(index, Runs.ONCE, f"NestJS {function.name} hook", function.at)
