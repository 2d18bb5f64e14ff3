"""Which files are found, and which reader they go to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pooltlint.discover import Found, discover, reader_of, root_of
from pooltlint.usage import UsageError

READERS = {
    "app/db.py": "python", "app/db.pyi": "python", "src/db.ts": "ecmascript", "src/db.mts": "ecmascript",
    "src/App.TSX": "ecmascript", "env.ts": "ecmascript", "compose.js": "ecmascript", "prisma/schema.prisma": "prisma",
    ".env": "dotenv", ".env.local": "dotenv", ".env.production.local": "dotenv", ".env.example": "dotenv",
    "prod.env": "dotenv", "env.example": "dotenv", ".env-sample": "dotenv", "docker/db.env.example": "dotenv",
    ".env.vault": None, ".env.keys": None, ".env.gpg": None, ".env.ts": "ecmascript", ".env.d.ts": "ecmascript",
    ".env.md": None, ".environment": None, "env": None, "environment.yml": "kubernetes", ".env.hbs": None,
    "config/database.yml": "rails_database", "apps/a/config/database.yml.example": "rails_database",
    "config/database.docker.yml": "rails_database", "config/databases.yml": "kubernetes", "database.yml": "kubernetes",
    "pgbouncer.ini": "pgbouncer", "etc/pgbouncer.ini.j2": "pgbouncer", "tox.ini": "pgbouncer",
    "package.json": "manifests", "apps/a/package.json": "manifests", "composer.json": None, "uv.lock": "manifests",
    "requirements.txt": "manifests", "requirements-dev.txt": "manifests", "requirements/base.in": "manifests",
    "dev-requirements.txt": "manifests", "constraints.txt": "manifests", "notes.txt": None, "Gemfile": "manifests",
    "tsconfig.json": "tsconfig", "tsconfig.base.json": "tsconfig", "jsconfig.json": "tsconfig",
    "docker-compose.yml": "compose", "docker-compose.prod.yaml": "compose", "compose.yaml": "compose",
    "compose-dev.yml": "compose", "local.docker-compose.yml": "compose", "decompose.yml": "kubernetes",
    "Dockerfile": "commands", "Dockerfile.prod": "commands", "web.dockerfile": "commands", "Dockerfile.md": None,
    "Procfile": "commands", "Procfile.dev": "commands", "start.sh": "commands", ".github/workflows/ci.yml": "commands",
    ".github/dependabot.yml": "kubernetes", ".gitlab-ci.yml": "commands", ".circleci/config.yml": "commands",
    "README.md": None, "a.sql": "sql", "data.json": None,
    "k8s/deployment.yaml": "kubernetes", "chart/values.yaml": "helm", "values-prod.yml": "helm",
    "postgresql.conf": "postgresql", "postgresql.prod.conf": "postgresql", "deploy/postgres.conf.j2": "postgresql",
    "postgres/conf.d/10-memory.conf": "postgresql", "nginx/conf.d/a.conf": None, "pgpool.conf.sample": "postgresql",
    "odyssey.conf": "odyssey", "docker/odyssey-dev.conf": "odyssey", "pgcat.toml": "pgcat", "pgcat.minimal.toml": "pgcat",
    "example.pgdog.toml": "pgdog", "supabase/config.toml": "supabase", "config.toml": None,
}  # fmt: skip


@pytest.mark.parametrize(("path", "reader"), READERS.items())
def test_reader_of(path: str, reader: str | None) -> None:
    assert reader_of(path) == reader


def tree(root: Path, *paths: str, **texts: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(texts.get(path, "x = 1\n"))
    return root


def found(root: Path, *paths: str, current: Path | None = None, **options: object) -> Found:
    return discover(list(paths), root=str(root), current=str(current or root), **options)  # type: ignore[arg-type]


def names(root: Path, *paths: str, **options: object) -> list[str]:
    return [each.path for each in found(root, *paths, **options).files]  # type: ignore[arg-type]


def test_generated_and_vendored_folders_are_left_out(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "node_modules/pg/index.js", ".venv/lib/x.py", "myenv/pyvenv.cfg", "myenv/lib/y.py",
         ".next/server.js", "x/__pycache__/a.py", "node_modules/.env",
         "package.json", "dist/a.js", "build/a.js")  # fmt: skip
    assert names(tmp_path) == ["a.py", "package.json"]


def test_folders_with_ambiguous_names_are_judged_by_their_surroundings(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    tree(tmp_path, "package.json", "src/build/a.ts", "build/b.ts", "out/c.ts", "target/d.py", "vendor/lib/e.js",
         "apps/vendor/package.json", "apps/vendor/f.ts", "apps/go.mod", "src/vendor/g.ts",
         "go/go.mod", "go/vendor/h.js", "env/i.py")  # fmt: skip
    assert [each for each in names(tmp_path) if not each.endswith("package.json")] == [
        "apps/vendor/f.ts", "build/b.ts", "env/i.py", "out/c.ts", "src/build/a.ts", "src/vendor/g.ts", "target/d.py",
    ]  # fmt: skip


def test_ignored_files_are_left_out_but_env_files_are_read(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "b.py", ".env", "apps/web/.env.local", "secret/.env", "gen/c.py")
    (tmp_path / ".gitignore").write_text("b.py\n.env*\nsecret/\n/gen/\n")
    assert names(tmp_path) == [".env", "a.py", "apps/web/.env.local"]


def test_info_exclude_and_ignore_files_above_the_root_count(tmp_path: Path) -> None:
    tree(tmp_path, "sub/a.py", "sub/b.py", "sub/c.py", "sub/deep/d.py", "sub/pooltlint.toml")
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("b.py\n")
    (tmp_path / ".gitignore").write_text("/sub/c.py\n/a.py\n/deep/\n")
    assert names(tmp_path / "sub") == ["a.py", "deep/d.py"]
    assert names(tmp_path, "sub") == ["sub/a.py", "sub/deep/d.py"]


def test_named_files_are_read_unless_exclusion_is_forced(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "b.py", "c.py", "node_modules/d.js", "sub/e.py")
    (tmp_path / ".gitignore").write_text("b.py\n")
    asked = ["a.py", "b.py", "c.py", "node_modules/d.js", "sub"]
    assert names(tmp_path, *asked, exclude=["c.py", "sub/"]) == [
        "a.py",
        "b.py",
        "c.py",
        "node_modules/d.js",
        "sub/e.py",
    ]
    assert names(tmp_path, *asked, exclude=["c.py", "sub/"], force_exclude=True) == ["a.py"]


def test_exclude_patterns(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "tests/b.py", "src/tests/c.py", "src/d.py", ".env")
    assert names(tmp_path, exclude=["tests/", "/src/d.py", ".env"]) == ["a.py"]
    assert names(tmp_path, exclude=["tests/", "!src/tests/"]) == [".env", "a.py", "src/d.py", "src/tests/c.py"]


def test_links(tmp_path: Path) -> None:
    outside = tree(tmp_path / "outside", "x.py", ".env")
    root = tree(tmp_path / "root", "a.py", ".env")
    (root / "out.py").symlink_to(outside / "x.py")
    (root / "folder").symlink_to(outside)
    (root / "again.py").symlink_to(root / "a.py")
    (root / "web").mkdir()
    (root / "web" / ".env").symlink_to("../.env")
    (root / "web" / ".env.prod").symlink_to(outside / ".env")
    (root / "loop").symlink_to(root)
    (root / ".env.gone").symlink_to("nowhere")
    assert names(root) == [".env", "a.py", "web/.env"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    (tmp_path / "a.py").mkdir()
    assert names(tmp_path) == []
    assert names(tmp_path, ".env") == []


def test_names_that_are_not_utf8_become_problems(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).write_text("x")
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    (problem,) = found(tmp_path).problems
    assert "not valid UTF-8" in problem.message
    assert names(tmp_path) == []


def test_platform_files(tmp_path: Path) -> None:
    tree(tmp_path, "apps/web/vercel.json", "wrangler.toml")
    assert found(tmp_path).platforms == {"apps/web/vercel.json": "Vercel", "wrangler.toml": "Cloudflare Workers"}


def test_whole(tmp_path: Path) -> None:
    tree(tmp_path, "a/a.py")
    assert found(tmp_path).whole
    assert not found(tmp_path, "a").whole


def test_root(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "repo/apps/web/a.ts",
        "repo/apps/api/b.ts",
        "repo/inner/pooltlint.toml",
        "repo/inner/deep/c.py",
        "loose/d.py",
    )
    (tmp_path / "repo" / ".git").mkdir()
    repo = tmp_path / "repo"
    assert root_of(["apps/web", "apps/api/b.ts"], str(repo)) == str(repo)
    assert root_of(["inner/deep"], str(repo)) == str(repo / "inner")
    assert root_of(["."], str(repo / "apps")) == str(repo)
    assert root_of(["d.py"], str(tmp_path / "loose")) == str(tmp_path / "loose")
    with pytest.raises(UsageError, match="no file or folder 'gone'"):
        root_of(["gone"], str(repo))


def test_settings_in_a_pyproject_make_a_root_only_with_our_table(tmp_path: Path) -> None:
    tree(tmp_path, "a/a.py", "a/pyproject.toml", "pyproject.toml")
    (tmp_path / "a" / "pyproject.toml").write_text('[project]\nname = "x"\ndescription = "[tool.pooltlint]"\n')
    (tmp_path / "pyproject.toml").write_text("[tool.pooltlint.urls.A]\n")
    assert root_of(["."], str(tmp_path / "a")) == str(tmp_path)


def test_standard_input_takes_a_place(tmp_path: Path) -> None:
    tree(tmp_path, "a.py")
    files = found(tmp_path, given={"a.py": b"A", "new.ts": b"B", "notes.md": b"C"}).files
    assert [(each.path, each.data) for each in files] == [("a.py", b"A"), ("new.ts", b"B")]


def test_order_does_not_depend_on_the_disk(tmp_path: Path) -> None:
    tree(tmp_path, "b.py", "a/z.py", "a.py", "a-b/c.py", "Z.py")
    assert names(tmp_path) == sorted(["b.py", "a/z.py", "a.py", "a-b/c.py", "Z.py"])
