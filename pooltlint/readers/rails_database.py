"""Rails' config/database.yml: the database of each environment, with its ERB left unexecuted."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.facts import RailsDatabase, RailsFile, RailsSetting
from pooltlint.model.finding import Problem
from pooltlint.readers.erb_nodes import Template
from pooltlint.readers.yaml_nodes import Map, Scalar, inside


def read(path: str, data: bytes) -> RailsFile:
    """The database configurations of a ``database.yml``: one per environment and name.

    What Rails 8.1 does (activerecord ``database_configurations.rb``, ``build_configs``): an
    environment whose values are all mappings is three-tier and holds one configuration per key;
    any other is the one named ``primary``; an environment that is a string is a URL. Anchored
    helpers such as ``default`` are environments to Rails, hence here too. ``<<`` merges as in
    Psych; a setting stands where it is written (in the anchor).

    ERB is not run. ``ENV["X"]``, ``ENV.fetch("X", d)``, ``ENV.fetch("X") { d }``, ``ENV["X"] || d``
    and literals are read, with ``.to_i``, ``.presence`` and the like behind them; all other Ruby is
    unknown. Entries between ``<% if … %>`` and its kin are all kept; a key that is set on both
    sides of such a tag is one of its values. Passwords become the mask, user names a fingerprint.
    """
    file = Template(path, data)
    databases: list[RailsDatabase] = []
    if isinstance(file.root, Map):
        databases += _environments(file, file.root)
    elif file.root is not None:
        file.problems.append(Problem(path, 1, "not a mapping of environments"))
    found = tuple(sorted(set(file.problems)))
    return RailsFile(path, tuple(databases), found, file.comments, file.starts)


def _environments(file: Template, root: Map) -> Iterator[RailsDatabase]:
    """Every configuration of every environment, in file order."""
    for key, node in file.pairs(root):
        if isinstance(node, Map):
            entries = file.pairs(node)
            if entries and all(isinstance(value, Map) for _, value in entries):
                for name, value in entries:
                    if isinstance(value, Map):
                        yield RailsDatabase(
                            key.text, name.text, file.settings(value), file.place(inside(name)), three_tier=True
                        )
            else:
                yield RailsDatabase(key.text, "primary", file.settings(node), file.place(inside(key)))
        elif isinstance(node, Scalar) and node.tag != "null":
            url = RailsSetting(file.value("url", node), file.place(inside(node)))
            yield RailsDatabase(key.text, "primary", {"url": url}, file.place(inside(key)))
