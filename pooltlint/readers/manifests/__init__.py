"""Package manifests and lock files of npm, PyPI and RubyGems: which packages are there, and in which version."""

from __future__ import annotations

import re
from collections.abc import Callable

from pooltlint.model.facts import Manifest
from pooltlint.model.finding import Problem
from pooltlint.readers.manifests import gem, npm, pypi

MOST_BYTES = 20_000_000
"""Larger lock files are not read."""

MOST_BYTES_BY_HAND = 1_000_000
"""Larger manifests are not read: people write them."""

_READERS: dict[str, tuple[str, Callable[[str, bytes], Manifest]]] = {
    "package.json": ("npm", npm.read_package_json),
    "pnpm-workspace.yaml": ("npm", npm.read_pnpm_workspace),
    "pyproject.toml": ("pypi", pypi.read_pyproject),
    "setup.cfg": ("pypi", pypi.read_setup_cfg),
    "Pipfile": ("pypi", pypi.read_pipfile),
    "Gemfile": ("gem", gem.read_gemfile),
    "gems.rb": ("gem", gem.read_gemfile),
}
_LOCKS: dict[str, tuple[str, Callable[[str, bytes, frozenset[str] | None], Manifest]]] = {
    "package-lock.json": ("npm", npm.read_package_lock),
    "npm-shrinkwrap.json": ("npm", npm.read_package_lock),
    "pnpm-lock.yaml": ("npm", npm.read_pnpm_lock),
    "yarn.lock": ("npm", npm.read_yarn_lock),
    "bun.lock": ("npm", npm.read_bun_lock),
    "poetry.lock": ("pypi", pypi.read_toml_lock),
    "uv.lock": ("pypi", pypi.read_toml_lock),
    "pdm.lock": ("pypi", pypi.read_toml_lock),
    "Pipfile.lock": ("pypi", pypi.read_pipfile_lock),
    "Gemfile.lock": ("gem", gem.read_gemfile_lock),
    "gems.locked": ("gem", gem.read_gemfile_lock),
}
_REQUIREMENTS = re.compile(r"(?i)(?:.*[-_.])?(?:requirements|constraints)(?:[-_.].*)?\.(?:txt|in)\Z")


def read(path: str, data: bytes, known: frozenset[str] | None = None) -> Manifest:
    """What a manifest or lock file says, by its file name.

    Manifests give every direct dependency, lock files only packages whose (normalised) name is in
    ``known``, all of them when it is ``None``. A file name that no reader knows, a lock file beyond
    :data:`MOST_BYTES` or a manifest beyond :data:`MOST_BYTES_BY_HAND` gives one with a problem. Never raises.
    """
    *folders, name = path.split("/")
    lock = name in _LOCKS
    most = MOST_BYTES if lock else MOST_BYTES_BY_HAND
    ecosystem = (_LOCKS.get(name) or _READERS.get(name) or ("",))[0]
    if len(data) > most:
        return Manifest(path, ecosystem, lock=lock, problems=(Problem(path, 0, f"not read: larger than {most} bytes"),))
    if lock:
        return _LOCKS[name][1](path, data, known)
    if name in _READERS:
        return _READERS[name][1](path, data)
    if _REQUIREMENTS.match(name) or (name.endswith((".txt", ".in")) and folders[-1:] in (["requirements"], ["reqs"])):
        return pypi.read_requirements(path, data)
    return Manifest(path, "", problems=(Problem(path, 0, "not read: no manifest of a known kind"),))
