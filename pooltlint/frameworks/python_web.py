"""Python web frameworks: FastAPI, Starlette, Flask, Django, aiohttp, Sanic, Litestar, Tornado, GraphQL, gRPC, Lambda.

Facts: fastapi 0.165, starlette 1.10, flask 3.1, django 5.2, djangorestframework 3.18, aiohttp 3.14, sanic 25.12,
litestar 2.25, tornado 6.6 (published sources).
"""

from collections.abc import Iterator

from pooltlint.frameworks import Entry, Framework, Look
from pooltlint.model.topology import Runs
from pooltlint.outline.nodes import Call, Class, Expr, Function, Member, Name

FRAMEWORKS = (
    Framework("FastAPI", ("fastapi",), versioned=True),
    Framework("Starlette", ("starlette",)),
    Framework("Flask", ("flask",)),
    Framework("Django", ("django",)),
    Framework("aiohttp", ("aiohttp",)),
    Framework("Sanic", ("sanic",)),
    Framework("Litestar", ("litestar",)),
    Framework("Tornado", ("tornado",)),
    Framework("Mangum", ("mangum",), serverless=True),
    Framework("Chalice", ("chalice",), serverless=True),
    Framework("Zappa", ("zappa",), serverless=True),
    Framework("AWS Lambda", ("aws-lambda-powertools",), serverless=True),
)

_HTTP = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
_APPS = {
    "fastapi.FastAPI": "FastAPI",
    "fastapi.APIRouter": "FastAPI",
    "fastapi.routing.APIRouter": "FastAPI",
    "starlette.applications.Starlette": "Starlette",
    "flask.Flask": "Flask",
    "flask.Blueprint": "Flask",
    "quart.Quart": "Quart",
    "quart.Blueprint": "Quart",
    "aiohttp.web.RouteTableDef": "aiohttp",
    "sanic.Sanic": "Sanic",
    "sanic.Blueprint": "Sanic",
    "robyn.Robyn": "Robyn",
    "ninja.NinjaAPI": "django-ninja",
    "ninja.Router": "django-ninja",
    "bottle.Bottle": "Bottle",
    "chalice.Chalice": "Chalice",
    "apiflask.APIFlask": "Flask",
    "flask_openapi3.OpenAPI": "Flask",
    "aws_lambda_powertools.event_handler.APIGatewayRestResolver": "AWS Lambda",
    "sanic_ext.Extend": "Sanic",
    "flask_smorest.Blueprint": "Flask",
    "flask_restx.Namespace": "Flask",
}
_PER_REQUEST = _HTTP | {
    "route",
    "api_route",
    "websocket",
    "websocket_route",
    "middleware",
    "exception_handler",
    "before_request",
    "before_app_request",
    "after_request",
    "teardown_request",
    "context_processor",
    "errorhandler",
    "url_value_preprocessor",
    "on_request",
    "on_response",
    "view",
    "api_operation",
}
_STARTUP = {
    "on_event",
    "before_server_start",
    "after_server_start",
    "before_first_request",
    "before_serving",
    "main_process_start",
    "listener",
    "while_serving",
    "after_server_stop",
    "before_server_stop",
    "after_serving",
    "cli",
    "command",
    "shell_context_processor",
}
_VIEWS = {
    "flask.views.MethodView": ("Flask view", _HTTP),
    "flask.views.View": ("Flask view", {"dispatch_request"}),
    "flask_restful.Resource": ("Flask-RESTful resource", _HTTP),
    "flask_restx.Resource": ("Flask-RESTX resource", _HTTP),
    "tornado.web.RequestHandler": ("Tornado handler", _HTTP | {"prepare", "initialize", "on_finish"}),
    "tornado.websocket.WebSocketHandler": (
        "Tornado handler",
        {"open", "on_message", "on_close", "prepare", "initialize"},
    ),
    "aiohttp.web.View": ("aiohttp view", _HTTP),
    "starlette.endpoints.HTTPEndpoint": ("Starlette endpoint", _HTTP),
    "litestar.Controller": ("Litestar controller", set()),
    "litestar.controller.Controller": ("Litestar controller", set()),
    "sanic.views.HTTPMethodView": ("Sanic view", _HTTP),
    "starlette.middleware.base.BaseHTTPMiddleware": ("Starlette middleware", {"dispatch"}),
    "socketserver.BaseRequestHandler": ("request handler", {"handle", "setup", "finish"}),
    "socketserver.StreamRequestHandler": ("request handler", {"handle", "setup", "finish"}),
    "http.server.BaseHTTPRequestHandler": ("HTTP handler", {f"do_{each.upper()}" for each in _HTTP}),
    "http.server.SimpleHTTPRequestHandler": ("HTTP handler", {f"do_{each.upper()}" for each in _HTTP}),
    "graphene.Mutation": ("GraphQL mutation", {"mutate"}),
}
_DJANGO_VIEW = _HTTP | {
    "dispatch",
    "setup",
    "list",
    "create",
    "retrieve",
    "update",
    "partial_update",
    "destroy",
    "perform_create",
    "perform_update",
    "perform_destroy",
    "get_queryset",
    "get_context_data",
    "get_object",
    "form_valid",
}
_CHANNELS = {"connect", "disconnect", "receive", "receive_json", "websocket_connect", "websocket_receive"}
_FALCON = {f"on_{each}" for each in _HTTP}
_SERVERS = {
    "socketio.Server": "Socket.IO handler",
    "socketio.AsyncServer": "Socket.IO handler",
    "flask_socketio.SocketIO": "Socket.IO handler",
    "mcp.server.fastmcp.FastMCP": "MCP handler",
    "fastmcp.FastMCP": "MCP handler",
    "ariadne.QueryType": "GraphQL resolver",
    "ariadne.MutationType": "GraphQL resolver",
    "ariadne.ObjectType": "GraphQL resolver",
}
"""Objects whose decorators register what runs for each request."""
_SERVED = {"event", "on", "tool", "resource", "prompt", "field", "on_event"}
_HTTP_DECORATORS = {f"bottle.{each}": "Bottle handler" for each in (*_HTTP, "route")} | {
    "strawberry.field": "GraphQL resolver",
    "strawberry.mutation": "GraphQL resolver",
    "strawberry.subscription": "GraphQL resolver",
}
_TYPED = {
    "fastapi.Request": "FastAPI",
    "starlette.requests.Request": "Starlette",
    "django.http.HttpRequest": "Django",
    "django.http.request.HttpRequest": "Django",
    "rest_framework.request.Request": "Django REST framework",
    "aiohttp.web.Request": "aiohttp",
    "sanic.Request": "Sanic",
    "sanic.request.Request": "Sanic",
    "litestar.Request": "Litestar",
}
"""Types of which the framework makes one for each request: a function that takes it runs as often."""

STREAMS = frozenset(
    f"{package}.{name}"
    for package, name in (
        ("fastapi.responses", "StreamingResponse"),
        ("starlette.responses", "StreamingResponse"),
        ("sse_starlette", "EventSourceResponse"),
        ("sse_starlette.sse", "EventSourceResponse"),
    )
)
"""Responses whose body is made while they are sent (starlette 1.10, sse-starlette 3)."""

_DJANGO_URLS = {"django.urls.path", "django.urls.re_path", "django.conf.urls.url", "django.urls.conf.path"}


def entries(look: Look) -> Iterator[Entry]:
    """Request handlers, dependencies and start-up hooks of one file."""
    module = look.scopes.module
    if module.language != "python":
        return
    for index, function in enumerate(look.functions):
        yield from _decorated(look, index, function)
        yield from _typed(look, index, function)
        if function.owner >= 0:
            yield from _method(look, index, function, module.classes[function.owner])
        elif function.parent == 0:
            yield from _plain(look, index, function)
    for site in look.sites:
        callee = site.call.callee
        name = callee.name if isinstance(callee, Member) else callee.id if isinstance(callee, Name) else ""
        if name in (
            "add_api_route",
            "add_url_rule",
            "add_route",
            "Route",
            "WebSocketRoute",
            "add_get",
            "add_post",
            "add_put",
            "add_delete",
            "add_patch",
            "add_view",
        ):
            for argument in site.call.args:
                for handler in look.handlers(site.function, argument.value):
                    yield Entry(handler, Runs.REQUEST, f"route handler {handler.name}".rstrip(), callee.span)
        elif (
            name in ("path", "re_path", "url")
            and len(site.call.args) > 1
            and look.symbol(site.function, callee) in _DJANGO_URLS
        ):
            for handler in look.handlers(site.function, site.call.args[1].value):
                yield Entry(handler, Runs.REQUEST, f"Django view {handler.name}".rstrip(), callee.span)
        elif name in (*_HTTP, "route", "view") and look.symbol(site.function, callee).startswith("aiohttp.web."):
            for argument in site.call.args:
                yield from look.given(site.function, argument.value, Runs.REQUEST, "aiohttp handler", callee.span)
        elif (
            name == "add_task"
            and isinstance(callee, Member)
            and look.symbol(site.function, callee.owner).endswith("BackgroundTasks")
        ):
            for argument in site.call.args[:1]:
                yield from look.given(
                    site.function, argument.value, Runs.REQUEST, "background task of a request", callee.span
                )
        elif name == "serve" and look.symbol(site.function, callee).startswith("websockets."):
            for argument in site.call.args[:1]:
                yield from look.given(site.function, argument.value, Runs.REQUEST, "WebSocket handler", callee.span)
        elif _hooks(look, callee):
            for argument in site.call.args:
                yield from look.given(
                    site.function, argument.value, Runs.ONCE, "start-up hook of the application", callee.span
                )
        for argument in site.call.args:
            if argument.name in ("lifespan", "on_startup", "on_shutdown"):
                yield from look.given(
                    site.function, argument.value, Runs.ONCE, f"{argument.name} of the application", argument.value.span
                )


def _hooks(look: Look, callee: Expr) -> bool:
    """``app.on_startup.append(hook)``, ``app.cleanup_ctx.append(hook)`` of aiohttp."""
    return (
        isinstance(callee, Member)
        and callee.name == "append"
        and isinstance(callee.owner, Member)
        and callee.owner.name in ("on_startup", "on_cleanup", "on_shutdown", "cleanup_ctx")
        and look.depends("aiohttp")
    )


def _decorated(look: Look, index: int, function: Function) -> Iterator[Entry]:
    for decorator in function.decorators:
        head: Expr = decorator.callee if isinstance(decorator, Call) else decorator
        scope = max(function.parent, 0)
        if isinstance(head, Member):
            owner = head.owner
            symbol = look.symbol(scope, owner)
            framework = _APPS.get(symbol, "")
            if not framework and isinstance(owner, Name):
                framework = _by_name(look, owner.id, head.name)
            if framework and head.name in _PER_REQUEST:
                yield look.own(index, Runs.REQUEST, f"{framework} {_describe(head.name, function)}")
            elif framework and head.name in _STARTUP:
                yield look.own(index, Runs.ONCE, f"{framework} start-up hook {function.name}")
            elif symbol in _SERVERS and head.name in _SERVED:
                yield look.own(index, Runs.REQUEST, f"{_SERVERS[symbol]} {function.name}")
        symbol = look.symbol(scope, head)
        if symbol.startswith("litestar.") and symbol.rsplit(".", 1)[-1] in (
            *_HTTP,
            "route",
            "websocket",
            "websocket_listener",
            "asgi",
        ):
            yield look.own(index, Runs.REQUEST, f"Litestar handler {function.name}")
        elif symbol in ("rest_framework.decorators.api_view", "rest_framework.decorators.action"):
            yield look.own(index, Runs.REQUEST, f"Django REST framework view {function.name}")
        elif symbol.startswith(("django.views.decorators", "django.contrib.auth.decorators")):
            yield look.own(index, Runs.REQUEST, f"Django view {function.name}")
        elif symbol in _HTTP_DECORATORS:
            yield look.own(index, Runs.REQUEST, f"{_HTTP_DECORATORS[symbol]} {function.name}")
        elif symbol in ("functions_framework.http", "functions_framework.cloud_event"):
            yield look.own(index, Runs.REQUEST, f"Cloud Function {function.name}")
        elif symbol in ("aiohttp.web.middleware",):
            yield look.own(index, Runs.REQUEST, f"aiohttp middleware {function.name}")


def _typed(look: Look, index: int, function: Function) -> Iterator[Entry]:
    """A function that takes the request, by the type of its parameter; Django's middleware by its name."""
    for parameter in function.params:
        kind = parameter.annotation
        last = kind.id if isinstance(kind, Name) else kind.name if isinstance(kind, Member) else ""
        if last in ("Request", "HttpRequest") and kind is not None:
            framework = _TYPED.get(look.symbol(max(function.parent, 0), kind))
            if framework and function.kind != "constructor" and function.name != "__init__":
                yield look.own(index, Runs.REQUEST, f"{function.name or 'a function'} takes the {last} of {framework}")
                return
    outer = look.functions[function.parent] if function.parent > 0 else None
    if outer is not None and look.depends("django"):
        names = [each.target.id for each in outer.params if isinstance(each.target, Name)]
        if names == ["get_response"] and function.name:
            yield look.own(index, Runs.REQUEST, f"Django middleware {outer.name}")


def _by_name(look: Look, owner: str, method: str) -> str:
    """An app or router of unknown origin is one of the only framework that the package around depends on."""
    if (
        owner not in ("app", "router", "bp", "blueprint", "api", "routes", "api_router")
        or method not in _PER_REQUEST | _STARTUP
    ):
        return ""
    found = [
        name
        for package, name in (("fastapi", "FastAPI"), ("flask", "Flask"), ("sanic", "Sanic"), ("quart", "Quart"))
        if look.depends(package)
    ]
    return found[0] if len(found) == 1 else ""


def _describe(method: str, function: Function) -> str:
    if method in _HTTP or method in ("route", "api_route", "view", "api_operation"):
        return f"handler {function.name}"
    return (
        f"{method} hook {function.name}" if method not in ("middleware", "websocket") else f"{method} {function.name}"
    )


def _method(look: Look, index: int, function: Function, cls: Class) -> Iterator[Entry]:
    for base in cls.bases:
        symbol = look.symbol(max(cls.parent, 0), base)
        known = _VIEWS.get(symbol)
        if known and function.name in known[1]:
            yield look.own(index, Runs.REQUEST, f"{known[0]} {cls.name}.{function.name}")
        elif symbol.startswith(("django.views", "rest_framework")) and function.name in _DJANGO_VIEW:
            yield look.own(index, Runs.REQUEST, f"Django view {cls.name}.{function.name}")
        elif symbol.startswith("channels.generic.") and function.name in _CHANNELS:
            yield look.own(index, Runs.REQUEST, f"Channels consumer {cls.name}.{function.name}")
        elif symbol == "graphene.ObjectType" and function.name.startswith("resolve_"):
            yield look.own(index, Runs.REQUEST, f"GraphQL resolver {cls.name}.{function.name}")
        elif symbol.endswith("Servicer") and not function.name.startswith("_"):
            yield look.own(index, Runs.REQUEST, f"gRPC method {cls.name}.{function.name}")
        elif isinstance(base, (Name, Member)):
            last = base.id if isinstance(base, Name) else base.name
            if last.endswith(
                ("APIView", "ViewSet", "RequestHandler", "MethodView")
            ) and function.name in _DJANGO_VIEW | {"prepare", "initialize"}:
                yield look.own(index, Runs.REQUEST, f"{last} {cls.name}.{function.name}")
    if function.name in _FALCON and look.depends("falcon"):
        yield look.own(index, Runs.REQUEST, f"Falcon resource {cls.name}.{function.name}")
    if function.name == "__call__" and look.depends("django") and "iddleware" in cls.name:
        yield look.own(index, Runs.REQUEST, f"middleware {cls.name}")
    if function.name == "ready" and cls.name.endswith("Config"):
        yield look.own(index, Runs.ONCE, f"{cls.name}.ready")


def _plain(look: Look, index: int, function: Function) -> Iterator[Entry]:
    names = [each.target.id for each in function.params if isinstance(each.target, Name)]
    if (
        names[:2] == ["event", "context"] and function.name in ("handler", "lambda_handler", "main")
    ) or function.name == "lambda_handler":
        yield look.own(index, Runs.REQUEST, f"AWS Lambda handler {function.name}")
    elif (names[:1] == ["request"] and look.depends("django") and look.path.rsplit("/", 1)[-1].startswith("views")) or (
        names[:1] == ["request"] and "/views/" in look.path and look.depends("django")
    ):
        yield look.own(index, Runs.REQUEST, f"Django view {function.name}")
