"""One small report that every reporter has to say well."""

from pathlib import Path
from typing import NamedTuple

from pooltlint.model.finding import Finding, Hushed, Note, Problem, Report, Severity, Verdict
from pooltlint.model.source import Place, line_starts, place
from pooltlint.rulebook import Rulebook
from pooltlint.sources import Sources

FILES = {
    "app/orders.py": (
        "from app.db import pool\n\n\nasync def create_order(request):\n"
        "    conn = await pool.acquire()\n    await charge(request)\n    await pool.release(conn)\n"
    ),
    "app/db.py": "import asyncpg\n\n\nasync def start():\n\tpool = await asyncpg.create_pool(DSN, max_size=10)\n",
    ".env.production": "# production\nDATABASE_URL=postgres://app:s3cret@db.example.com/app?password=x\n",
    "web/ザ 工具#1%/pool.ts": 'const 名前 = "😀é"; export const pool = new Pool({ max: 400 })\n',
}
PAGE = """\
+++
severity = "{severity}"
certainty = "{certainty}"
tags = {tags}
since = "0.1.0"
+++
# {name}

What {name} means in a sentence

## What it finds

The first paragraph of {name},
on two lines.

A second one.

## Why it hurts

It does.

## Bad

`app.py`
```python
one = 1 ◀
two = 2 ◁
```

## Good

`app.py`
```python
one = 2
```

## How to fix it

So.

## When to ignore it

Never.

## References

- [PostgreSQL](https://www.postgresql.org)
"""


class Example(NamedTuple):
    """A report with everything it takes to render it."""

    report: Report
    book: Rulebook
    sources: Sources
    root: Path = Path("/nowhere")


def region(path: str, words: str) -> Place:
    """Where some words stand first in one of the files."""
    data = FILES[path].encode()
    start = data.index(words.encode())
    return place(path, line_starts(data), (start, start + len(words.encode())))


def sample(folder: Path) -> Example:
    """The report with its files and its rule pages written below a folder."""
    for path, text in FILES.items():
        file = folder / "repo" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    rules = folder / "rules"
    rules.mkdir()
    for name, severity, certainty, tags in (
        ("checkout-not-released", "error", "high", ["pool", "leak"]),
        ("checkout-without-timeout", "note", "medium", []),
        ("pool-oversized", "warning", "medium", [f"tag-{index}" for index in range(12)]),
    ):
        text = PAGE.format(name=name, severity=severity, certainty=certainty, tags=str(tags).replace("'", '"'))
        (rules / f"{name}.md").write_text(text, encoding="utf-8")
    leak = Verdict(
        "checkout-not-released",
        Severity.ERROR,
        Finding(
            region("app/orders.py", "pool.acquire()"),
            "`conn` is not given back when `charge()` raises. Ten failures later [every](1) request waits.",
            "Check it out with `async with pool.acquire() as conn:`.",
            (
                Note("`charge(request)` can raise, see args[0](2)", region("app/orders.py", "charge(request)")),
                Note("asyncpg 0.30 is installed"),
                Note("the pool holds at most 10", region("app/db.py", "max_size=10")),
            ),
        ),
    )
    url = region(".env.production", "postgres://app:s3cret@db.example.com/app?password=x")
    secret = Verdict(
        "checkout-without-timeout",
        Severity.NOTE,
        Finding(
            url,
            "The URL postgres://app:s3cret@db.example.com/app?password=x sets no time limit",
            "Use DATABASE_URL=postgres://app:s3cret@db.example.com/app?password=x&connect_timeout=5",
            (Note("it is postgres://app:s3cret@db.example.com/app?password=x", url),),
        ),
    )
    large = Verdict(
        "pool-oversized",
        Severity.WARNING,
        Finding(region("web/ザ 工具#1%/pool.ts", "max: 400"), "4 instances × pool of 400 = 1,600 connections."),
    )
    hushed = Hushed(
        Verdict("pool-oversized", Severity.WARNING, Finding(region("app/db.py", "max_size=10"), "Hushed here.")),
        "comment",
        "measured",
    )
    problems = (
        Problem("config/database.yml", 3, "it is not well-formed: postgres://app:s3cret@db/app"),
        Problem("web/big.ts", 0, "index out of range", "pool-oversized"),
    )
    report = Report((secret, leak, large), (hushed,), problems, files=214, seconds=0.3124)
    return Example(report, Rulebook(str(rules)), Sources(folder / "repo"), folder / "repo")
