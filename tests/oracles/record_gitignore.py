"""Records what git itself says of patterns and paths: ``python tests/oracles/record_gitignore.py`` (needs git).

The answers of ``git check-ignore --no-index`` go to ``gitignore.json`` beside this file.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import tempfile
from pathlib import Path

TREE = r"""
a.py b.log .env .env.local app/a.py app/b.log app/build/x.js app/src/build/y.ts app/src/db.ts build/z.js docs/build.md
foo/bar/baz.txt foo/bar/qux.log foo/baz.txt x/foo/bar/baz.txt deep/a/b/c/d.py deep/a/b.py #hash !bang sp\ ace tab[1].js
tab1.js tab-.js tabA.js star*.js starry.js q?.js qa.js trailing back\slash UP.PY .hidden/f.py logs/debug/1.log
logs/debug.log a/x/b a/x/y/b a/b node/.cache/f.js tab].js tab^.js
"""
FILES = TREE.split()

SINGLE = r"""
*.log
*.log
/*.log
build
build/
/build
/build/
app/build
app/build/
**/build
**/build/
build/**
/app/**
app/*
foo/**/baz.txt
**/foo/bar
foo/**
foo/*
/foo/*/baz.txt
a/**/b
deep/**/c
**/*.py
*.PY
\#hash
#hash
\!bang
!bang
sp\\ace
tab[0-9].js
tab[!0-9].js
tab[^0-9].js
tab[[:digit:]].js
tab[[:upper:]].js
tab[a-z].js
tab[].js
tab[]].js
tab[]^].js
tab[-].js
tab[0-].js
tab\[1\].js
star\*.js
star*.js
q\?.js
q?.js
q[?].js
.env*
.env.*
.env
.*
*
**
/
//
/*
/**
*/
app/**/
**/**/build
foo**/baz.txt
**foo/baz.txt
b*d
lo*s/
[
[a
a[
logs/**/*.log
logs/**/**/*.log
/logs/debug*
debug
.hidden/
*/f.py
**/.cache
no*/.*/
""".strip("\n").split("\n")

GROUPS = [
    ["trailing "],
    ["trailing\\ "],
    ["*.log", "!debug.log"],
    ["logs/", "!logs/debug.log"],
    ["logs/*", "!logs/debug.log"],
    ["*", "!*/", "!*.py"],
    ["/*", "!/app", "/app/*", "!/app/src"],
    ["!*.py", "*.py"],
    ["*.py", "!app/", "!a.py"],
    ["# comment", "", "   ", "build/", "!app/build/"],
    ["*.js", "!tab*.js", "tab1.js"],
    ["foo/*", "!foo/bar", "foo/bar/*.log"],
    [".env*", "!.env.example", "!.env.local"],
    ["**/build/", "!**/src/build/"],
]


def asked(folder: Path, patterns: list[str], nested: list[str] | None = None) -> list[str]:
    """The files of the tree that git ignores with these patterns at the top (and ``nested`` in ``app``)."""
    (folder / ".gitignore").write_text("\n".join(patterns) + "\n")
    (folder / "app" / ".gitignore").write_text("\n".join(nested or []) + "\n")
    answer = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=folder, input="\0".join(FILES).encode(), capture_output=True, check=False,
    )  # fmt: skip
    return sorted(filter(None, answer.stdout.decode().split("\0")))


def main() -> None:
    """Build the tree, ask, write the answers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["git", "init", "-q", name], check=True)
        for each in FILES:
            (folder / each).parent.mkdir(parents=True, exist_ok=True)
            (folder / each).touch()
        groups = [[each] for each in SINGLE] + GROUPS + [list(pair) for pair in itertools.combinations(SINGLE[3:12], 2)]
        flat = [{"patterns": group, "ignored": asked(folder, group)} for group in groups]
        pairs = [
            (first, second)
            for first in GROUPS
            for second in (["!*.log"], ["build/"], ["!build", "/src"], ["*"], ["!*"])
        ]
        nested = [
            {"patterns": first, "app": second, "ignored": asked(folder, first, second)} for first, second in pairs
        ]
    version = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    record = {"git": version, "files": FILES, "flat": flat, "nested": nested}
    Path(__file__).with_name("gitignore.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
