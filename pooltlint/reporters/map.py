"""The topology as people and diagrams want it: who connects where, through what, and how that is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from pooltlint.model.pooling import deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Kind, Mode, Route, Runs, Topology, Url
from pooltlint.redaction import neutral, prose

_RUNS = {
    Runs.ONCE: "made once",
    Runs.REQUEST: "made for each request",
    Runs.JOB: "made for each job",
    Runs.LOOP: "made in a loop",
    Runs.SCRIPT: "made by a script",
    Runs.TEST: "made by tests",
    Runs.CALL: "made on each call of its function",
    Runs.UNKNOWN: "",
}


class Style(Protocol):
    """Puts colour on text, or leaves it."""

    def __call__(self, text: str, how: str) -> str:
        """``how``: ``name``, ``dim``, ``pooled``, ``direct`` or ``unknown``."""


def render(topology: Topology, out: TextIO, *, form: str = "text", colour: bool = False) -> None:
    """Write the map. ``form``: ``text``, ``mermaid``, ``dot`` or ``json``."""
    writer: dict[str, Callable[[Topology, TextIO, bool], None]] = {
        "text": _text,
        "mermaid": _mermaid,
        "dot": _dot,
        "json": _json,
    }
    writer[form](topology, out, colour)


# --- text -----------------------------------------------------------------------------------------


_COLOURS = {"name": "1", "dim": "2", "pooled": "33", "direct": "32", "unknown": "35"}


def _text(topology: Topology, out: TextIO, colour: bool) -> None:
    def style(text: str, how: str) -> str:
        text = neutral(text)
        return f"\x1b[{_COLOURS[how]}m{text}\x1b[0m" if colour and text else text

    blocks = [
        *_clients(topology, style),
        *_prisma(topology, style),
        *_rails(topology, style),
        *_migrations(topology, style),
        *_poolers(topology, style),
        *_loose(topology, style),
    ]
    if not blocks:
        out.write("Nothing here connects to Postgres, as far as pooltlint can see.\n")
        return
    out.write("".join(blocks).lstrip("\n"))


def _clients(topology: Topology, style: Style) -> Iterator[str]:
    shown = [each for each in topology.clients if each.lifetime.runs is not Runs.TEST]
    hidden = len(topology.clients) - len(shown)
    groups: dict[str, list[Client]] = {}
    for client in shown:
        groups.setdefault(client.deployable.path if client.deployable else "", []).append(client)
    for path in sorted(groups):
        deployable = groups[path][0].deployable
        frameworks = f" ({', '.join(deployable.frameworks)})" if deployable and deployable.frameworks else ""
        yield "\n" + style(f"{path or 'this repository'}{frameworks}", "name") + "\n"
        for client in groups[path]:
            yield from _client(client, style)
    if hidden:
        yield "\n" + style(f"and {hidden} client{'s' if hidden > 1 else ''} of tests, not shown", "dim") + "\n"


def _client(client: Client, style: Style) -> Iterator[str]:
    size = _size(client)
    facts = ", ".join(
        filter(
            None,
            (f"{client.library}{f' {client.version}' if client.version else ''}", size, _RUNS[client.lifetime.runs]),
        )
    )
    name = client.variable or client.function or client.call
    yield f"  {style(name, 'name')}  {neutral(client.call)}  {style(_at(client.at), 'dim')}\n    {facts}\n"
    if client.wraps:
        yield f"    sends its queries through {neutral(', '.join(each.variable or each.call for each in client.wraps))}\n"
        return
    yield from _urls(client.urls, style, "    ")


def _size(client: Client) -> str:
    if client.wraps:
        return ""
    if client.limit is None or client.kind is not Kind.POOL or not client.opens:
        return "one connection" if client.kind is Kind.CONNECTION else ""
    if client.limit.count is None:
        return (
            f"up to {client.limit.formula} connections"
            if client.limit.formula and not client.limit.formula[0].isdigit()
            else "size not known"
        )
    default = "" if client.limit.explicit.value == "yes" else " by default"
    return f"up to {client.limit.count} connection{'' if client.limit.count == 1 else 's'}{default}"


def _urls(urls: tuple[Url, ...], style: Style, indent: str) -> Iterator[str]:
    decisive = deciding(urls)
    for url in dict.fromkeys(urls):
        mark = "→" if url in decisive else "·"
        where = _at(url.at) if url.at is not None else "declared"
        profile = f" ({url.profile.value})" if url.profile.value != "unknown" else ""
        yield f"{indent}{mark} {neutral(_named(url))}  {style(where + profile, 'dim')}\n{indent}    {_host(url)}  {_way(url.route, style)}\n"
        for note in url.route.because:
            if note.at is None or note.at != url.at:
                yield f"{indent}    {style(prose(note.text) + (f'  {_at(note.at)}' if note.at else ''), 'dim')}\n"
            else:
                yield f"{indent}    {style(prose(note.text), 'dim')}\n"
    if not urls:
        yield f"{indent}→ {style('connection string not found in this repository', 'unknown')}\n"


def _named(url: Url) -> str:
    """The variable, or where else a connection string comes from."""
    if url.name:
        return url.name
    configured = url.at is not None and url.at.path.endswith((".yml", ".yaml", ".ini", ".toml", ".conf", ".properties"))
    return "written in configuration" if configured else "written in code"


def _host(url: Url) -> str:
    host = neutral(",".join(url.dsn.hosts)) or ("address not known" if url.declared else "no host")
    if host == "${…}":
        return "host put together at run time"
    return f"{host}:{url.dsn.port}" if url.dsn.port else host


def _way(route: Route, style: Style) -> str:
    match route.mode:
        case Mode.DIRECT:
            return style("direct", "direct")
        case Mode.TRANSACTION | Mode.SESSION | Mode.STATEMENT:
            prepared = {"yes": ", keeps prepared statements apart", "no": ", no prepared statements", "unknown": ""}[
                route.prepared.value
            ]
            version = f" {route.version}" if route.version else ""
            return style(f"through {route.pooler or 'a pooler'}{version}, {route.mode.value} mode{prepared}", "pooled")
        case Mode.HTTP:
            return style(f"over HTTP{f' ({route.pooler})' if route.pooler else ''}", "direct")
        case Mode.UNKNOWN:
            return style(f"through {route.pooler}, mode not known" if route.pooler else "not known", "unknown")


def _prisma(topology: Topology, style: Style) -> Iterator[str]:
    for each in topology.prisma:
        engine = {"yes": "Rust engine", "no": "driver adapter", "unknown": "engine not known"}[each.engine.value]
        yield (
            "\n"
            + style(f"Prisma schema {each.schema.path}", "name")
            + f"\n    {neutral(each.provider) or 'provider not known'}, {neutral(each.version) or 'version not known'}, {engine}\n"
        )
        yield from _urls(each.url, style, "    ") if each.url or each.url_at is not None else ()
        if each.has_direct_url:
            yield "    migrations (directUrl):\n"
            yield from _urls(each.direct_url, style, "    ")


def _rails(topology: Topology, style: Style) -> Iterator[str]:
    for each in topology.rails:
        if each.urls:
            yield (
                "\n"
                + style(f"Rails {each.database.environment} {each.database.name}", "name")
                + f"  {style(_at(each.at), 'dim')}\n"
            )
            yield from _urls(each.urls, style, "    ")


def _migrations(topology: Topology, style: Style) -> Iterator[str]:
    for each in topology.migrations:
        yield "\n" + style(f"{each.tool} migrates", "name") + f"  {style(_at(each.at), 'dim')}\n"
        yield from _urls(each.urls, style, "    ")


def _poolers(topology: Topology, style: Style) -> Iterator[str]:
    for pooler in topology.poolers:
        names = f" as {', '.join(pooler.names)}" if pooler.names else ""
        ports = f", port {', '.join(map(str, pooler.ports))}" if pooler.ports else ""
        modes = "; ".join(
            f"{mode.value} mode" if name == "*" else f"{mode.value} mode for {name}"
            for name, mode in pooler.modes.items()
        )
        yield (
            "\n"
            + style(f"{pooler.name}{names}", "name")
            + f"  {style(_at(pooler.at), 'dim')}\n    {neutral(modes)}{ports}\n"
        )


def _loose(topology: Topology, style: Style) -> Iterator[str]:
    """Connection strings that no client is known to use."""
    lists = [each.urls for each in topology.clients]
    lists += [each.urls for each in topology.migrations] + [each.urls for each in topology.rails]
    lists += [urls for each in topology.prisma for urls in (each.url, each.direct_url)]
    used = {url.at for urls in lists for url in urls}
    rest = tuple(url for url in topology.urls if url.at not in used)
    if rest:
        yield "\n" + style("connection strings that no client is known to use", "name") + "\n"
        yield from _urls(rest, style, "    ")


def _at(place: Place) -> str:
    return f"{neutral(place.path)}:{place.line}"


# --- graphs ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Graph:
    """Clients on the left, poolers in the middle, servers on the right. ``nodes``: kind and label by identifier.

    ``edges``: from, to and what leads there: the variable and where it is set.
    """

    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    edges: dict[tuple[str, str, str], None] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def node(self, kind: str, key: str, label: str) -> str:
        """The identifier of a node, made when it is new."""
        name = self.names.setdefault((kind, key), f"n{len(self.names)}")
        self.nodes.setdefault(name, (kind, label))
        return name


def _graph(topology: Topology) -> _Graph:
    graph = _Graph()
    for key, label, urls in _users(topology):
        start = graph.node("client", key, label)
        for url in deciding(urls) or urls[:1]:
            evidence = _named(url) + (f"\n{_at(url.at)}" if url.at is not None else "")
            if url.route.pooler:
                way = graph.node(
                    "pooler",
                    url.route.pooler + _host(url),
                    f"{url.route.pooler}\n{url.route.mode.value} mode\n{_host(url)}",
                )
                graph.edges[start, way, evidence] = None
                graph.edges[way, graph.node("server", "postgres", "Postgres"), ""] = None
            else:
                graph.edges[start, graph.node("server", _host(url), f"Postgres\n{_host(url)}"), evidence] = None
    return graph


def _users(topology: Topology) -> Iterator[tuple[str, str, tuple[Url, ...]]]:
    """Who connects: a key, what is shown, and the connection strings."""
    for client in topology.clients:
        if client.lifetime.runs is not Runs.TEST and not client.wraps and client.opens:
            shown = f"{client.variable or client.call}\n{client.library}, {_size(client) or client.kind.value}"
            yield _at(client.at), shown, client.urls
    for prisma in topology.prisma:
        if not prisma.clients:
            yield _at(prisma.at), f"Prisma\n{prisma.schema.path}", prisma.url
    for rails in topology.rails:
        if rails.urls and rails.production:
            yield _at(rails.at), f"Rails\n{rails.database.environment} {rails.database.name}", rails.urls
    for migration in topology.migrations:
        yield f"migrate {_at(migration.at)}", f"{migration.tool}\nmigrations", migration.urls


def _mermaid(topology: Topology, out: TextIO, colour: bool) -> None:
    """A flowchart for Markdown."""
    graph = _graph(topology)
    shapes = {"client": ("[", "]"), "pooler": ("{{", "}}"), "server": ("[(", ")]")}
    lines = ["flowchart LR"]
    for name, (kind, label) in graph.nodes.items():
        lines.append(f'  {name}{shapes[kind][0]}"{_escaped(label)}"{shapes[kind][1]}')
    for start, end, label in graph.edges:
        lines.append(f"  {start} -->{f'|{_escaped(label)}|' if label else ''} {end}")
    out.write("\n".join(lines) + "\n")


def _escaped(text: str) -> str:
    """Text for a Mermaid label: nothing in it may end the label or mean markup."""
    text = re.sub(r"[^\w \n.,:;@/$+()=*-]", " ", text)
    return text.strip().replace("\n", "<br/>")


def _dot(topology: Topology, out: TextIO, colour: bool) -> None:
    """A directed graph for Graphviz (the DOT language: in quotes only ``"`` and the backslash mean anything)."""
    graph = _graph(topology)
    shapes = {"client": "box", "pooler": "hexagon", "server": "cylinder"}
    lines = ["digraph pooltlint {", "  rankdir=LR;"]
    for name, (kind, label) in graph.nodes.items():
        lines.append(f"  {name} [shape={shapes[kind]}, label={_quoted(label)}];")
    for start, end, label in graph.edges:
        lines.append(f"  {start} -> {end}{f' [label={_quoted(label)}]' if label else ''};")
    out.write("\n".join((*lines, "}")) + "\n")


def _quoted(text: str) -> str:
    """A DOT string: in it only line breaks mean anything."""
    lines = (re.sub(r"[^\w .,:;@/$+()=*-]", " ", line) for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'


# --- JSON -----------------------------------------------------------------------------------------


def _json(topology: Topology, out: TextIO, colour: bool) -> None:
    import json

    import msgspec

    def hook(value: object) -> object:
        return str(value)

    data = msgspec.json.encode({"version": 1, "topology": topology}, enc_hook=hook)
    out.write(json.dumps(json.loads(data), indent=2) + "\n")  # plain ASCII: nothing in it can steer a terminal
