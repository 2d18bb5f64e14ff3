"""Node web servers: Express, Fastify, Koa, Hono, hapi, NestJS, AdonisJS, Elysia, h3, tRPC, gRPC, GraphQL servers.

Facts: express 5.3, router 2.3, fastify 5.12, @koa/router 15.7, hono 4.13, elysia 1.4, h3 2.0, @nestjs/common 12.5,
@trpc/server 11.25, @apollo/server 5.5, graphql-yoga 5.24, @hapi/hapi 21.4, @grpc/grpc-js 1.14,
@adonisjs/core 7.3, @pothos/core 4.12 (published sources and types).
"""

from collections.abc import Iterator

from pooltlint.frameworks import Entry, Framework, Look
from pooltlint.model.topology import Runs
from pooltlint.outline.nodes import Call, Class, Expr, Items, Lambda, Member, Name, Record, Text

FRAMEWORKS = (
    Framework("Express", ("express",)),
    Framework("Fastify", ("fastify",)),
    Framework("Koa", ("koa",)),
    Framework("Hono", ("hono",)),
    Framework("NestJS", ("@nestjs/core",)),
    Framework("Elysia", ("elysia",)),
    Framework("tRPC", ("@trpc/server",)),
)

_OTHER = {"route", "addHook", "setErrorHandler", "setNotFoundHandler", "mutation", "subscription", "param"}
_NITRO_MAKERS = {"defineEventHandler", "eventHandler", "defineCachedEventHandler", "defineHandler"}
"""Imported by nobody: Nitro and Nuxt provide them."""
_METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "all", "use", "on", "query"}
_ROUTERS = {
    "express": "Express",
    "express.Router": "Express",
    "fastify": "Fastify",
    "fastify.fastify": "Fastify",
    "Fastify": "Fastify",
    "koa": "Koa",
    "@koa/router": "Koa",
    "koa-router": "Koa",
    "hono.Hono": "Hono",
    "@hono/zod-openapi.OpenAPIHono": "Hono",
    "hono/quick.Hono": "Hono",
    "hono/tiny.Hono": "Hono",
    "elysia.Elysia": "Elysia",
    "elysia": "Elysia",
    "polka": "Polka",
    "restify.createServer": "Restify",
    "express.Express": "Express",
    "express.Application": "Express",
    "express.IRouter": "Express",
    "fastify.FastifyInstance": "Fastify",
    "h3.H3": "h3",
    "h3.createApp": "h3",
    "h3.createRouter": "h3",
    "itty-router.Router": "itty-router",
    "itty-router.AutoRouter": "itty-router",
}
_HANDLER_MAKERS = {
    "h3.defineEventHandler",
    "h3.eventHandler",
    "h3.defineHandler",
    "hono/factory.createMiddleware",
    "astro:middleware.defineMiddleware",
    "express-async-handler",
    "asyncHandler",
    "http.createServer",
    "https.createServer",
    "graphql-yoga.createYoga",
    "@trpc/server.initTRPC",
}
_TRIGGERS = {
    "http",
    "get",
    "post",
    "put",
    "patch",
    "deleteRequest",
    "timer",
    "storageQueue",
    "serviceBusQueue",
    "onRequest",
    "onCall",
}
"""Methods of Azure Functions and Firebase that take a function."""
_FUNCTIONS = ("@google-cloud/functions-framework.", "firebase-functions")
_NEST = {
    "Get",
    "Post",
    "Put",
    "Patch",
    "Delete",
    "Options",
    "Head",
    "All",
    "Search",
    "Sse",
    "RequestMapping",
    "MessagePattern",
    "EventPattern",
    "GrpcMethod",
    "GrpcStreamMethod",
    "SubscribeMessage",
}
_NEST_JOBS = {"Cron", "Interval", "Process", "OnQueueEvent", "Processor"}
_NEST_GRAPHQL = {"Query", "Mutation", "Subscription", "ResolveField", "ResolveReference"}
_NEST_HOOKS = {
    "onModuleInit",
    "onApplicationBootstrap",
    "onModuleDestroy",
    "onApplicationShutdown",
    "beforeApplicationShutdown",
}
_NEST_METHODS = {"intercept": "interceptor", "canActivate": "guard"}
"""Methods that NestJS alone calls, of classes that it makes."""
_TYPED = {
    "express.Request": "Express",
    "express.Response": "Express",
    "fastify.FastifyRequest": "Fastify",
    "fastify.FastifyReply": "Fastify",
    "koa.Context": "Koa",
    "hono.Context": "Hono",
    "next.NextApiRequest": "Next.js",
    "next/server.NextRequest": "Next.js",
    "@nestjs/common.ExecutionContext": "NestJS",
    "@adonisjs/core/http.HttpContext": "AdonisJS",
    "@hapi/hapi.Request": "hapi",
    "http.IncomingMessage": "Node",
    "aws-lambda.APIGatewayProxyEvent": "AWS Lambda",
    "aws-lambda.APIGatewayProxyEventV2": "AWS Lambda",
    "aws-lambda.SQSEvent": "AWS Lambda",
}
"""Types of which the framework makes one for each request: a function that takes it runs as often."""
_TYPED_NAMES = {each.rsplit(".", 1)[-1] for each in _TYPED}
_FASTIFY_HOOKS = {
    "onRequest",
    "preParsing",
    "preValidation",
    "preHandler",
    "preSerialization",
    "onSend",
    "onResponse",
    "onError",
    "onTimeout",
    "onRequestAbort",
}
_ELYSIA_PER_REQUEST = {"derive", "resolve", "mapDerive", "onRequest", "onBeforeHandle", "onAfterHandle"}


_CONTEXTS = (
    "@apollo/server",
    "@as-integrations/",
    "apollo-server",
    "@trpc/server",
    "graphql-yoga",
    "mercurius",
    "graphql-http",
    "express-graphql",
    "@fastify/express",
)
_SOCKETS = {
    "socket.io.Server": "Socket.IO",
    "socket.io": "Socket.IO",
    "ws.WebSocketServer": "WebSocket",
    "ws.Server": "WebSocket",
    "ws": "WebSocket",
    "http.createServer": "HTTP server",
    "node:http.createServer": "HTTP server",
}
_SERVER_FUNCTIONS = {
    "@tanstack/react-start.createServerFn",
    "@tanstack/start.createServerFn",
    "@tanstack/solid-start.createServerFn",
}
_COMMANDS = {
    "commander",
    "commander.Command",
    "commander.program",
    "yargs",
    "cac",
    "cac.cac",
    "commander.createCommand",
}


def entries(look: Look) -> Iterator[Entry]:
    """Route handlers, hooks and middleware of one file."""
    if look.scopes.module.language == "python":
        return
    yield from _routes(look)
    yield from _sockets(look)
    yield from _graphql(look)
    yield from _nest(look)
    yield from _typed(look)


def _routes(look: Look) -> Iterator[Entry]:
    for site in look.sites:
        call = site.call
        callee = call.callee
        symbol = (
            look.symbol(site.function, callee)
            if isinstance(callee, Name) or (isinstance(callee, Member) and isinstance(callee.owner, Name))
            else ""
        )
        if symbol in _HANDLER_MAKERS and call.args:
            yield from _given(look, site.function, call, f"handler given to {symbol.rsplit('.', 1)[-1]}()")
        elif symbol.startswith(_FUNCTIONS) and symbol.rsplit(".", 1)[-1].startswith(("on", "http", "cloudEvent")):
            yield from _given(look, site.function, call, f"function given to {symbol.rsplit('.', 1)[-1]}()")
        elif symbol == "fastify-plugin":
            for argument in call.args[:1]:
                yield from look.given(site.function, argument.value, Runs.ONCE, "Fastify plugin", callee.span)
        elif symbol == "" and isinstance(callee, Name) and callee.id in ("defineNitroPlugin", "defineNuxtPlugin"):
            for argument in call.args[:1]:
                yield from look.given(site.function, argument.value, Runs.ONCE, "Nitro plugin", callee.span)
        elif (
            symbol == ""
            and isinstance(callee, Name)
            and callee.id in _NITRO_MAKERS
            and look.depends("nuxt", "nitropack", "nitro", "h3")
        ):
            yield from _given(look, site.function, call, f"handler given to {callee.id}()")
        if not isinstance(callee, Member):
            continue
        name = callee.name
        if name == "createHandlers" and look.symbol(site.function, callee.owner) == "hono/factory.createFactory":
            yield from _given(look, site.function, call, "Hono handler")
            continue
        if name == "handler" and _made_of(look, site.function, callee.owner, _SERVER_FUNCTIONS):
            yield from _given(look, site.function, call, "server function")
            continue
        if name in _TRIGGERS and look.symbol(site.function, callee.owner) in (
            "@azure/functions.app",
            "firebase-functions.https",
        ):
            yield from _given(look, site.function, call, f"function given to {name}()")
            continue
        if name in ("addService", "route", "ext") and call.args:
            yield from _services(look, site.function, call, callee)
        if name == "action" and _made_of(look, site.function, call, _COMMANDS):
            for argument in call.args:
                yield from look.given(site.function, argument.value, Runs.SCRIPT, "command of a CLI", callee.span)
            continue
        if name not in _METHODS and name not in _OTHER and name not in _ELYSIA_PER_REQUEST:
            continue
        framework = _framework(look, site.function, call)
        if not framework:
            if name in ("query", "mutation", "subscription") and look.depends("@trpc/server") and _trpc(call):
                yield from _given(look, site.function, call, f"tRPC {name} procedure")
            continue
        if name == "addHook":
            hook = call.args[0].value if call.args else None
            if isinstance(hook, Text) and hook.value in _FASTIFY_HOOKS:
                yield from _given(look, site.function, call, f"Fastify {hook.value} hook")
            continue
        first = call.args[0].value if call.args else None
        path = f" {first.value}" if isinstance(first, Text) else ""
        if name == "use" and framework == "Elysia":
            continue  # use() of Elysia takes plugins
        label = f"{framework} middleware" if name == "use" else f"{framework} handler of {name.upper()}{path}"
        if name in ("route", "setErrorHandler", "setNotFoundHandler"):
            label = f"{framework} handler"
        yield from _given(look, site.function, call, label)


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


def _services(look: Look, function: int, call: Call, callee: Member) -> Iterator[Entry]:
    """``server.addService(definition, { method })`` of gRPC, ``server.route({ handler })`` of hapi."""
    made = look.symbol(function, callee.owner)
    if callee.name == "addService" and made == "@grpc/grpc-js.Server" and len(call.args) > 1:
        for each in look.inside(function, call.args[1].value):
            yield Entry(each, Runs.REQUEST, f"gRPC method {each.name}".rstrip(), callee.span)
    elif made in ("@hapi/hapi.server", "@hapi/hapi.Server"):
        stack = [each.value for each in call.args]
        while stack:
            node = stack.pop()
            if isinstance(node, Items):
                stack.extend(node.items)
            elif isinstance(node, Record):
                for entry in node.entries:
                    if entry.key in ("handler", "method"):
                        yield from look.given(function, entry.value, Runs.REQUEST, "hapi handler", callee.span)
                    elif entry.key == "options":
                        stack.append(entry.value)


def _typed(look: Look) -> Iterator[Entry]:
    """Functions that take what a framework makes for each request, by the types of their parameters."""
    for index, function in enumerate(look.functions):
        for parameter in function.params:
            kind = parameter.annotation
            last = kind.id if isinstance(kind, Name) else kind.name if isinstance(kind, Member) else ""
            if last in _TYPED_NAMES and kind is not None:
                framework = _TYPED.get(look.symbol(max(function.parent, 0), kind))
                if framework and not (last in ("Request", "Response") and function.kind == "constructor"):
                    name = look.scopes.name_of(index) or "a function"
                    yield look.own(index, Runs.REQUEST, f"{name} takes the {last} of {framework}")
                    break


def _made_of(look: Look, function: int, node: Expr, symbols: set[str]) -> bool:
    """Does a fluent chain begin with an object of one of these packages."""
    for _ in range(60):
        if look.symbol(function, node) in symbols:
            return True
        if isinstance(node, Call):
            node = node.callee
        elif isinstance(node, Member):
            node = node.owner
        else:
            return False
    return False


def _trpc(call: Call) -> bool:
    return (
        any(isinstance(each.value, (Lambda, Name)) for each in call.args)
        and isinstance(call.callee, Member)
        and (_spelled_with(call.callee, ("procedure", "Procedure")))
    )


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


def _given(look: Look, function: int, call: Call, text: str) -> Iterator[Entry]:
    """The functions among a call's arguments, also inside option objects and arrays."""
    for argument in call.args:
        value = argument.value
        parts: list[Expr] = [value]
        if isinstance(value, Record):
            parts = [each.value for each in value.entries if each.key in ("handler", *_FASTIFY_HOOKS)]
        elif isinstance(value, Items):
            parts = list(value.items)
        for each in parts:
            if isinstance(each, (Lambda, Name, Member, Call)):
                yield from look.given(function, each, Runs.REQUEST, text, call.callee.span)


def _sockets(look: Look) -> Iterator[Entry]:
    """``io.on("connection", (socket) => { socket.on("event", handler) })``: both run for every client."""
    connections: set[int] = set()
    for site in look.sites:
        callee = site.call.callee
        if not isinstance(callee, Member) or callee.name != "on" or len(site.call.args) < 2:
            continue
        text = _SOCKETS.get(look.symbol(site.function, callee.owner), "")
        event = site.call.args[0].value
        if text == "HTTP server" and not (isinstance(event, Text) and event.value == "request"):
            continue
        if not text and isinstance(callee.owner, Name):
            bound = look.scopes.lookup(site.function, callee.owner.id)
            if (
                bound
                and bound[0] in connections
                and any(each.kind == "parameter" and each.index == 0 for each in bound[1])
            ):
                text = "socket"
        if text:
            for each in look.handlers(site.function, site.call.args[1].value):
                if each.path == look.path:
                    connections.add(each.function)
                yield Entry(each, Runs.REQUEST, f"{text} handler", callee.span)


def _graphql(look: Look) -> Iterator[Entry]:
    """Resolvers and the context function that GraphQL and RPC servers run for each request."""
    for site in look.sites:
        callee = site.call.callee
        if not site.call.args or not isinstance(callee, (Name, Member)):
            continue
        records = [each.value for each in site.call.args if isinstance(each.value, Record)]
        if not any(
            entry.key in ("context", "createContext", "resolvers") for record in records for entry in record.entries
        ):
            continue
        symbol = look.symbol(site.function, callee)
        if not symbol.startswith((*_CONTEXTS, "@graphql-tools/schema", "graphql-tools", "graphql-yoga")):
            continue
        for record in records:
            for entry in record.entries:
                if entry.key in ("context", "createContext") and not isinstance(entry.value, Record):
                    yield from look.given(
                        site.function,
                        entry.value,
                        Runs.REQUEST,
                        f"{entry.key} of {symbol.rsplit('.', 1)[-1]}()",
                        entry.span,
                    )
                elif entry.key == "resolvers":
                    for each in look.inside(site.function, entry.value):
                        yield Entry(
                            each,
                            Runs.REQUEST,
                            f"GraphQL resolver {each.name}".rstrip(),
                            each.at if each.path == look.path else entry.span,
                        )


def _nest(look: Look) -> Iterator[Entry]:
    for index, function in enumerate(look.functions):
        for decorator in function.decorators:
            head = decorator.callee if isinstance(decorator, Call) else decorator
            symbol = look.symbol(max(function.parent, 0), head)
            module, _, name = symbol.rpartition(".")
            if module in ("@nestjs/common", "@nestjs/microservices", "@nestjs/websockets") and name in _NEST:
                yield look.own(index, Runs.REQUEST, f"NestJS @{name}() handler {function.name}")
            elif module == "@nestjs/graphql" and name in _NEST_GRAPHQL:
                yield look.own(index, Runs.REQUEST, f"NestJS GraphQL @{name}() resolver {function.name}")
            elif module == "type-graphql" and name in _NEST_GRAPHQL:
                yield look.own(index, Runs.REQUEST, f"TypeGraphQL @{name}() resolver {function.name}")
            elif module in ("@nestjs/schedule", "@nestjs/bull", "@nestjs/bullmq") and name in _NEST_JOBS:
                yield look.own(index, Runs.JOB, f"NestJS @{name}() job {function.name}")
        if function.owner < 0 or not look.depends("@nestjs/core"):
            continue
        cls = look.scopes.module.classes[function.owner]
        if function.name in _NEST_HOOKS:
            yield look.own(index, Runs.ONCE, f"NestJS {function.name} hook")
        elif function.name in _NEST_METHODS and _decorators(look, cls) & {"@nestjs/common.Injectable"}:
            yield look.own(index, Runs.REQUEST, f"NestJS {_NEST_METHODS[function.name]} {cls.name}")
        elif function.name == "process" and _decorators(look, cls) & {"@nestjs/bullmq.Processor"}:
            yield look.own(index, Runs.JOB, f"BullMQ job of {cls.name}")


def _decorators(look: Look, cls: Class) -> set[str]:
    heads = (each.callee if isinstance(each, Call) else each for each in cls.decorators)
    return {look.symbol(max(cls.parent, 0), each) for each in heads}
