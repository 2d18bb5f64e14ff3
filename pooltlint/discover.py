"""Which files of the tree are read, and which reader reads which."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import join

from msgspec import Struct, field

from pooltlint.gitignore import Patterns
from pooltlint.model.finding import Problem
from pooltlint.usage import UsageError

CODE = frozenset({"python", "ecmascript"})
"""Readers of programs: their files are parsed only when they hold a word that asks for it."""

_NAMES = {
    "pgbouncer": "pgbouncer.ini databases.ini",
    "manifests": """
        package.json package-lock.json npm-shrinkwrap.json pnpm-lock.yaml pnpm-workspace.yaml yarn.lock bun.lock
        pyproject.toml poetry.lock uv.lock pdm.lock Pipfile Pipfile.lock setup.cfg
        Gemfile Gemfile.lock gems.rb gems.locked""",
    "tsconfig": "tsconfig.json jsconfig.json",
    "userlist": "userlist.txt",
    "puma": "puma.rb",
    "uwsgi": "uwsgi.ini",
    "commands": """
        Dockerfile Containerfile Procfile .gitlab-ci.yml .gitlab-ci.yaml bitbucket-pipelines.yml
        azure-pipelines.yml .travis.yml cloudbuild.yaml cloudbuild.yml appveyor.yml""",
    "postgresql": "postgresql.conf postgresql.auto.conf pgpool.conf",
    "odyssey": "odyssey.conf",
    "pgcat": "pgcat.toml",
    "pgdog": "pgdog.toml",
    "render": "render.yaml render.yml",
    "railway": "railway.json railway.toml",
    "heroku": "app.json",
    "vercel": "vercel.json",
    "netlify": "netlify.toml",
    "serverless": "serverless.yml serverless.yaml",
    "cloudformation": "template.json",
    "wrangler": "wrangler.toml wrangler.json wrangler.jsonc",
    "alembic": "alembic.ini",
    "flyway": "flyway.conf flyway.toml",
    "pm2": "ecosystem.config.js ecosystem.config.cjs ecosystem.config.json ecosystem.json pm2.config.js pm2.config.cjs pm2.json",
}
"""Files told by their whole name."""

_SUFFIXES = {
    "python": "py pyi",
    "ecmascript": "ts tsx mts cts js jsx mjs cjs",
    "prisma": "prisma",
    "dotenv": "env",
    "pgbouncer": "ini",
    "commands": "sh bash dockerfile",
    "kubernetes": "yaml yml",
    "systemd": "service",
    "terraform": "tf",
    "sql": "sql",
}
"""Files told by what follows the last dot."""

_PATTERNS = {
    "dotenv": r"""
        \.env
        | \.env[._-](?!(?:vault|keys|me|age|gpg|asc|enc|encrypted|lock)$
                       |(?:.*\.)?(?:[jt]sx?|py|rb|sh|md|json|ya?ml|hbs|ejs|mustache)$).*
        | env\.(?:example|sample|template|dist|local|production|development|test|staging)
        | .*\.env\.(?:example|sample|template|dist)""",
    "pgbouncer": r".*\.ini\.(?:j2|jinja2?|tmpl|tpl|template|erb|example|sample|dist|in)",
    "manifests": r"(?i:(?:.*[-_.])?(?:requirements|constraints)(?:[-_.].*)?\.(?:txt|in))",
    "tsconfig": r"[jt]sconfig(?:[.-].+)?\.json",
    "compose": r"(?:.+[.-])?(?:docker-)?compose(?:[._-].+)?\.ya?ml",
    "spring": r"application(?:-[\w-]+)?\.(?:properties|ya?ml)",
    "commands": r"(?:Dockerfile|Containerfile|Procfile)[.-](?!(?:.*\.)?(?:md|txt|[jt]s|py)$).+",
    "helm": r"(?:.+[.-])?values(?:[._-].+)?\.ya?ml",
    "postgresql": r"""
        (?:[\w.-]+[._-])?(?:postgres(?:ql)?|pgpool)(?:[._-][\w-]+)*\.conf
        (?:\.(?:j2|jinja2?|tmpl|tpl|template|erb|example|sample|dist|in))?""",
    "odyssey": r"(?:[\w.-]+[._-])?odyssey(?:[._-][\w-]+)*\.conf(?:\.(?:j2|tmpl|tpl|template|erb|example|sample|dist|in))?",
    "pgcat": r"(?:[\w.-]+[._-])?pgcat(?:[._-][\w-]+)*\.toml(?:\.(?:j2|tmpl|tpl|template|erb|example|sample|dist|in))?",
    "supervisor": r"(?:.+[._-])?supervisord?(?:[._-].+)?\.conf",
    "fly": r"fly(?:[._-][\w.-]+)?\.toml",
    "cloudformation": r".+\.(?:template|cfn|cloudformation)\.json|(?:.+[-_])?cloudformation(?:[-_].+)?\.json",
    "pgdog": r"(?:[\w.-]+[._-])?pgdog(?:[._-][\w-]+)*\.toml(?:\.(?:j2|tmpl|tpl|template|erb|example|sample|dist|in))?",
}
"""Files told by a regular expression for the whole name."""

_PATHS = {
    "rails_database": r"(?:.*/)?config/database(?:[._-][^/]+)?\.ya?ml(?:\.(?:erb|example|sample|dist|template|tmpl))?",
    "manifests": r"(?:.*/)?(?:requirements|reqs)/[^/]+\.(?:txt|in)",
    "ruby_queues": r"(?:.*/)?config/(?:sidekiq|queue|solid_queue)(?:[._-][^/]+)?\.ya?ml(?:\.erb)?",
    "commands": r"(?:.*/)?\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml|(?:.*/)?\.circleci/config\.ya?ml"
    r"|(?:.*/)?\.github/actions/(?:.*/)?action\.ya?ml",
    "ecto": r"(?:.*/)?config/(?:config|dev|test|prod|runtime|releases)\.exs",
    "laravel": r"(?:.*/)?config/database\.php",
    "supervisor": r"(?:.*/)?supervisord?/(?:.*/)?[^/]+\.conf",
    "supabase": r"(?:.*/)?supabase/config\.toml",
    "postgresql": r"(?:.*/)?(?:postgres(?:ql)?|pg)/(?:.*/)?conf\.d/[^/]+\.conf",
}
"""Files told by a regular expression for the path."""

_PLATFORMS = {
    "vercel.json": "Vercel",
    "netlify.toml": "Netlify",
    "wrangler.toml": "Cloudflare Workers",
    "wrangler.json": "Cloudflare Workers",
    "wrangler.jsonc": "Cloudflare Workers",
    "serverless.yml": "the Serverless Framework",
    "serverless.yaml": "the Serverless Framework",
    "samconfig.toml": "AWS Lambda",
}
"""Files that say by being there that their folder runs as functions, and where."""

_BY_NAME = {name: reader for reader, names in _NAMES.items() for name in names.split()}
_BY_SUFFIX = {suffix: reader for reader, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_BY_PATTERN = [(reader, re.compile(pattern, re.VERBOSE).fullmatch) for reader, pattern in _PATTERNS.items()]
_BY_PATH = [(reader, re.compile(pattern).fullmatch) for reader, pattern in _PATHS.items()]
_HINT = re.compile(
    r"env|compose|\.ini\.|config|requirements|constraints|Dockerfile|Containerfile|Procfile|application|values"
    r"|(?:postgres|pgpool|odyssey).*\.conf|(?:pgcat|pgdog).*\.toml|^fly\b|supervisor|template|cfn|cloudformation",
    re.IGNORECASE,
).search
_PATH_SUFFIXES = (".yml", ".yaml", ".erb", ".example", ".sample", ".dist", ".template", ".tmpl", ".txt", ".in",
                  ".toml", ".conf", ".exs", ".php")  # fmt: skip

_PRUNED_NAMES = """
    node_modules bower_components jspm_packages site-packages __pypackages__ _vendor third_party third-party
    .git .hg .svn __pycache__ .venv venv .tox .nox .eggs .mypy_cache .ruff_cache .pytest_cache .hypothesis .pixi
    .next .nuxt .output .svelte-kit .angular .astro .turbo .vercel .netlify .serverless .sst .open-next .wrangler
    .cache .parcel-cache .yarn .pnpm-store .terraform .aws-sam cdk.out .gradle .idea .vscode-test .nyc_output
    storybook-static .ipynb_checkpoints .direnv .bundle
"""
_PRUNED = frozenset(_PRUNED_NAMES.split())
"""Folders that never hold a project's own sources."""

_VENDORED = {
    "vendor": frozenset({"go.mod", "composer.json", "Gemfile", ".git"}),
    "env": frozenset(),
    "build": frozenset({"package.json", "pyproject.toml", "setup.py", "build.gradle", "build.gradle.kts"}),
    "dist": frozenset({"package.json", "pyproject.toml", "setup.py"}),
    "out": frozenset({"package.json", "tsconfig.json"}),
    "target": frozenset({"Cargo.toml", "pom.xml"}),
    "coverage": frozenset({"package.json", "pyproject.toml"}),
}
"""Folders that are vendored or generated when they stand beside one of these. In a git work tree only
``vendor`` and ``target`` are judged by this: of the others ``.gitignore`` knows better."""

_OWN = frozenset({"package.json", "pyproject.toml", "Pipfile", "requirements.txt"})
_MARKERS = frozenset().union(*_VENDORED.values())
SETTINGS_FILES = ("pooltlint.toml", "pyproject.toml")


class Candidate(Struct, frozen=True, order=True):
    """One file to read: its path relative to the root, and its reader. ``data`` when it comes from standard input."""

    path: str
    reader: str
    data: bytes | None = None


class Found(Struct, frozen=True):
    """What discovery found. ``whole``: the paths cover the whole root, so nothing was left unseen by choice.

    ``platforms``: by path, the platform of a file that says by its name that its folder runs as functions.
    """

    root: str
    files: tuple[Candidate, ...]
    problems: tuple[Problem, ...] = ()
    whole: bool = True
    platforms: dict[str, str] = field(default_factory=dict)


def reader_of(path: str) -> str | None:
    """The reader for a path (relative, ``/``-separated), or ``None`` for a file that says nothing to us."""
    name = path[path.rfind("/") + 1 :]
    dot = name.rfind(".")
    reader = _BY_SUFFIX.get(name[dot + 1 :].lower()) if dot >= 0 else None
    if reader in CODE:
        return _BY_NAME.get(name, reader)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if _HINT(name):
        for found, matches in _BY_PATTERN:
            if matches(name):
                return found
    if name.endswith(_PATH_SUFFIXES):
        for found, matches in _BY_PATH:
            if matches(path):
                return found
    return reader


def root_of(paths: Sequence[str], current: str) -> str:
    """The audited folder: the nearest one upwards of all paths with ``.git`` or pooltlint settings.

    Without any, it is the paths' common folder.
    Raises :class:`UsageError` for a path that does not exist.
    """
    starts = []
    for path in paths:
        whole = os.path.normpath(os.path.join(current, path))
        if not os.path.exists(whole):
            raise UsageError(
                f"there is no file or folder {path!r}: give paths that exist, or none for the current folder."
            )
        starts.append(whole if os.path.isdir(whole) else os.path.dirname(whole))
    try:
        common = os.path.commonpath(starts or [current])
    except ValueError:
        raise UsageError("the paths are on different drives: run pooltlint once for each.") from None
    folder = common
    while True:
        if os.path.exists(os.path.join(folder, ".git")) or has_settings(folder):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return common
        folder = parent


def has_settings(folder: str) -> str:
    """The settings file of this very folder, or ``""``; a ``pyproject.toml`` counts only with ``[tool.pooltlint…]``."""
    for name in SETTINGS_FILES:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            if name == "pooltlint.toml":
                return path
            try:
                with open(path, "rb") as file:
                    if re.search(rb"(?m)^[ \t]*\[+[ \t]*tool[ \t]*\.[ \t]*pooltlint[ \t]*[\].]", file.read(5_000_000)):
                        return path
            except OSError:
                continue
    return ""


def discover(
    paths: Sequence[str],
    *,
    root: str,
    current: str,
    exclude: Iterable[str] = (),
    force_exclude: bool = False,
    given: Mapping[str, bytes] | None = None,
) -> Found:
    """The files below ``paths`` that some reader reads, ordered by path.

    ``.gitignore`` files from the top of the work tree downwards and ``.git/info/exclude`` are obeyed
    (inside and outside of git), except that ignored ``.env*`` files are read. A file that is named
    itself is read whatever is ignored or excluded, unless ``force_exclude``. Folders that are links
    are not entered; a link to a file counts only for configuration and when it stays in the root.
    ``given``: bytes by relative path that take a file's place. Raises :class:`UsageError` for a path
    outside of the root.
    """
    given = given or {}
    excluded = Patterns(exclude)
    found: dict[str, str | None] = {}
    problems: list[Problem] = []
    in_git = _top(root) is not None
    whole = False
    for path in paths or [root]:
        absolute = os.path.normpath(os.path.join(current, path))
        relative = os.path.relpath(absolute, root).replace(os.sep, "/")
        if relative.startswith("../") or relative == "..":
            raise UsageError(f"{path!r} is not below {root!r}: run pooltlint there.")
        relative = "" if relative == "." else relative
        whole = whole or not relative
        chain = list(_ignores_above(root, relative))
        if os.path.isdir(absolute):
            if not force_exclude or not (
                excluded.covers(relative, folder=True) or _ignored(chain, relative, folder=True)
            ):
                found.update(_walk(root, relative, chain, excluded, in_git, problems))
        elif force_exclude and (excluded.covers(relative) or _ignored(chain, relative) or _pruned_path(relative)):
            continue
        elif stat.S_ISREG(os.stat(absolute).st_mode):
            found[relative] = reader_of(relative)
    found.update((path, reader_of(path)) for path in given if not (force_exclude and excluded.covers(path)))
    files = tuple(Candidate(path, reader, given.get(path)) for path, reader in sorted(found.items()) if reader)
    names = {path: path.rpartition("/")[2] for path in sorted(found)}
    platforms = {path: _PLATFORMS[name] for path, name in names.items() if name in _PLATFORMS}
    return Found(root, files, tuple(sorted(problems)), whole, platforms)


class _Ignore(Struct, frozen=True):
    """One ignore file. To ask it about a path (relative to the root): drop ``cut`` characters, put ``lead`` before."""

    patterns: Patterns
    cut: int = 0
    lead: str = ""


_Ignores = list[_Ignore]


def _walk(
    root: str, start: str, above: _Ignores, excluded: Patterns, in_git: bool, problems: list[Problem]
) -> Iterator[tuple[str, str | None]]:
    """Files below one folder with their readers, in no particular order."""
    stack = [(start, above)]
    while stack:
        folder, ignores = stack.pop()
        try:
            with os.scandir(join(root, folder)) as listing:
                entries = list(listing)
        except OSError as error:
            problems.append(Problem(folder or ".", 0, f"not read: {error.strerror or 'folder cannot be opened'}"))
            continue
        prefix = f"{folder}/" if folder else ""
        marks = set()
        for entry in entries:
            name = entry.name
            if name in _MARKERS:
                marks.add(name)
            elif name == ".gitignore":
                patterns = _patterns(entry.path)
                if patterns:
                    ignores = [*ignores, _Ignore(patterns, len(prefix))]
            elif name == "pyvenv.cfg" and folder != start:
                entries = []
                break
        for entry in entries:
            name = entry.name
            path = prefix + name
            if entry.is_dir(follow_symlinks=False):
                if name in _PRUNED or (name in _VENDORED and _vendored(entry.path, name, marks, in_git)):
                    continue
                if (ignores and _refused(ignores, path, folder=True)) or (
                    excluded and excluded.verdict(path, folder=True)
                ):
                    continue
                stack.append((path, ignores))
                continue
            reader = reader_of(path)
            if reader is None and name not in _PLATFORMS:
                continue
            if ignores and reader != "dotenv" and _refused(ignores, path):
                continue
            if excluded and excluded.verdict(path):
                continue
            if entry.is_symlink():
                if reader in CODE or not _stays_inside(root, entry.path):
                    continue
            elif not entry.is_file(follow_symlinks=False):
                continue
            if not name.isascii() and _unspeakable(path):
                problems.append(
                    Problem(path.encode("utf-8", "replace").decode(), 0, "not read: its name is not valid UTF-8")
                )
                continue
            yield path, reader


def _refused(ignores: _Ignores, path: str, folder: bool = False) -> bool:
    """Do the ignore files refuse this very path? The innermost file that mentions it decides."""
    for each in reversed(ignores):
        verdict = each.patterns.verdict(each.lead + path[each.cut :], folder)
        if verdict is not None:
            return verdict
    return False


def _ignored(ignores: _Ignores, path: str, folder: bool = False) -> bool:
    """As :func:`_refused`, for a path whose parent folders have not been asked."""
    at = path.find("/")
    while at >= 0:
        if _refused([each for each in ignores if each.cut <= at], path[:at], folder=True):
            return True
        at = path.find("/", at + 1)
    return _refused(ignores, path, folder)


def _ignores_above(root: str, relative: str) -> Iterator[_Ignore]:
    """The ignore files that hold for a path, outermost first; that of the folder itself is left to the walk."""
    top = _top(root) or root
    above = os.path.relpath(root, top).replace(os.sep, "/")
    above = "" if above == "." else above + "/"
    parents = (above + relative).split("/")[:-1] if above + relative else []
    bases = ["".join(f"{each}/" for each in parents[:depth]) for depth in range(len(parents) + 1)]
    sources = [("", join(".git", "info", "exclude"))] + [
        (base, join(base, ".gitignore")) for base in bases if above + relative
    ]
    for base, source in sources:
        patterns = _patterns(join(top, source))
        if patterns:
            inside = len(base) > len(above)
            yield _Ignore(patterns, len(base) - len(above) if inside else 0, "" if inside else above[len(base) :])


def _patterns(path: str) -> Patterns:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return Patterns(())
        with open(path, "rb") as file:
            return Patterns(file.read(1_000_000).decode("utf-8", "replace").removeprefix("\ufeff").splitlines())
    except OSError:
        return Patterns(())


def _top(folder: str) -> str | None:
    """The work tree's top folder, or ``None`` outside of git."""
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def _vendored(path: str, name: str, marks: set[str], in_git: bool) -> bool:
    if name == "env":
        return os.path.exists(os.path.join(path, "pyvenv.cfg"))
    if in_git and name not in ("vendor", "target"):
        return False
    return bool(marks & _VENDORED[name]) and not any(os.path.exists(os.path.join(path, own)) for own in _OWN)


def _pruned_path(path: str) -> bool:
    return not _PRUNED.isdisjoint(path.split("/")[:-1])


def _stays_inside(root: str, path: str) -> bool:
    real, top = os.path.realpath(path), os.path.realpath(root)
    return os.path.isfile(real) and os.path.commonpath((real, top)) == top


def _unspeakable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return True
    return False
