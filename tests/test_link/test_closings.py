"""Calls that end a client, and how often they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.topology import Closing, Runs
from tests.test_link.topology import topology

EXPRESS = {"package.json": '{ "name": "api", "dependencies": { "express": "4.21.0", "pg": "8.13.1" } }'}
HEAD = """
import express from "express";
import { Pool } from "pg";

let pool = new Pool();
const app = express();
"""


def closing(root: Path, text: str) -> Closing:
    (found,) = topology(root, EXPRESS | {"src/app.ts": HEAD + text}).closings
    return found


def test_in_a_handler(tmp_path: Path) -> None:
    found = closing(tmp_path, 'app.get("/", async (req, res) => {\n  await pool.end();\n});\n')
    assert (found.at.line, found.call, found.lifetime.runs) == (7, "pool.end", Runs.REQUEST)
    assert (found.client.at.line, found.client.lifetime.runs) == (4, Runs.ONCE)
    assert (found.rescues, found.conditional, found.replaces, found.quits) == (False, False, False, False)


@pytest.mark.parametrize(
    ("body", "true"),
    [
        ("try { await pool.query('select 1'); } catch { await pool.end(); }", "rescues"),
        ("if (req.query.last) await pool.end();", "conditional"),
        ("await pool.end(); pool = new Pool();", "replaces"),
        ("await pool.end(); pool = undefined;", "replaces"),
        ("await pool.end(); process.exit(0);", "quits"),
    ],
)
def test_what_stands_around_it(tmp_path: Path, body: str, true: str) -> None:
    text = f'{HEAD}app.get("/", async (req, res) => {{\n  {body}\n}});\n'
    found = topology(tmp_path, EXPRESS | {"src/app.ts": text}).closings
    facts = ("rescues", "conditional", "replaces", "quits")
    assert {name for each in found for name in facts if getattr(each, name)} == {true}


def test_what_goes_back_is_not_closed(tmp_path: Path) -> None:
    text = 'app.get("/", async (req, res) => {\n  const client = await pool.connect();\n  client.release();\n});\n'
    assert topology(tmp_path, EXPRESS | {"src/app.ts": HEAD + text}).closings == ()


def test_a_signal_handler_is_no_request(tmp_path: Path) -> None:
    found = closing(tmp_path, 'process.on("SIGTERM", async () => {\n  await pool.end();\n});\n')
    assert found.lifetime.runs not in (Runs.REQUEST, Runs.JOB)
