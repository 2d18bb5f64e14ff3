"""tsconfig.json and jsconfig.json: what TypeScript resolves module names with."""

from __future__ import annotations

from pooltlint.model.facts import TypeScriptConfig
from pooltlint.model.source import line_starts
from pooltlint.readers import json_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq


def read(path: str, data: bytes) -> TypeScriptConfig:
    """A tsconfig, with comments and trailing commas as TypeScript allows them.

    ``extends``, ``base_url`` and ``paths`` are as written, relative to the file (TypeScript TSConfig
    reference); ``paths`` keeps its order. Never raises.
    """
    root, problems, comments = json_nodes.parse(path, data)
    options = _get(root, "compilerOptions")
    extends = _get(root, "extends")
    paths = _get(options, "paths")
    return TypeScriptConfig(
        path=path,
        base_url="".join(_texts(_get(options, "baseUrl"))),
        paths={
            key.text: _texts(value)
            for key, value in (paths.pairs if isinstance(paths, Map) else ())
            if isinstance(key, Scalar) and isinstance(value, Seq)
        },
        extends=_texts(extends),
        problems=tuple(problems),
        comments=comments,
        lines=line_starts(data),
    )


def _get(node: Node | None, name: str) -> Node | None:
    """The value of a key, of duplicates the last; ``None`` when there is none."""
    pairs = node.pairs if isinstance(node, Map) else ()
    return next((value for key, value in reversed(pairs) if isinstance(key, Scalar) and key.text == name), None)


def _texts(node: Node | None) -> tuple[str, ...]:
    """The texts of an array; a text alone is an array of one."""
    items = node.items if isinstance(node, Seq) else (node,)
    return tuple(each.text for each in items if isinstance(each, Scalar) and each.tag == "str")
