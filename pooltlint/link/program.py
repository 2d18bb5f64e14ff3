"""All code files as one program: which file a specifier names, and what a module offers under a name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pooltlint.link import More
from pooltlint.model.demand import Demand
from pooltlint.model.facts import Manifest, TypeScriptConfig
from pooltlint.outline.names import Scopes, scopes
from pooltlint.outline.nodes import Export, Module

_SUFFIXES = (".ts", ".tsx", ".mts", ".cts", ".d.ts", ".js", ".mjs", ".cjs", ".jsx")
_WRITTEN = {
    ".js": (".ts", ".tsx", ".js", ".jsx"),
    ".mjs": (".mts", ".mjs"),
    ".cjs": (".cts", ".cjs"),
    ".jsx": (".tsx", ".jsx"),
}
_DENO = re.compile(r"^(?:npm:|jsr:)?/?((?:@[^/@]+/)?[^/@]+)(?:@[^/]*)?(/.*)?$")
_URL = re.compile(
    r"^https?://(?:esm\.sh|cdn\.skypack\.dev|cdn\.jsdelivr\.net/npm|unpkg\.com)/((?:@[^/@]+/)?[^/@?]+)(?:@[^/?]*)?(/[^?]*)?"
)
_DENO_LAND = re.compile(r"^https?://(deno\.land/x/[^/@]+)(?:@[^/]+)?/")


@dataclass(slots=True)
class Program:
    """The parsed modules, and the paths of all code files whether parsed or not."""

    files: frozenset[str]
    manifests: tuple[Manifest, ...] = ()
    configs: tuple[TypeScriptConfig, ...] = ()
    more: More | None = None
    modules: dict[str, Scopes] = field(default_factory=dict)
    _resolved: dict[tuple[str, str], str | None] = field(default_factory=dict)
    _python: dict[str, list[str]] | None = None
    _packages: dict[str, Manifest] | None = None
    _names: dict[str, str] | None = None
    _aliases: dict[str, list[str]] | None = None
    _config_at: dict[str, TypeScriptConfig] | None = None
    _loaders: dict[str, list[str]] | None = None
    _exports: dict[str, dict[str, Export]] = field(default_factory=dict)
    _offers: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)

    def add(self, modules: Iterable[Module]) -> None:
        """Take modules in; each is walked once."""
        self._loaders = None
        for module in modules:
            self.modules[module.path] = scopes(module)

    def exports(self, path: str) -> Mapping[str, Export]:
        """What a JavaScript module offers, by name (``*`` re-exports are not in it)."""
        found = self._exports.get(path)
        if found is None:
            found = {each.name: each for each in self.modules[path].module.exports if each.name != "*"}
            self._exports[path] = found
        return found

    def resolve(self, importer: str, specifier: str) -> str | None:
        """The file a specifier names, or ``None`` for a package of somebody else."""
        key = (posixpath.dirname(importer), specifier)
        if key not in self._resolved:
            python = importer.endswith((".py", ".pyi"))
            self._resolved[key] = (
                self._resolve_python(importer, specifier) if python else self._resolve_script(importer, specifier)
            )
        return self._resolved[key]

    def package(self, path: str) -> str:
        """The name of the npm package around a file, ``""`` for none that has one."""
        if self._names is None:
            self._names = {
                posixpath.dirname(each.path): each.name
                for each in self.manifests
                if each.ecosystem == "npm" and each.name and not each.lock
            }
        folder = posixpath.dirname(path)
        while folder not in self._names:
            if not folder:
                return ""
            folder = posixpath.dirname(folder)
        return self._names[folder]

    def exported_as(self, path: str, name: str) -> frozenset[str]:
        """The names under which a JavaScript module offers one of its own, ``default`` left out."""
        found = self._offers.get(path)
        if found is None:
            found = self._offers[path] = {}
            for each in self.modules[path].module.exports:
                if each.name != "default":
                    found[each.local] = found.get(each.local, frozenset()) | {each.name}
        return found.get(name, frozenset())

    def spellings(self, path: str) -> list[bytes]:
        """What a file must hold to import another: its stem; in JavaScript the end of a specifier, or its package."""
        stem = posixpath.splitext(posixpath.basename(path))[0]
        index = stem == "index"
        if stem in ("index", "__init__"):
            stem = posixpath.basename(posixpath.dirname(path)) or stem
        if path.endswith(".py"):
            return [stem.encode()]
        stems = dict.fromkeys((stem, "index") if index else (stem,))
        ends = [f"/{each}{suffix}" for each in stems for suffix in ("", ".js", ".ts")]
        if index:
            ends += ["'.", '".', "'..", '"..', "/.."]
        if self._aliases is None:
            self._aliases = {}
            for manifest in self.manifests:
                for key, target in manifest.entries.items():
                    if key.startswith("#"):
                        self._aliases.setdefault(posixpath.splitext(posixpath.basename(target))[0], []).append(key)
        package = self.package(path)
        found = [f"{quote}{alias}{quote}".encode() for alias in self._aliases.get(stem, ()) for quote in "'\""]
        found += [f"{end}{quote}".encode() for end in ends for quote in "'\""]
        return found + [f"{quote}{package}{end}".encode() for quote in "'\"" for end in (quote, "/") if package]

    def importers(self, path: str) -> Iterator[str]:
        """The code files that import a file for more than its types: parsed ones first, then all, looked at one by one."""
        if self._loaders is None:
            self._loaders = {}
            for other, view in self.modules.items():
                specifiers = {each.module for each in view.module.imports if not each.type_only}
                specifiers.update(each.module for each in view.module.exports if each.module)
                for target in {self.resolve(other, each) for each in specifiers} - {None, other}:
                    self._loaders.setdefault(target or "", []).append(other)
        yield from self._loaders.get(path, ())
        if self.more is not None:
            demands = [Demand((each,), path) for each in self.spellings(path)]
            yield from (each for each in self.more.fitting(demands, self.resolve) if each != path)

    # --- Python ---

    def _resolve_python(self, importer: str, specifier: str) -> str | None:
        folder = posixpath.dirname(importer)
        if specifier.startswith("."):
            rest = specifier.lstrip(".")
            for _ in range(len(specifier) - len(rest) - 1):
                folder = posixpath.dirname(folder)
            return self._python_file(posixpath.join(folder, rest.replace(".", "/")) if rest else folder)
        tail = specifier.replace(".", "/")
        here = folder
        while True:  # the nearest folder upwards that holds the package is the root it is imported from
            found = self._python_file(posixpath.join(here, tail))
            if found and not (here == folder and "." not in specifier and self._shadows(specifier)):
                return found
            if not here:
                break
            here = posixpath.dirname(here)
        if self._python is None:
            self._python = {}
            for path in sorted(self.files):
                if path.endswith(".py"):
                    stem = path[: -len("/__init__.py")] if path.endswith("/__init__.py") else path[:-3]
                    self._python.setdefault(stem.rsplit("/", 1)[-1], []).append(path)
        last = tail.rsplit("/", 1)[-1]
        if "/" not in tail:
            return None  # a single word found nowhere upwards is a package of somebody else
        matches = [
            path for path in self._python.get(last, ()) if f"/{path}".endswith((f"/{tail}.py", f"/{tail}/__init__.py"))
        ]
        return max(matches, key=lambda path: (len(posixpath.commonprefix([path, importer])), -len(path)), default=None)

    def _python_file(self, stem: str) -> str | None:
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in self.files:
                return path
        return None

    @staticmethod
    def _shadows(name: str) -> bool:
        return name in (
            "redis",
            "celery",
            "psycopg2",
            "psycopg",
            "asyncpg",
            "sqlalchemy",
            "django",
            "logging",
            "typing",
        )

    # --- JavaScript and TypeScript ---

    def _resolve_script(self, importer: str, specifier: str) -> str | None:
        folder = posixpath.dirname(importer)
        if specifier.startswith((".", "/")):
            return self._script_file(
                posixpath.normpath(
                    posixpath.join(folder, specifier.lstrip("/") if specifier.startswith("/") else specifier)
                )
            )
        config = self._config(folder)
        if config:
            found = self._through_config(config, specifier, set())
            if found:
                return found
        if specifier.startswith("#"):
            found = self._through_imports(folder, specifier)
            if found:
                return found
        for alias in ("~/", "@/", "~~/", "$lib/", "#/"):
            if specifier.startswith(alias):
                return self._through_alias(folder, specifier[len(alias) :], "src/lib" if alias == "$lib/" else "")
        return self._through_workspace(specifier)

    def _script_file(self, stem: str) -> str | None:
        stem = "" if stem == "." else stem
        if stem in self.files:
            return stem
        base, suffix = posixpath.splitext(stem)
        for other in _WRITTEN.get(suffix, ()):
            if base + other in self.files:
                return base + other
        for each in _SUFFIXES:
            if stem + each in self.files:
                return stem + each
        for each in _SUFFIXES:
            path = posixpath.join(stem, "index" + each)
            if path in self.files:
                return path
        return None

    def _config(self, folder: str) -> TypeScriptConfig | None:
        if self._config_at is None:
            self._config_at = {}
            for config in self.configs:
                at = posixpath.dirname(config.path)
                known = self._config_at.get(at)
                if known is None or posixpath.basename(config.path) == "tsconfig.json":
                    self._config_at[at] = config
        while True:
            found = self._config_at.get(folder)
            if found or not folder:
                return found
            folder = posixpath.dirname(folder)

    def _through_config(self, config: TypeScriptConfig, specifier: str, seen: set[str]) -> str | None:
        if config.path in seen:
            return None
        seen.add(config.path)
        folder = posixpath.dirname(config.path)
        base = posixpath.normpath(posixpath.join(folder, config.base_url)) if config.base_url else folder
        for pattern, targets in config.paths.items():
            head, star, tail = pattern.partition("*")
            if (star and specifier.startswith(head) and specifier.endswith(tail)) or (
                not star and specifier == pattern
            ):
                middle = specifier[len(head) : len(specifier) - len(tail)] if star else ""
                for target in targets:
                    found = self._script_file(posixpath.normpath(posixpath.join(base, target.replace("*", middle))))
                    if found:
                        return found
        if config.base_url:
            found = self._script_file(posixpath.normpath(posixpath.join(base, specifier)))
            if found:
                return found
        for parent in config.extends:
            if parent.startswith("."):
                path = posixpath.normpath(posixpath.join(folder, parent))
                other = next((each for each in self.configs if each.path in (path, path + ".json")), None)
                if other:
                    found = self._through_config(other, specifier, seen)
                    if found:
                        return found
        return None

    def _through_alias(self, folder: str, rest: str, extra: str) -> str | None:
        """Aliases that frameworks set without a tsconfig of the repository's own (Nuxt, SvelteKit, Remix)."""
        while True:
            for root in ("", "src", "app", "server", extra):
                found = self._script_file(posixpath.normpath(posixpath.join(folder, root, rest)))
                if found:
                    return found
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _through_imports(self, folder: str, specifier: str) -> str | None:
        """``#db``, by the ``imports`` of the package around (Node.js documentation, "Subpath imports")."""
        while True:
            for each in self.manifests:
                if each.ecosystem == "npm" and not each.lock and posixpath.dirname(each.path) == folder:
                    target = each.entries.get(specifier)
                    return self._built(folder, target) if target else None
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _through_workspace(self, specifier: str) -> str | None:
        if self._packages is None:
            self._packages = {
                each.name: each for each in self.manifests if each.ecosystem == "npm" and each.name and not each.lock
            }
        parts = specifier.split("/")
        name = "/".join(parts[:2]) if specifier.startswith("@") else parts[0]
        manifest = self._packages.get(name)
        if manifest is None:
            return None
        folder = posixpath.dirname(manifest.path)
        rest = specifier[len(name) + 1 :]
        subpath = f"./{rest}" if rest else "."
        for key in (subpath, "main", "module") if not rest else (subpath,):
            target = manifest.entries.get(key)
            if target:
                found = self._built(folder, target)
                if found:
                    return found
        for pattern, target in manifest.entries.items():
            head, star, tail = pattern.partition("*")
            if star and subpath.startswith(head) and subpath.endswith(tail):
                found = self._built(folder, target.replace("*", subpath[len(head) : len(subpath) - len(tail)]))
                if found:
                    return found
        for stem in (rest, f"src/{rest}") if rest else ("src/index", "index", "src", "lib/index"):
            found = self._script_file(posixpath.normpath(posixpath.join(folder, stem)))
            if found:
                return found
        return None

    def _built(self, folder: str, target: str) -> str | None:
        """The source behind an entry: what stands in ``dist`` is built from ``src``."""
        path = posixpath.normpath(posixpath.join(folder, target))
        found = self._script_file(path)
        if found:
            return found
        for built in ("dist/esm/", "dist/cjs/", "dist/", "build/", "lib/", "out/"):
            inside = posixpath.normpath(target).removeprefix("./")
            if inside.startswith(built):
                stem = re.sub(r"(\.d)?\.[cm]?[jt]sx?$", "", inside[len(built) :])
                for root in ("src", ""):
                    found = self._script_file(posixpath.normpath(posixpath.join(folder, root, stem)))
                    if found:
                        return found
        return None


def package_of(specifier: str) -> str:
    """A specifier as the registries know it: Deno's ``npm:pg@8`` and CDN addresses are plain ``pg``."""
    if specifier.startswith("node:"):
        return specifier[5:]
    if specifier.startswith(("npm:", "jsr:")):
        found = _DENO.match(specifier)
        return f"{found[1]}{found[2] or ''}" if found else specifier
    if specifier.startswith("http"):
        found = _URL.match(specifier)
        if found:
            return f"{found[1]}{found[2] or ''}".removesuffix(".js")
        found = _DENO_LAND.match(specifier)
        return found[1] if found else specifier
    return specifier
