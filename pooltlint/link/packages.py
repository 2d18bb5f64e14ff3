"""Manifests and lock files: which version of a package holds for a file, and what each deployable is made of."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pooltlint.frameworks import frameworks
from pooltlint.model.facts import CommandFile, Dependency, DeploymentFile, Facts, Manifest, Script, Work
from pooltlint.model.finding import Note
from pooltlint.model.topology import Deployable
from pooltlint.model.truth import Truth

if TYPE_CHECKING:
    from packaging.version import Version

_WORKERS = "Cloudflare Workers"
"""The platform that is a framework, too: it says what a handler is given and what outlives it."""


class Packages:
    """Answers questions about packages for a place in the tree: the nearest manifest upwards that names one decides."""

    def __init__(self, facts: Iterable[Facts], platforms: Mapping[str, str]) -> None:
        self.manifests = tuple(each for each in facts if isinstance(each, Manifest))
        self.platforms = platforms
        self._wanted: dict[tuple[str, str], list[Dependency]] = {}
        self._locked: dict[tuple[str, str], list[Dependency]] = {}
        self._folders: set[str] = set()
        self.depends: dict[str, frozenset[str]] = {}
        self.scripts: list[Script] = []
        collected: dict[str, set[str]] = {}
        for manifest in self.manifests:
            folder = posixpath.dirname(manifest.path)
            if not manifest.lock and manifest.dependencies:
                self._folders.add(folder)
            for dependency in manifest.dependencies:
                table = self._locked if manifest.lock else self._wanted
                table.setdefault((folder, dependency.alias or dependency.name), []).append(dependency)
                if not manifest.lock:
                    collected.setdefault(folder, set()).add(dependency.name)
            self.scripts.extend(manifest.scripts)
        self.depends = {folder: frozenset(names) for folder, names in collected.items()}
        for each in facts:
            if isinstance(each, CommandFile):
                self.scripts.extend(each.scripts)
            elif isinstance(each, DeploymentFile):
                self.scripts.extend(service.command for service in each.services if service.command is not None)
                self.scripts.extend(each.scripts)
        self._functions = [(each.path, one) for each in facts if isinstance(each, DeploymentFile) and each.path not in platforms for one in each.services if one.kind is Work.FUNCTION]  # fmt: skip
        self._deployables: dict[str, Deployable | None] = {}

    def version(self, path: str, package: str) -> tuple[str, tuple[Note, ...]]:
        """The version of a package that holds for a file, with where it is said.

        A lock file's exact version wins; where a lock names several, the one that lies in the manifest's range.
        Without a lock: the lowest version that the manifest's range allows. ``""`` when nothing is said.
        """
        from pooltlint.model.versions import span

        wanted = self._nearest(self._wanted, path, package)
        locked = self._nearest(self._locked, path, package)
        ranged = span(wanted[0].wanted, wanted[0].ecosystem) if wanted and wanted[0].wanted else (None, None)
        if locked:
            best = self._installed(locked, path, ranged)
            return best.locked, (Note(f"{package} is locked to {best.locked}", best.at),)
        low = ranged[0]
        if low is not None:
            exact = wanted[0].wanted.lstrip("=v ") == str(low)
            return str(low), (
                Note(f"{package} is {low}" if exact else f"{package} {wanted[0].wanted} allows {low}", wanted[0].at),
            )
        return "", ()

    def at_least(self, path: str, package: str, release: str) -> Truth:
        """Is the version that holds for a file ``release`` or newer: unknown when the manifest's range has both kinds and no lock decides."""
        from pooltlint.model.versions import span, version

        least = version(release)
        locked = self._nearest(self._locked, path, package)
        wanted = self._nearest(self._wanted, path, package)
        low, high = span(wanted[0].wanted, wanted[0].ecosystem) if wanted and wanted[0].wanted else (None, None)
        if least is None or not (locked or wanted):
            return Truth.UNKNOWN
        if locked:
            found = version(self._installed(locked, path, (low, high)).locked)
            return Truth.of(None if found is None else found >= least)
        if low is not None and low >= least:
            return Truth.YES
        return Truth.NO if high is not None and high <= least else Truth.UNKNOWN

    @staticmethod
    def _installed(locked: list[Dependency], path: str, ranged: tuple[Version | None, Version | None]) -> Dependency:
        """Which of a lock file's entries for one package a file gets: its own workspace's, else the common one, else one in range."""
        if len(locked) == 1:
            return locked[0]
        from pooltlint.model.versions import version

        root = posixpath.dirname(locked[0].at.path)
        inside = posixpath.relpath(posixpath.dirname(path) or ".", root or ".")

        def fit(each: Dependency) -> tuple[bool, int, bool]:
            low, high = ranged
            found = version(each.locked)
            in_range = found is not None and (low is None or found >= low) and (high is None or found < high)
            own = each.within not in ("", ".") and (inside == each.within or inside.startswith(each.within + "/"))
            return (
                in_range,
                2 if own else 1 if each.within in ("", ".") else 0,
                not each.within.startswith("node_modules"),
            )

        return max(locked, key=fit)

    def has(self, path: str, package: str) -> Dependency | None:
        """The nearest manifest entry for a package as seen from a file."""
        found = self._nearest(self._wanted, path, package)
        return found[0] if found else None

    @staticmethod
    def _nearest(table: Mapping[tuple[str, str], list[Dependency]], path: str, package: str) -> list[Dependency]:
        folder = posixpath.dirname(path)
        while True:
            found = table.get((folder, package))
            if found:
                return found
            if not folder:
                return []
            folder = posixpath.dirname(folder)

    def reached(self, folder: str) -> set[str]:
        """The folders of the packages of this repository that the package of a folder depends on, directly or not."""
        by_name = {each.name: posixpath.dirname(each.path) for each in self.manifests if each.name and not each.lock}
        seen: set[str] = set()
        waiting = [folder]
        while waiting:
            names = self.depends.get(waiting.pop(), frozenset())
            fresh = {by_name[name] for name in names if name in by_name} - seen
            seen |= fresh
            waiting.extend(sorted(fresh))
        return seen

    def deployable(self, path: str) -> Deployable | None:
        """The package around a file: the nearest folder upwards with a manifest that names dependencies."""
        folder = posixpath.dirname(path)
        while folder not in self._folders:
            if not folder:
                return None
            folder = posixpath.dirname(folder)
        if folder not in self._deployables:
            self._deployables[folder] = self._describe(folder)
        return self._deployables[folder]

    def _describe(self, folder: str) -> Deployable:
        name = next(
            (
                each.name
                for each in self.manifests
                if posixpath.dirname(each.path) == folder and each.name and not each.lock
            ),
            "",
        )
        names: list[str] = []
        serverless: list[Note] = []
        hot: list[Note] = []
        for framework in frameworks():
            for package in framework.packages:
                found = self._wanted.get((folder, package))
                if found:
                    if framework.name not in names:
                        names.append(framework.name)
                    if framework.hot_reload:
                        hot.append(Note(f"{framework.name} reloads modules in development", found[0].at))
                    if framework.serverless:
                        serverless.append(Note(f"{framework.name} runs as functions", found[0].at))
                    break
        for file, platform in sorted(self.platforms.items()):
            where = posixpath.dirname(file)
            if where == folder or (folder.startswith(where + "/") if where else folder == ""):
                serverless.append(Note(f"{file} deploys to {platform}"))
                if platform == _WORKERS and platform not in names:
                    names.append(platform)
        for file, function in self._functions:
            home = posixpath.dirname(file)
            if folder in (home, posixpath.normpath(posixpath.join(home, function.folder))):
                serverless.append(Note(f"{file} runs {function.name} as a function", function.at))
                break
        return Deployable(folder, name, tuple(names), tuple(serverless), (), tuple(hot))
