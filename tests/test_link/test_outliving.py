"""What a request holds and gives to something that goes on without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.topology import Ends, Outlived
from tests.test_link.test_held import ENGINE, PG
from tests.test_link.topology import topology

HEAD = (
    "import asyncio\nfrom fastapi import BackgroundTasks, Depends, FastAPI\n"
    "from fastapi.responses import StreamingResponse\nfrom sqlalchemy.orm import Session\n"
    "from db import SessionLocal, get_db\napp = FastAPI()\n\n"
    "async def work(db, number=0):\n    db.get(1, 2)\n\n"
    "def lines(db):\n    for each in db.scalars(1):\n        yield each\n\n"
)


def outlived(root: Path, body: str, version: str = "fastapi==0.115.0") -> list[Outlived]:
    text = f"{HEAD}@app.get('/')\nasync def f(tasks: BackgroundTasks, db: Session = Depends(get_db)):\n" + "".join(
        f"    {line}\n" for line in body.splitlines()
    )
    return list(topology(root, {"requirements.txt": version + "\n", "db.py": ENGINE, "app.py": text}).outlived)


CASES: dict[str, tuple[str, str]] = {
    "a background task": ("tasks.add_task(work, db)", "a background task"),
    "a background task without it": ("tasks.add_task(work, 1)", ""),
    "a stream": ("return StreamingResponse(lines(db))", "the stream of the response"),
    "a local generator": (
        "def own():\n    yield db.get(1, 2)\nreturn StreamingResponse(own())",
        "the stream of the response",
    ),
    "a list that is read before": ("found = list(lines(db))\nreturn StreamingResponse(iter(found))", ""),
    "a task": ("asyncio.create_task(work(db))", "a task of its own"),
    "a task that is kept in a set": ("task = asyncio.create_task(work(db))\nkept.add(task)", "a task of its own"),
    "a task that is awaited": ("task = asyncio.create_task(work(db))\nawait task", ""),
    "tasks that are gathered": ("a = asyncio.create_task(work(db))\nawait asyncio.gather(a)", ""),
    "a list of tasks": ("a = [asyncio.create_task(work(db))]\nawait asyncio.gather(*a)", ""),
}


@pytest.mark.parametrize("title", CASES)
def test_to_whom(title: str, tmp_path: Path) -> None:
    body, expected = CASES[title]
    assert [each.to for each in outlived(tmp_path, body)] == ([expected] if expected else [])


VERSIONS = {
    "fastapi==0.105.0": [],
    "fastapi==0.106.0": [(Ends.RETURN, True)],
    "fastapi==0.117.1": [(Ends.RETURN, True)],
    "fastapi==0.118.0": [],
    "fastapi>=0.100": [(Ends.RETURN, False)],
}


@pytest.mark.parametrize("version", VERSIONS)
def test_by_version(version: str, tmp_path: Path) -> None:
    found = outlived(tmp_path, "return StreamingResponse(lines(db))", version)
    assert [(each.ends, each.certain) for each in found] == VERSIONS[version]


def test_a_task_outlives_the_request_in_any_version(tmp_path: Path) -> None:
    (found,) = outlived(tmp_path, "asyncio.create_task(work(db))", "fastapi==0.128.0")
    assert (found.ends, found.certain) == (Ends.RESPONSE, True)


def test_a_block_ends_before_the_stream_in_any_version(tmp_path: Path) -> None:
    body = "with SessionLocal() as mine:\n    return StreamingResponse(lines(mine))"
    (found,) = outlived(tmp_path, body, "fastapi==0.128.0")
    assert (found.variable, found.ends) == ("mine", Ends.BLOCK)


SCRIPTS = {
    "a timer": ("setTimeout(() => tx`select 1`, 1000);", "a callback that runs later"),
    "a timer without it": ("setTimeout(() => sql`select 1`, 1000);", ""),
    "a call that nobody waits for": ("log(tx);", "a call that nobody waits for"),
    "with its errors caught": ("log(tx).catch(console.error);", "a call that nobody waits for"),
    "a call that is waited for": ("await log(tx);", ""),
    "waitUntil": ("context.waitUntil(log(tx));", "work that goes on after the response"),
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_scripts(title: str, tmp_path: Path) -> None:
    body, expected = SCRIPTS[title]
    text = (
        "import postgres from 'postgres';\nconst sql = postgres(process.env.DATABASE_URL);\n"
        "async function log(tx) { await tx`select 1`; }\n"
        f"export async function f(context) {{\n  await sql.begin(async (tx) => {{\n    {body}\n  }});\n}}\n"
    )
    found = topology(tmp_path, {"db.ts": PG, "a.ts": text}).outlived
    assert [each.to for each in found] == ([expected] if expected else [])
