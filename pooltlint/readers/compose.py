"""Docker Compose files: services with their images, ports, variables, mounts, commands and replicas."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from pooltlint.model.commands import conceal, quoted
from pooltlint.model.environment import defaulted, profile_of, variable
from pooltlint.model.facts import Amount, DeploymentFile, Profile, Script, Service, Variable
from pooltlint.model.source import Place, Span, line_starts, place
from pooltlint.model.url import mask
from pooltlint.readers import yaml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside, merged

_MOST_PORTS = 100
_DOLLAR = "\ufdd0"
"""Stands for a dollar sign that is none of a reference's; no text has this character."""


def read(path: str, data: bytes) -> DeploymentFile:
    """A compose file (Compose Specification), anchors and ``<<`` merged, ``extends`` within the file applied.

    - Variables: ``at`` is the value. ``$$`` is a dollar sign. A name without value is handed through
      from outside: a template that refers to itself. A value that only a default fills counts as it.
    - ``ports``: ranges are spread out; what only a default fills counts as the default.
    - ``command`` is what the service runs: the command, behind the entry point only when that is a shell
      with ``-c``; the entry point where no command stands.
    - ``build`` is the Dockerfile's path relative to the compose file, ``""`` for one that is elsewhere.
    - ``instances``: ``deploy.replicas``, else ``scale``; ``None`` where not written.
    - ``names``: the container's name and the aliases in networks.
    - ``cores`` and ``memory``: ``deploy.resources.limits``, else ``cpus`` and ``mem_limit``; cores rounded up.

    Never raises; what cannot be read is a problem.
    """
    documents, problems = yaml_nodes.compose(path, data)
    starts = line_starts(data)
    profile = profile_of(path)
    found: dict[str, tuple[Scalar, dict[str, Node]]] = {}
    for document in documents:
        for key, service in _pairs(_at(document, "services")):
            found[key.text] = (key, {each.text: value for each, value in _pairs(service)})
    return DeploymentFile(
        path=path,
        profile=profile,
        platform="Docker Compose",
        services=tuple(_service(path, starts, profile, name, found) for name in found),
        problems=tuple(problems),
        comments=yaml_nodes.comments(data, documents),
        lines=starts,
    )


def _pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    return merged(node) if isinstance(node, Map) and node.tag != "!reset" else []


def _at(node: Node | None, *keys: str) -> Node | None:
    for wanted in keys:
        node = next((value for key, value in _pairs(node) if key.text == wanted), None)
    return node


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and node.tag not in ("null", "!reset") else ""


def _items(node: Node | None) -> list[Node]:
    """The items of a list; a single value is a list of one."""
    if isinstance(node, Seq):
        return list(node.items) if node.tag != "!reset" else []
    return [node] if node is not None and _text(node) else []


def _service(
    path: str, starts: list[int], profile: Profile, name: str, found: dict[str, tuple[Scalar, dict[str, Node]]]
) -> Service:
    """One service, with what it inherits from services of the same file."""
    key, own = found[name]
    chain = [own]
    seen = {name}
    while (base := _base(chain[-1])) in found and base not in seen:
        seen.add(base)
        chain.append(found[base][1])

    def first(wanted: str) -> Node | None:
        return next((each[wanted] for each in chain if wanted in each), None)

    def every(wanted: str) -> list[Node]:
        """The inherited ones first: of two that set the same thing the later holds."""
        return [item for each in reversed(chain) for item in _items(each.get(wanted))]

    variables: dict[str, Variable] = {}
    for each in reversed(chain):
        variables |= _variables(path, starts, profile, name, each.get("environment"))
    image = first("image")
    return Service(
        name=name,
        at=place(path, starts, key.span),
        image=mask(_text(image)),
        image_at=place(path, starts, inside(image)) if isinstance(image, Scalar) and _text(image) else None,
        ports=tuple(dict.fromkeys(pair for each in every("ports") for pair in _port(each))),
        private=tuple(dict.fromkeys(target for each in every("ports") for target in _private(each))),
        environment=tuple(variables.values()),
        env_files=tuple(file for each in every("env_file") if (file := _text(each) or _text(_at(each, "path")))),
        mounts=tuple(mount for each in every("volumes") if (mount := _mount(each))),
        command=_command(path, starts, name, first("entrypoint"), first("command")),
        build=_build(first("build")),
        names=tuple(dict.fromkeys(_aliases(first("container_name"), first("hostname"), first("networks")))),
        instances=_instances(path, starts, first("deploy"), first("scale")),
        cores=_limit(path, starts, _at(first("deploy"), "resources", "limits", "cpus") or first("cpus"), _CORES),
        memory=_limit(path, starts, _at(first("deploy"), "resources", "limits", "memory") or first("mem_limit"), _MIB),
        depends_on=tuple(dict.fromkeys(_names(first("depends_on")))),
        stage=_text(_at(first("build"), "target")).lower(),
        optional=bool(_items(first("profiles"))),
    )


def _base(service: dict[str, Node]) -> str:
    """The service of the same file that this one extends, or ``""``."""
    extends = service.get("extends")
    if isinstance(extends, Map):
        return "" if _text(_at(extends, "file")) else _text(_at(extends, "service"))
    return _text(extends)


def _names(node: Node | None) -> list[str]:
    return [key.text for key, _ in _pairs(node)] if isinstance(node, Map) else [_text(each) for each in _items(node)]


def _variables(path: str, starts: list[int], profile: Profile, service: str, node: Node | None) -> dict[str, Variable]:
    written: list[tuple[str, str | None, Span]] = []
    for key, value in _pairs(node):
        if isinstance(value, Scalar):
            passed = value.tag in ("null", "!reset")
            written.append((key.text, None if passed else value.text, key.span if passed else inside(value)))
    for item in node.items if isinstance(node, Seq) else ():
        if isinstance(item, Scalar):
            name, given, text = item.text.partition("=")
            start, end = inside(item)
            if given and item.style in ("", "'", '"'):
                start = min(start + len(name.encode()) + 1, end)
            written.append((name.strip(), text if given else None, (start, end)))
    return {
        name: _variable(name, text, place(path, starts, span), profile, service) for name, text, span in written if name
    }


def _variable(name: str, text: str | None, at: Place, profile: Profile, service: str) -> Variable:
    if text is None:
        return Variable(name, at, profile, refers=(name,), template=True, service=service)
    found = variable(name, text.replace("$$", _DOLLAR), at, profile, service)
    return replace(found, raw_url=found.raw_url.replace(_DOLLAR, "$")) if "$$" in text else found


def _port(node: Node) -> list[tuple[int, int]]:
    """``(published, target)`` pairs of one item, ``0`` for a published port that Docker picks."""
    if isinstance(node, Map):
        published, target = defaulted(_text(_at(node, "published"))), defaulted(_text(_at(node, "target")))
    else:
        text = defaulted(_text(node)).strip()
        text = re.sub(r"/\w+\Z", "", text)
        published, _, target = text.rpartition(":")
        published = published.rpartition(":")[2] if re.search(r"[.\]:]", published) else published
    wanted = _range(target)
    outside = _range(published)
    if len(outside) != len(wanted):
        outside = [0] * len(wanted)
    return list(zip(outside, wanted, strict=True))


def _private(node: Node) -> list[int]:
    """The targets of one item that only the machine itself can reach."""
    if isinstance(node, Map):
        host = defaulted(_text(_at(node, "host_ip")))
    else:
        host = defaulted(_text(node)).strip().rpartition(":")[0].rpartition(":")[0]
    loopback = host.strip("[]") in ("localhost", "::1") or host.startswith("127.")
    return [target for _, target in _port(node)] if loopback else []


def _range(text: str) -> list[int]:
    first, _, last = text.strip().partition("-")
    if not re.fullmatch(r"\d{1,5}", first):
        return []
    end = int(last) if re.fullmatch(r"\d{1,5}", last) else int(first)
    return list(range(int(first), min(end, int(first) + _MOST_PORTS - 1) + 1))


def _mount(node: Node) -> tuple[str, str] | None:
    """``(source, target)`` of one volume; an anonymous volume is none."""
    if isinstance(node, Map):
        source, target = _text(_at(node, "source")), _text(_at(node, "target"))
    else:
        parts = re.split(r":(?![-?+=\\])", defaulted(_text(node)))
        if len(parts) < 2:
            return None
        source, target = parts[0], parts[1]
    return (source, target) if source and target else None


def _command(
    path: str, starts: list[int], service: str, entrypoint: Node | None, command: Node | None
) -> Script | None:
    before, text = _line(entrypoint), _line(command)
    shell = re.search(r"(?:^|/)(?:ba|da|z|a)?sh\s+-[a-z]*c$", before)
    node = command if text else entrypoint
    if not isinstance(node, Scalar | Seq):
        return None
    if text and shell:
        text = f"{before} {text if isinstance(command, Seq) else quoted([text])}"
    text = (text or before).replace("$$", "$")
    if not text:
        return None
    span = inside(node) if isinstance(node, Scalar) else node.span
    return Script(service, conceal(text), place(path, starts, span), role="start", service=service)


def _line(node: Node | None) -> str:
    if isinstance(node, Seq):
        return quoted([each.text for each in node.items if isinstance(each, Scalar)])
    return _text(node).strip()


def _build(node: Node | None) -> str:
    if isinstance(node, Scalar):
        context, file = _text(node), "Dockerfile"
    else:
        context, file = _text(_at(node, "context")) or ".", _text(_at(node, "dockerfile")) or "Dockerfile"
    if (
        not isinstance(node, Scalar | Map)
        or not context
        or "://" in context
        or context.startswith("git@")
        or "$" in context + file
    ):
        return ""
    return posixpath.normpath(posixpath.join(context, file))


def _instances(path: str, starts: list[int], deploy: Node | None, scale: Node | None) -> Amount | None:
    written = _at(deploy, "replicas") or scale
    if not isinstance(written, Scalar) or not _text(written):
        return None
    text = defaulted(_text(written))
    count = int(text) if re.fullmatch(r"\d{1,6}", text) else None
    return Amount(count, place(path, starts, inside(written)), mask(_text(written)))


_CORES = {"": 1.0}
_MIB = {"": 2**-20, "b": 2**-20, "k": 2**-10, "kb": 2**-10, "m": 1.0, "mb": 1.0, "g": 2.0**10, "gb": 2.0**10}
"""Compose Specification, "Specifying byte values"."""


def _limit(path: str, starts: list[int], node: Node | None, units: Mapping[str, float]) -> Amount | None:
    """A limit of CPUs or of memory in MiB, rounded up to a whole number."""
    if not isinstance(node, Scalar) or not _text(node):
        return None
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]{0,2})", defaulted(_text(node)).strip().lower())
    count = math.ceil(float(found[1]) * units[found[2]]) if found and found[2] in units else None
    return Amount(count or None, place(path, starts, inside(node)), mask(_text(node)))


def _aliases(container: Node | None, host: Node | None, networks: Node | None) -> Iterator[str]:
    yield from (name for each in (container, host) if (name := _text(each)) and "$" not in name)
    for _, network in _pairs(networks):
        yield from (name for each in _items(_at(network, "aliases")) if (name := _text(each)))
