"""What is reached while something is held: calls of ``take()`` hold it, calls of ``give()`` end that, ``slow(n)`` is reached."""

from __future__ import annotations

from textwrap import dedent

import pytest

from pooltlint.outline import nodes
from pooltlint.outline.during import Hold, walk
from pooltlint.readers import ecmascript, python


class Recorder:
    """Remembers how each numbered call of ``slow`` is reached. ``with block():`` holds it to the end of its block."""

    def __init__(self) -> None:
        self.seen: dict[object, tuple[Hold, bool]] = {}

    def called(self, function: int, call: nodes.Call, waits: bool, hold: Hold) -> Hold:
        match call.callee:
            case nodes.Name(id="take"):
                return Hold.HELD
            case nodes.Name(id="give"):
                return Hold.IDLE
            case nodes.Name(id="slow"):
                number = call.args[0].value
                assert isinstance(number, nodes.Constant)
                before, waited = self.seen.get(number.value, (Hold.GONE, False))
                self.seen[number.value] = max(before, hold), waited or waits
        return hold

    def entered(self, function: int, item: nodes.Resource, hold: Hold) -> Hold:
        return Hold.HELD if self.blocks(item) else hold

    def left(self, function: int, item: nodes.Resource, before: Hold, hold: Hold) -> Hold:
        return Hold.IDLE if self.blocks(item) else hold

    def blocks(self, item: nodes.Resource) -> bool:
        return isinstance(item.value, nodes.Call) and item.value.callee.id == "block"  # type: ignore[union-attr]

    def runs(self, function: int, call: nodes.Call, index: int) -> bool:
        return isinstance(call.callee, nodes.Member) and call.callee.name in ("map", "then")


def reached(source: str, script: bool = False) -> dict[object, tuple[Hold, bool]]:
    """How the calls of the only function are reached: the hold, and whether they are waited for."""
    text = dedent(source).encode()
    module = ecmascript.read("f.ts", text) if script else python.read("f.py", text)
    recorder = Recorder()
    walk(module, 1, recorder, Hold.IDLE)
    return recorder.seen


def holds(source: str, script: bool = False) -> dict[object, str]:
    return {number: hold.name.lower() for number, (hold, _) in reached(source, script).items()}


PYTHON = {
    "in a row": ("def f():\n slow(1)\n take()\n slow(2)\n give()\n slow(3)", {1: "idle", 2: "held", 3: "idle"}),
    "arguments come first": ("def f():\n take(slow(1)), slow(2)", {1: "idle", 2: "held"}),
    "taken in one arm": ("def f(x):\n if x:\n  take()\n slow(1)", {1: "perhaps"}),
    "taken in both arms": ("def f(x):\n if x:\n  take()\n else:\n  take()\n slow(1)", {1: "held"}),
    "taken before an early return": ("def f(x):\n if x:\n  take()\n  return\n slow(1)", {1: "idle"}),
    "given back in one arm": ("def f(x):\n take()\n if x:\n  give()\n slow(1)", {1: "idle"}),
    "given back before an early return": ("def f(x):\n take()\n if x:\n  give()\n  return\n slow(1)", {1: "held"}),
    "the next turn finds what this one takes": ("def f(x):\n for y in x:\n  slow(1)\n  take()", {1: "held"}),
    "each turn gives back": (
        "def f(x):\n for y in x:\n  slow(1)\n  take()\n  slow(2)\n  give()",
        {1: "idle", 2: "held"},
    ),
    "out of a loop by break": ("def f(x):\n while True:\n  take()\n  break\n slow(1)", {1: "held"}),
    "try and finally": (
        "def f():\n take()\n try:\n  slow(1)\n finally:\n  give()\n slow(2)",
        {1: "held", 2: "idle"},
    ),
    "a handler begins with what was held before": (
        "def f():\n try:\n  take()\n except E:\n  slow(1)\n slow(2)",
        {1: "idle", 2: "held"},
    ),
    "a block": ("def f():\n with block():\n  slow(1)\n slow(2)", {1: "held", 2: "idle"}),
    "a block left by return": (
        "def f(x):\n with block():\n  if x:\n   return\n  slow(1)\n slow(2)",
        {1: "held", 2: "idle"},
    ),
    "in a lambda that is not run here": ("def f():\n take()\n g(lambda: slow(1))", {}),
    "a comprehension": ("def f(x):\n take()\n [slow(1) for y in x]", {1: "held"}),
}


@pytest.mark.parametrize("title", PYTHON)
def test_python(title: str) -> None:
    source, expected = PYTHON[title]
    assert holds(source) == expected


SCRIPTS = {
    "run by map": (
        "async function f(x) { take(); await Promise.all(x.map(async (y) => { await slow(1); })); }",
        {1: "held"},
    ),
    "map that nobody waits for": ("async function f(x) { take(); x.map(async (y) => { await slow(1); }); }", {}),
    "map, waited for later": (
        "async function f(x) { take(); const all = x.map(async (y) => { await slow(1); }); await Promise.all(all); }",
        {1: "held"},
    ),
    "then, waited for": ("async function f(x) { take(); await x.then(() => slow(1)); }", {1: "held"}),
    "then, dropped": ("async function f(x) { take(); x.then(() => slow(1)); }", {}),
    "an arm of a switch": (
        "async function f(x) { switch (x) { case 1: take(); break; default: break; } slow(1); }",
        {1: "perhaps"},
    ),
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_script(title: str) -> None:
    source, expected = SCRIPTS[title]
    assert holds(source, script=True) == expected


def test_who_is_waited_for() -> None:
    found = reached(
        """
        async function f() {
          await slow(1);
          slow(2);
          const later = slow(3);
          await Promise.all([slow(4)]);
          await g(slow(5));
          await slow(6).then(h);
          if (x) return slow(7);
        }
        """,
        script=True,
    )
    assert {number for number, (_, waits) in found.items() if waits} == {1, 4, 6, 7}


def test_it_ends_on_recursion_and_size() -> None:
    deep = "def f(x):\n" + "".join(f"{' ' * (n + 1)}if x:\n" for n in range(60)) + " " * 61 + "take()\n slow(1)"
    assert holds(deep) == {1: "perhaps"}
    assert holds("def f(x):\n" + " slow(1)\n" * 30_000)[1] == "idle"
