"""Frameworks whose handlers are told by where a file lies and what it exports.

Next.js, Remix and React Router, SvelteKit, Nuxt and Nitro, Astro, Vercel and Netlify functions, AWS Lambda,
Cloudflare Workers, Supabase and Deno functions. Facts: next 16.4, @react-router/dev 7.18, @sveltejs/kit 2.70,
nitropack 2.13, astro 6.0, @netlify/functions 5.3, @cloudflare/workers-types 5 (published sources and types).
"""

import re
from collections.abc import Iterator

from pooltlint.frameworks import Entry, Framework, Look
from pooltlint.model.topology import Runs
from pooltlint.outline.nodes import Member, Name, Record

FRAMEWORKS = (
    Framework("Next.js", ("next",), hot_reload=True),
    Framework("Remix", ("@remix-run/dev", "@remix-run/serve", "@remix-run/node", "@react-router/dev"), hot_reload=True),
    Framework("SvelteKit", ("@sveltejs/kit",), hot_reload=True),
    Framework("Nuxt", ("nuxt", "nitropack"), hot_reload=True),
    Framework("Astro", ("astro",), hot_reload=True),
    Framework("SolidStart", ("@solidjs/start",), hot_reload=True),
    Framework("TanStack Start", ("@tanstack/react-start", "@tanstack/start"), hot_reload=True),
    Framework("Serverless Framework", ("serverless", "serverless-offline", "serverless-http"), serverless=True),
    Framework("AWS Lambda", ("@types/aws-lambda", "@middy/core", "aws-lambda"), serverless=True),
    Framework("Netlify Functions", ("@netlify/functions",), serverless=True),
    Framework("Vercel Functions", ("@vercel/node",), serverless=True),
    Framework("Cloudflare Workers", ("wrangler", "@cloudflare/workers-types"), serverless=True),
)

_HTTP = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_SUFFIX = r"\.[cm]?[jt]sx?$"
_NEXT_API = re.compile(r"(^|/)pages/api/.+" + _SUFFIX)
_NEXT_PAGE = re.compile(r"(^|/)pages/(?!api/)[^.]+" + _SUFFIX)
_NEXT_ROUTE = re.compile(r"(^|/)app/(.*/)?route" + _SUFFIX)
_NEXT_COMPONENT = re.compile(
    r"(^|/)app/(.*/)?(page|layout|template|loading|not-found|default|forbidden|unauthorized)" + _SUFFIX
)
_NEXT_MIDDLEWARE = re.compile(r"(^|/)(src/)?(middleware|proxy)" + _SUFFIX)
_NEXT_INSTRUMENTATION = re.compile(r"(^|/)(src/)?instrumentation(-node)?" + _SUFFIX)
_REMIX = re.compile(r"(^|/)app/.+" + _SUFFIX)
_SVELTE = re.compile(r"(^|/)(\+server|\+page(\.server)?|\+layout(\.server)?|hooks\.server)" + _SUFFIX)
_NITRO = re.compile(r"(^|/)(server/)?(api|routes|middleware)/.+" + _SUFFIX)
_ASTRO = re.compile(r"(^|/)src/pages/.+\.[jt]s$")
_ASTRO_MIDDLEWARE = re.compile(r"(^|/)src/middleware(/index)?" + _SUFFIX)
_VERCEL = re.compile(r"^(?:.*/)?api/.+" + _SUFFIX)
_NETLIFY = re.compile(r"(^|/)netlify/(edge-)?functions/.+" + _SUFFIX)
_SUPABASE = re.compile(r"(^|/)supabase/functions/[^/]+/.+" + _SUFFIX)
_DURABLE = ("fetch", "alarm", "webSocketMessage", "webSocketClose")
_OBJECTS = ("cloudflare:workers.DurableObject", "cloudflare:workers.WorkerEntrypoint")
_WORKER = ("fetch", "scheduled", "queue", "email", "tail")


def entries(look: Look) -> Iterator[Entry]:
    """Handlers that the framework finds by file name and export."""
    if look.scopes.module.language == "python":
        return
    path = look.path
    if look.depends("next"):
        yield from _next(look, path)
    if look.depends(
        "@remix-run/node",
        "@remix-run/react",
        "@remix-run/dev",
        "@react-router/dev",
        "@react-router/node",
        "@remix-run/cloudflare",
    ) and _REMIX.search(path):
        for name in ("loader", "action", "middleware", "headers"):
            yield from _export(look, name, f"{name} of a Remix route")
        if "/entry.server" in f"/{path}":
            yield from _export(look, "default", "Remix server entry")
    if look.depends("@sveltejs/kit") and _SVELTE.search(path):
        for name in (*_HTTP, "fallback", "load", "handle", "handleFetch", "handleError"):
            yield from _export(
                look,
                name,
                f"{name} of a SvelteKit route" if not name.startswith("handle") else f"SvelteKit hook {name}",
            )
        yield from _export_members(look, "actions", "SvelteKit form action")
        yield from _export(look, "init", "SvelteKit init hook", Runs.ONCE)
    if look.depends("nuxt", "nitropack", "nitro") and _NITRO.search(path):
        yield from _export(look, "default", "Nitro event handler")
    if look.depends("astro") and _ASTRO.search(path):
        for name in (*_HTTP, "ALL"):
            yield from _export(look, name, f"{name} endpoint of Astro")
    if look.depends("astro") and _ASTRO_MIDDLEWARE.search(path):
        yield from _export(look, "onRequest", "Astro middleware")
    if _NETLIFY.search(path):
        yield from _export(look, "handler", "Netlify function")
        yield from _export(look, "default", "Netlify function")
    if look.depends("@vercel/node", "vercel", "@vercel/edge") and _VERCEL.search(path):
        for name in ("default", *_HTTP):
            yield from _export(look, name, "Vercel function")
    if look.depends("wrangler", "@cloudflare/workers-types") or _takes_bindings(look):
        yield from _export_members(look, "default", "Cloudflare Worker handler", _WORKER)
    yield from _durable_objects(look)
    lambdas = look.depends(
        "@types/aws-lambda", "serverless", "@middy/core", "aws-lambda", "serverless-http", "aws-cdk-lib", "sst"
    )
    for name in ("handler", "main", "lambdaHandler"):
        for each in _export(look, name, "AWS Lambda handler"):
            if lambdas or (name != "main" and each.handler.path == path and _takes_event(look, each.handler.function)):
                yield each
    yield from _server_actions(look)
    yield from _deno(look, path)


def _next(look: Look, path: str) -> Iterator[Entry]:
    if _NEXT_API.search(path):
        yield from _export(look, "default", "Next.js API route handler")
    elif _NEXT_PAGE.search(path):
        for name in ("getServerSideProps", "getInitialProps"):
            yield from _export(look, name, f"{name} of a Next.js page")
    elif _NEXT_ROUTE.search(path):
        for name in _HTTP:
            yield from _export(look, name, f"{name} handler of a Next.js route")
    elif _NEXT_COMPONENT.search(path) and "use client" not in look.scopes.module.directives:
        yield from _export(look, "default", "Next.js server component")
        yield from _export(look, "generateMetadata", "generateMetadata of a Next.js page")
        yield from _export(look, "generateStaticParams", "generateStaticParams (build)", Runs.SCRIPT)
    elif _NEXT_MIDDLEWARE.search(path):
        for name in ("default", "middleware", "proxy"):
            yield from _export(look, name, "Next.js middleware")
    elif _NEXT_INSTRUMENTATION.search(path):
        yield from _export(look, "register", "Next.js instrumentation hook", Runs.ONCE)


def _server_actions(look: Look) -> Iterator[Entry]:
    module = look.scopes.module
    for index, function in enumerate(look.functions):
        if "use server" in function.directives:
            yield look.own(index, Runs.REQUEST, f"server action {look.scopes.name_of(index)}".rstrip())
    if "use server" in module.directives:
        for export in module.exports:
            if export.name != "*" and not export.module:
                yield from _export(look, export.name, f"server action {export.name}")


def _takes_bindings(look: Look) -> bool:
    """``export default { async fetch(request, env, ctx) {} }``: only Workers call it with their bindings."""
    return any(
        len(names) > 1 and names[1] == "env" and look.scopes.name_of(index) in _WORKER
        for index, function in enumerate(look.functions)
        if (names := [each.target.id for each in function.params if isinstance(each.target, Name)])
    )


def _durable_objects(look: Look) -> Iterator[Entry]:
    for index, function in enumerate(look.functions):
        if function.owner >= 0 and function.name in _DURABLE:
            cls = look.scopes.module.classes[function.owner]
            if any(look.symbol(max(cls.parent, 0), each) in _OBJECTS for each in cls.bases):
                yield look.own(index, Runs.REQUEST, f"{function.name} of the Durable Object {cls.name}")


def _takes_event(look: Look, function: int) -> bool:
    """``(event, context)``, the parameters of a Lambda function in everybody's words."""
    first = next((each.target for each in look.functions[function].params), None)
    return isinstance(first, Name) and first.id in ("event", "_event")


def _deno(look: Look, path: str) -> Iterator[Entry]:
    for site in look.sites:
        callee = site.call.callee
        serves = (
            isinstance(callee, Member)
            and isinstance(callee.owner, Name)
            and (callee.owner.id, callee.name) in (("Deno", "serve"), ("Bun", "serve"))
        )
        serves = serves or (isinstance(callee, Name) and callee.id == "serve" and bool(_SUPABASE.search(path)))
        if not serves:
            continue
        for argument in site.call.args:
            value = argument.value
            parts = [value]
            if isinstance(value, Record):
                parts = [each.value for each in value.entries if each.key == "fetch"]
                for routes in (each.value for each in value.entries if each.key == "routes"):
                    for handler in look.inside(site.function, routes):
                        yield Entry(handler, Runs.REQUEST, "route given to serve()", callee.span)
            for each in parts:
                yield from look.given(site.function, each, Runs.REQUEST, "handler given to serve()", callee.span)


def _export(look: Look, name: str, text: str, runs: Runs = Runs.REQUEST) -> Iterator[Entry]:
    at = next((each.span for each in look.scopes.module.exports if each.name == name), (0, 0))
    for each in look.exported(name):
        yield Entry(each, runs, text, each.at if each.path == look.path and each.name else at)


def _export_members(look: Look, name: str, text: str, only: tuple[str, ...] = ()) -> Iterator[Entry]:
    for export in look.scopes.module.exports:
        if export.name != name:
            continue
        value = export.value
        if value is None and export.local:
            for binding in look.scopes.names[0].get(export.local, ()):
                value = binding.value
        if isinstance(value, Record):
            for entry in value.entries:
                if entry.key and (not only or entry.key in only):
                    yield from look.given(0, entry.value, Runs.REQUEST, f"{text} {entry.key}", entry.span)


def reloads(path: str, framework: str) -> bool:
    """Is a file one that a framework's development server loads by itself, by where it lies."""
    match framework:
        case "Next.js":
            return any(
                each.search(path) for each in (_NEXT_API, _NEXT_PAGE, _NEXT_ROUTE, _NEXT_COMPONENT, _NEXT_MIDDLEWARE)
            )
        case "Remix" | "SolidStart" | "TanStack Start":
            return bool(re.search(r"(^|/)(app|src)/(routes/.+|root|entry[.-]server)" + _SUFFIX, path))
        case "SvelteKit":
            return bool(_SVELTE.search(path))
        case "Nuxt":
            return bool(_NITRO.search(path))
        case "Astro":
            return bool(_ASTRO.search(path))
        case _:
            return False
