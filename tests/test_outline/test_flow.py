"""The flow analysis: releasing twice, and the bounds."""

from __future__ import annotations

import time
from textwrap import dedent

import pytest

from pooltlint.outline.flow import Effect, Fate, follow
from pooltlint.readers import ecmascript, python

from .flow_cases import Case, Library, birth, line_of, outcome

TWICE = [
    ("in try and in finally", "case.py", """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
                conn.close()
            finally:
                conn.close()
    """, {(5, 7, False)}),
    ("in try and in finally, set to None", "case.py", """
        def f():
            conn = pool.getconn()
            try:
                conn.execute("a")
                conn.close()
                conn = None
            finally:
                if conn:
                    conn.close()
    """, set()),
    ("in catch and behind it", "case.ts", """
        async function f() {
          const client = await pool.connect();
          try { await client.query("a"); } catch (e) { client.release(); }
          client.release();
        }
    """, {(3, 4, False)}),
    ("in catch, which leaves, and behind it", "case.ts", """
        async function f() {
          const client = await pool.connect();
          try { await client.query("a"); } catch (e) { client.release(); throw e; }
          client.release();
        }
    """, set()),
    ("in try and in catch, when what comes between raises", "case.ts", """
        async function f(res) {
          const client = await pool.connect();
          try {
            await client.query("a");
            client.release();
            res.json(1);
          } catch (e) {
            client.release();
          }
        }
    """, {(5, 8, True)}),
    ("in try and in catch, nothing comes between", "case.ts", """
        async function f(res) {
          const client = await pool.connect();
          try {
            await client.query("a");
            client.release();
          } catch (e) {
            client.release();
          }
        }
    """, set()),
    ("early and at the end", "case.ts", """
        async function f(x) {
          const client = await pool.connect();
          if (!x) { client.release(); }
          client.release();
        }
    """, set()),
    ("both calls in a row", "case.ts", """
        async function f(x) {
          const client = await pool.connect();
          client.release();
          if (x) { client.release(); }
        }
    """, {(3, 4, False)}),
    ("through a local function", "case.ts", """
        async function f(x) {
          const client = await pool.connect();
          const cleanup = () => { client.release(); };
          cleanup();
          cleanup();
        }
    """, {(4, 5, False)}),
    ("then and finally", "case.ts", """
        async function f() {
          const client = await pool.connect();
          return client.query("a")
            .then((r) => { client.release(); return r; })
            .finally(() => client.release());
        }
    """, {(4, 5, False)}),
    ("once per turn", "case.py", """
        def f(xs):
            for x in xs:
                conn = pool.getconn()
                conn.close()
    """, set()),
]  # fmt: skip


@pytest.mark.parametrize(("path", "source", "double"), [each[1:] for each in TWICE], ids=[each[0] for each in TWICE])
def test_released_twice(path: str, source: str, double: set[tuple[int, int, bool]]) -> None:
    found, module, _ = outcome(Case("", Fate.ALWAYS, source), path)
    line = line_of(module)
    assert {(line(each.first), line(each.second), each.raised) for each in found.double} == double


def test_releases_are_where_they_stand() -> None:
    found, module, _ = outcome(
        Case("", Fate.ALWAYS, """
            async function f() {
              const client = await pool.connect();
              try {
                await client.query("a");
                client.release();
              } catch (e) {
                client.release(e);
              }
            }
        """),
        "case.ts",
    )  # fmt: skip
    assert [line_of(module)(span) for span in found.releases] == [5, 7]


def fate_of(source: str, path: str = "case.py") -> Fate:
    module = (python if path.endswith(".py") else ecmascript).read(path, dedent(source).encode())
    function, expr = birth(module, "")
    return follow(module, function, expr, Library(managed=False)).fate


def test_long_chain_of_conditions() -> None:
    arms = "".join(f"    elif x == {i}:\n        conn.execute('{i}')\n" for i in range(2000))
    source = "def f(x):\n    conn = pool.getconn()\n    try:\n        pass\n{}    finally:\n        conn.close()\n"
    body = "".join(f"    {line}\n" for line in f"    if x:\n        pass\n{arms}".splitlines())
    assert fate_of(source.format(body)) is Fate.ALWAYS


@pytest.mark.parametrize(("depth", "fates"), [(50, {Fate.LEAKS}), (150, {*Fate}), (5000, {*Fate})])
def test_nesting_never_raises(depth: int, fates: set[Fate]) -> None:
    source = "async function f(x) {\n const c = await pool.connect();\n"
    source += "if (x) {" * depth + "return;" + "}" * depth + "\n c.release();\n}"
    assert fate_of(source, "case.ts") in fates


def test_nested_finally_costs_no_more_than_its_length() -> None:
    depth = 12
    source = "async function f(x) {\n const c = await pool.connect();\n"
    source += "try { if (x.a) return 1; await x.b();" * depth + "} finally { x.log(); }" * (depth - 1)
    source += "} finally { c.release(); }\n}"
    assert fate_of(source, "case.ts") is Fate.ALWAYS


def test_states_beyond_the_bound_are_unknown() -> None:
    flags = "".join(f"    f{i} = False\n    if x.a{i}: f{i} = True\n" for i in range(8))
    tests = "".join(f"    if f{i}: conn.close()\n" for i in range(8))
    assert fate_of(f"def f(x):\n    conn = pool.getconn()\n{flags}{tests}") in (Fate.UNKNOWN, Fate.LEAKS)


def seconds(size: int) -> float:
    part = "    if x.a:\n        conn.execute('a')\n    try:\n        x.b()\n    except KeyError:\n        return 1\n"
    body = part * size
    module = python.read("case.py", f"def f(x):\n    conn = pool.getconn()\n{body}    conn.close()\n".encode())
    function, expr = birth(module, "")
    started = time.process_time()
    assert follow(module, function, expr, Library(managed=False)).fate is Fate.LEAKS
    return time.process_time() - started


def test_time_grows_with_length_only() -> None:
    seconds(50)
    assert seconds(1200) / seconds(150) < 8 * 2.5


def test_birth_that_is_not_in_the_function() -> None:
    module = python.read("case.py", b"def f():\n    pass\n\ndef g():\n    conn = pool.getconn()\n")
    _, expr = birth(module, "")
    assert follow(module, 1, expr, Library(managed=False)).fate is Fate.UNKNOWN


def test_yields_are_the_callers_choice() -> None:
    source = "def f():\n    conn = pool.getconn()\n    try:\n        yield conn\n    finally:\n        conn.close()\n"
    module = python.read("case.py", source.encode())
    function, expr = birth(module, "")
    fates = [follow(module, function, expr, Library(False), yields=each).fate for each in (Effect.USE, Effect.HAND_ON)]
    assert fates == [Fate.ALWAYS, Fate.HANDED_ON]


def test_conditional_expressions_side_by_side() -> None:
    parts = ", ".join(f"x.a{i} && y(x.b{i} ? 1 : 2)" for i in range(60))
    source = f"async function f(x) {{ const c = await pool.connect(); z([{parts}]); c.release(); }}"
    assert fate_of(source, "case.ts") is Fate.LEAKS
