"""Python source lowered to the outline."""

import string
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent
from time import process_time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pooltlint.outline import nodes
from pooltlint.readers.python import DEPTH, read
from tests.test_outline.show import expression, show


def lowered(source: str) -> str:
    module = read("app.py", dedent(source).encode())
    assert module.errors == ()
    return show(module)


def same(source: str, outline: str) -> None:
    assert lowered(source) == dedent(outline).strip("\n")


def value(source: str) -> str:
    """The outline of one expression."""
    module = read("app.py", f"({source})".encode())
    (statement,) = module.functions[0].body
    assert isinstance(statement, nodes.Do)
    return expression(module, statement.value)


# --- expressions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "outline"),
    [
        ("a.b.c", "a.b.c"),
        ("a.b(c).d", "(call a.b c).d"),
        ("f(a, *b, c=1, **d)", "(call f a *b c=1 **d)"),
        ("f(x for x in y)", "(call f (? x y))"),
        ("super().__init__()", "(call (call super).__init__)"),
        ("a['x']", 'a["x"]'),
        ("a[1:2]", "a[(? 1 2)]"),
        ("a[1, x]", "a[[1, x]]"),
        ("a[1,]", "a[[1]]"),
        ("[a, *b]", "[a, *b]"),
        ("a,", "[a]"),
        ("()", "[]"),
        ("{a, b}", "[a, b]"),
        ("{'a': 1, b: 2, **c, 3: 4}", "{a: 1, ?: 2, ...c, 3: 4}"),
        ("((a))", "a"),
        ("a if b else c", "(if b a c)"),
        ("a and b or not c", "(or (and a b) (not c))"),
        ("a is None", "(== a None)"),
        ("a == b", "(== a b)"),
        ("a is not b", "(!= a b)"),
        ("a != b", "(!= a b)"),
        ("a in b", "(in a b)"),
        ("a not in b", "(not in a b)"),
        ("a < b < c", "(? a b c)"),
        ("a + b * c", "(+ a (* b c))"),
        ("a | b", "(| a b)"),
        ("~a", "(~ a)"),
        ("-1", "-1"),
        ("+1.5", "1.5"),
        ("-a", "(- a)"),
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("0o17", "15"),
        ("0777", "511"),
        ("10L", "10"),
        ("1e3", "1000.0"),
        ("1j", "(?)"),
        ("1e999", "(?)"),
        ("9" * 40, "(?)"),
        ("True", "True"),
        ("False", "False"),
        ("None", "None"),
        ("...", "(?)"),
        ("await a()", "(await (call a))"),
        ("a := b", "(= a b)"),
        ("[f(x) for y in g() if h]", "(? (call f x) (call g) h)"),
        ("{k: v for k, v in x}", "(? k v x)"),
        ("lambda: x", "(arrow()   return x)"),
        ("lambda x, *y, z=1: f(x)", "(arrow(x, *y, z = 1)   return (call f x))"),
        ("(a # why\n . # not\n b)", "a.b"),
        ("f( # first\n a, # second\n b # third\n)", "(call f a b)"),
        ("a \\\n + b", "(+ a b)"),
    ],
)
def test_expression(source: str, outline: str) -> None:
    assert value(source) == outline


@pytest.mark.parametrize(
    ("source", "outline"),
    [
        ("'a'", '"a"'),
        ('""', '""'),
        ('"""a\nb"""', '"a\\nb"'),
        ("'a' \"b\"\n'c'", '"abc"'),
        ("('a' # one\n 'b')", '"ab"'),
        (r"'\x41\u0042\103\N{LATIN SMALL LETTER A}\t\'\\'", '"ABCa\t\'\\\\"'),
        (r"'\N{NO SUCH THING}\q'", r'"\\N{NO SUCH THING}\\q"'),
        (r"'\ud800'", '"\ufffd"'),
        (r"r'\n'", r'"\\n"'),
        ("'a\\\nb'", '"ab"'),
        ("'é'", '"é"'),
        ("u'a'", '"a"'),
        ("b'a'", "(?)"),
        ("b'a' b'b'", "(? (?) (?))"),
        ("Rb'a'", "(?)"),
        ("f'a{b}c'", '(template "a" b "c")'),
        ("f'{a}{b}'", "(template a b)"),
        ("f'a'", '"a"'),
        ("f'{{a}}'", '"{a}"'),
        ("'{{a}}' f'{{{b}'", '(template "{{a}}{" b)'),
        (r"rf'\n{a}\n'", r'(template "\\n" a "\\n")'),
        (r"f'\n{a}'", r'(template "\n" a)'),
        ("f'{a.b()}'", "(template (call a.b))"),
        ("f'{a!s}'", "(template a)"),
        ("f'{a:d}'", "(template a)"),
        ("f'{a!r}'", "(template (? a))"),
        ("f'{a:>{b}}'", "(template (? a b))"),
        ("f'{a=}'", '(template "a=" (? a))'),
        ("f'{f\"{a}b\"}c'", '(template (template a "b") "c")'),
        ("'a' f'b{c}' 'd'", '(template "ab" c "d")'),
    ],
)
def test_string(source: str, outline: str) -> None:
    assert value(source) == outline


@pytest.mark.parametrize(
    ("source", "outline"),
    [
        ("'postgres://me:hunter2@h/d'", '"postgres://***@h/d"'),
        ("'postgres://me:hun' 'ter2@h/d'", '"postgres://***@h/d"'),
        ("f'postgres://me:hunter2@{h}/d'", '(template "postgres://***@" h "/d")'),
        ("f'postgres://me:hunter2{x}@{h}/d'", '(template "postgres://***" x "@" h "/d")'),
        ("f'postgres://{u}:{p}@{h}:{n}/d'", '(template "postgres://***" u p "@" h ":" n "/d")'),
        ("f'host={h} password=hunter2{x}hunter2 dbname=d'", '(template "host=" h " password=***" x " dbname=d")'),
        ("f'host={h} port={p}'", '(template "host=" h " port=" p)'),
        ("f'postgres://{u}@'  f'{h} '", '(template "postgres://***" u "@" h " ")'),
        ("'mailto me@example.org'", '"mailto me@example.org"'),
    ],
)
def test_no_secret_passes(source: str, outline: str) -> None:
    assert value(source) == outline


# --- statements -------------------------------------------------------------------------------


def test_assignments() -> None:
    same(
        """
        a = b = f()
        a, (b, *c) = d
        a: int
        a: "Pool" = None
        a += 1
        a.b = c
        a[0] = c
        a = b,
        a = yield
        [a, b] = c
        """,
        """
        (= a (= b (call f)))
        (= [a, [b, *c]] d)
        (= a: int _)
        (= a: "Pool" None)
        (+= a 1)
        (= a.b c)
        (= a[0] c)
        (= a [b])
        (= a (yield _))
        (= [a, b] c)
        """,
    )


def test_simple_statements() -> None:
    same(
        """
        import os; f(); pass
        a, b
        assert a, b
        del a, b
        raise
        raise A(b) from c
        type X = int
        """,
        """
        import os = os:*
        (call f)
        [a, b]
        if a
        (? [a, b])
        raise _
        raise (call A b)
        """,
    )


def test_branches() -> None:
    same(
        """
        if a: b
        elif c:
            # nothing here
            d
        # nor here
        elif e: f
        else: g
        """,
        """
        if a
          b
        else
          if c
            d
          else
            if e
              f
            else
              g
        """,
    )


def test_loops() -> None:
    same(
        """
        for a, b in c, d:
            break
        else:
            e
        while True:
            continue
        while a():
            b
        else:
            c
        async def f():
            async for a.b in c: d
        """,
        """
        each [a, b] [c, d]
          break
        else
          e
        while _
          continue
        while (call a)
          b
        else
          c
        async function f()
          async each a.b c
            d
        """,
    )


def test_try() -> None:
    same(
        """
        try: a
        except (A, b.B) as e: c
        except C:
            pass
        except:
            raise
        else: d
        finally: e
        try: a
        finally: pass
        try: a
        except* A as e: b
        """,
        """
        try
          a
        except [A, b.B] as e
          c
        except [C]
        except []
          raise _
        else
          d
        finally
          e
        try
          a
        finally
        try
          a
        except [A] as e
          b
        """,
    )


def test_try_without_finally_is_not_one_with_an_empty_one() -> None:
    bare, empty = read("a.py", b"try: a\nexcept: b\ntry: a\nfinally: pass\n").functions[0].body
    assert isinstance(bare, nodes.Try)
    assert isinstance(empty, nodes.Try)
    assert bare.final is None
    assert empty.final == ()


@pytest.mark.parametrize("head", ["a() as x, b() as y.z, c", "(a() as x, b() as y.z, c)", "(a() as x, b() as y.z, c,)"])
def test_with(head: str) -> None:
    same(
        f"""
        with {head}: d
        async def f():
            async with {head}: d
        """,
        """
        with (call a) as x, (call b) as y.z, c
          d
        async function f()
          async with (call a) as x, (call b) as y.z, c
            d
        """,
    )


def test_with_unpacks() -> None:
    same(
        """
        with a as (b, c), (d): pass
        with (yield): pass
        """,
        """
        with a as [b, c], d
        with (yield _)
        """,
    )


def test_match() -> None:
    same(
        """
        match f(a):
            case 1 | -2 | "x" "y" | None: b
            case c.D: e
            case Point(x=0, y=yy) as p: g
            case [1, h, *rest]: i
            case {"k": v, **others}: j
            case "a" if k: l
            case _ if m: n
            case o: p
            case _: q
        match a, b:
            case 1, x: pass
        """,
        """
        match (call f a)
          case 1 | -2 | "xy" | None
            b
          case c.D
            e
          case (? Point (? 0) (?))
            (= yy (?))
            (= p (?))
            g
          case (? 1 (?))
            (= h (?))
            (= rest (?))
            i
          case (? "k")
            (= v (?))
            (= others (?))
            j
          case (? "a" k)
            l
          case (? m)
            n
          default
            (= o (?))
            p
          default
            q
        match [a, b]
          case (? 1)
            (= x (?))
        """,
    )


# --- imports ----------------------------------------------------------------------------------


def test_imports() -> None:
    same(
        """
        from __future__ import annotations
        import a, b.c
        import b.c as d, e as f
        from g import h, i as j
        from g.k import *
        from . import l
        from .. m import (n, # first
            o,)
        from .p.q import r
        """,
        """
        import annotations = __future__:annotations
        import a = a:*
        import b = b:*
        import _ = b.c:*
        import d = b.c:*
        import f = e:*
        import h = g:h
        import j = g:i
        import * = g.k:*
        import l = .:l
        import n = ..m:n
        import o = ..m:o
        import r = .p.q:r
        """,
    )


def test_imports_know_where_they_stand() -> None:
    found = lowered(
        """
        try:
            import a
        except ImportError:
            a = None
        def f():
            def g():
                from b import c
            if x: import d
        """
    )
    assert found.splitlines()[:3] == ["import a = a:*", "import c = b:c in 2", "import d = d:* in 1"]


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_imports_for_types_only(test: str) -> None:
    found = lowered(
        f"""
        if {test}:
            from a import b
        else:
            import c
        if not {test}:
            import d
        else:
            import e
        if other: import f
        """
    )
    assert found.splitlines()[:5] == [
        "import b = a:b (types)",
        "import c = c:*",
        "import d = d:*",
        "import e = e:* (types)",
        "import f = f:*",
    ]


# --- functions and classes --------------------------------------------------------------------


def test_functions() -> None:
    same(
        """
        @a.b(1)  # why
        # because
        @c
        async def f[T](a, /, b: int, *args: str, c=1, d: "X" = f(), **kw) -> list[int]:
            \"\"\"Says what.\"\"\"
            def g(*, x):
                nonlocal a
                yield x
            return g
        def h():
            global i, j
            k = yield from l
        def m():
            return lambda: (yield)
        """,
        """
        @(call a.b 1)
        @c
        async function f(a, b: int, *args: str, c = 1, d: "X" = (call f), **kw) -> list[int]
          "Says what."
          function* g(x)
            global a
            (yield x)
          return g
        function* h()
          global i, j
          (= k (yield* l))
        function m()
          return (arrow*()   return (yield _))
        """,
    )


def test_parents() -> None:
    source = b"def f():\n def g(): pass\n class A:\n  def m(self): return lambda: 1\nclass B:\n def n(s): 0\n"
    module = read("a.py", source)
    names = {each.name or each.kind: each for each in module.functions}
    assert [names[name].parent for name in ("module", "f", "g", "m", "n")] == [-1, 0, 1, 1, 0]
    assert module.functions[names["arrow"].parent].name == "m"
    assert [names[name].owner for name in ("f", "g", "m", "n", "arrow")] == [-1, -1, 0, 1, -1]
    assert [each.parent for each in module.classes] == [1, 0]
    assert [[module.functions[each].name for each in it.methods] for it in module.classes] == [["m"], ["n"]]


def test_classes() -> None:
    same(
        """
        @dataclass(frozen=True)
        class A(B, c.C, *D, metaclass=E):
            "Says what."
            a: int
            b: Pool = make()
            c = d = make()
            e, f = 1, 2
            register(a)
            if a:
                g = 1
                def maybe(self): pass
            else:
                g = 2
            g.x = 1
            def __init__(self): self.pool = Pool()
            @property
            def p(self): pass
            @p.setter
            def p(self, value): pass
            @staticmethod
            async def s(): yield
            @classmethod
            def k(cls): pass
            class Meta:
                managed = False
        """,
        """
        @(call dataclass frozen=True)
        class A(B, c.C, *D, (?))
          field a: int _
          field b: Pool (call make)
          field d (call make)
          field c (?)
          field e 1
          field f 2
          field g (? 1)
          field g (? 2)
          field Meta (class Meta()   field managed False)
          method maybe(self)
          constructor __init__(self)
            (= self.pool (call Pool))
          @property
          getter p(self)
          @p.setter
          setter p(self, value)
          @staticmethod
          async static method* s()
            (yield _)
          @classmethod
          method k(cls)
        """,
    )


@pytest.mark.parametrize(
    ("annotation", "outline"),
    [
        ("Annotated[Session, Depends(db)]", "Annotated[[Session, (call Depends db)]]"),
        ("a.Pool", "a.Pool"),
        ("a.B[c]", "a.B[c]"),
        ("Pool | None", "(| Pool None)"),
        ("'Pool'", '"Pool"'),
        ("dict[str, list[Pool]]", "dict[[str, list[Pool]]]"),
        ("Callable[[int], Pool]", "Callable[[[int], Pool]]"),
    ],
)
def test_annotations(annotation: str, outline: str) -> None:
    assert lowered(f"def f(a: {annotation}): pass") == f"function f(a: {outline})"
    assert lowered(f"a: {annotation}") == f"(= a: {outline} _)"


# --- places -----------------------------------------------------------------------------------

PLACED = """\
# pooltlint: ignore[one]
text = "# pooltlint: no"  # pooltlint: ignore[two] réason
# Pooltlint: no
async def fetch(pool):
    é = await pool . acquire()   # …
    return (é)
class Db(Base): size = 1
import a.b, c
""".encode()


def test_spans() -> None:
    module = read("a.py", PLACED)

    def at(span: tuple[int, int]) -> str:
        return PLACED[slice(*span)].decode()

    assign, define, define_class = module.functions[0].body
    fetch = module.functions[1]
    assert at(assign.span) == 'text = "# pooltlint: no"'
    assert at(define.span) == at(fetch.span)
    assert at(fetch.span).startswith("async def")
    assert at(fetch.span).endswith("return (é)")
    assert at(fetch.at) == "fetch"
    assert at(define_class.span) == "class Db(Base): size = 1"
    assert at(module.classes[0].at) == "Db"
    assert at(module.classes[0].fields[0].span) == "size = 1"
    do, back = fetch.body
    assert at(do.span) == "é = await pool . acquire()"
    assert at(back.span) == "return (é)"
    match do:
        case nodes.Do(nodes.Assign(nodes.Name("é"), nodes.Await(nodes.Call(nodes.Member() as member) as call))):
            assert at(call.span) == "pool . acquire()"
            assert at(member.span) == "pool . acquire"
            assert at(member.at) == "acquire"
        case _:
            pytest.fail(repr(do))
    assert [at(each.span) for each in module.imports] == ["a.b", "a.b", "c"]
    assert [PLACED[start - 1 : start] for start in module.lines[1:]] == [b"\n"] * 8


def test_comments() -> None:
    module = read("a.py", PLACED)
    assert [each.text for each in module.comments] == ["pooltlint: ignore[one]", "pooltlint: ignore[two] réason"]
    assert PLACED[slice(*module.comments[1].span)].decode() == "# pooltlint: ignore[two] réason"


def test_comments_among_many() -> None:
    lines = [b"if a:", b"  b", *[b"  # ' \""] * 3000, b"\t#  pooltlint: ignore[x]  ", *[b"  # c"] * 3000, b"  d", b"e"]
    data = b"\n".join(lines)
    module = read("a.py", data)
    (comment,) = module.comments
    assert comment.text == "pooltlint: ignore[x]"
    assert data[slice(*comment.span)] == b"#  pooltlint: ignore[x]"
    assert show(module).splitlines()[1:] == ["if a", "  b", "  d", "e"]


def test_many_hash_lines_in_a_string_stay_text() -> None:
    text = "\n# line" * 3000
    assert value(f"'''{text}'''") == '"' + text.replace("\n", "\\n") + '"'
    assert value("'" + "\\\n" * 3000 + "a'") == '"a"'
    assert value("f'" + "\\N{DASH}" * 600 + "{a}'").endswith(" a)")


# --- broken, foreign and hostile input -----------------------------------------------------------


def test_surroundings_of_an_error_are_lowered() -> None:
    data = b"a = f()\nb = g(x y)\ndef h(:\n    return 1\n\ndef i(j):\n    return j\nl()\n"
    module = read("a.py", data)
    assert module.errors
    found = show(module).splitlines()
    assert found[0] == "(= a (call f))"
    assert "function i(j)" in found
    assert "  return j" in found
    assert found[-1] == "(call l)"
    covered = b" ".join(data[slice(*span)] for span in module.errors)
    assert b"f()" not in covered
    assert b"return j" not in covered


def test_errors_stand_where_they_are() -> None:
    data = b"a = 1\nb = (2 $ 3)\nc = 4\n"
    module = read("a.py", data)
    assert module.errors
    assert all(6 <= start <= end <= 17 for start, end in module.errors)
    assert show(module).splitlines()[0] == "(= a 1)"
    assert show(module).splitlines()[-1] == "(= c 4)"


def test_python_2() -> None:
    same(
        """
        print "a", b()
        print >>f, c
        exec d in e
        raise A, "b"
        try: a
        except A, e: b
        """,
        """
        (? "a" (call b))
        (? f c)
        (? d e)
        raise [A, "b"]
        try
          a
        except [A, e]
          b
        """,
    )


@pytest.mark.parametrize(
    ("data", "outline"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfa = 1\n", "(= a 1)"),
        (b"if a:\r\n    b\r\nelse:\r\n    c\r\n", "if a\n  b\nelse\n  c"),
        (b'a = """b\r\nc"""\r\n', '(= a "b\\nc")'),
        (b"if a:\r    b\rc\r", "if a\n  b\nc"),
        (b"\x0cdef f(): pass\n\x0c\nb\n", "function f()\nb"),
        (b"# \xe9\na = '\xe9'\n", '(= a "é")'),
        (b"a = 1", "(= a 1)"),
        (b"# only this", ""),
    ],
)
def test_foreign_bytes(data: bytes, outline: str) -> None:
    module = read("a.py", data)
    assert show(module) == outline
    assert module.errors == ()


def test_spans_after_a_byte_order_mark() -> None:
    data = b"\xef\xbb\xbfa = 1\n"
    assert data[slice(*read("a.py", data).functions[0].body[0].span)] == b"a = 1"


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "sum": lambda n: b"x = " + b"+".join([b"a"] * n),
    "chain": lambda n: b"x = a" + b".b().c()" * n,
    "brackets": lambda n: b"(" * n + b")" * n,
    "lists": lambda n: b"[" * n + b"]" * n,
    "open": lambda n: b"(" * n,
    "calls": lambda n: b"f(" * n + b")" * n,
    "elif": lambda n: b"if a: b\n" + b"elif c: d\n" * n,
    "targets": lambda n: b"a = " * n + b"1",
    "choice": lambda n: b"x = " + b"a if b else " * n + b"c",
    "lambda": lambda n: b"x = " + b"lambda: " * n + b"1",
    "minus": lambda n: b"x = " + b"-" * n + b"1",
    "subscripts": lambda n: b"x: a[" + b"a[" * n + b"]" * n + b"]",
    "template": lambda n: b'f"' + b"{a}@=" * n + b'"',
    "nested templates": lambda n: b"f'{" * n + b"a" + b"}'" * n,
    "pieces": lambda n: b"(" + b'"a=" ' * n + b")",
    "patterns": lambda n: b"match x:\n case " + b"[" * n + b"]" * n + b": pass",
    "escapes": lambda n: b'"' + b"\\N{" * n + b'"',
    "continued": lambda n: b"\\\n" * n,
    "comments": lambda n: b"if a:\n  b\n" + b"# pooltlint\n" * n,
    "comments in error": lambda n: b"# pooltlint\n" + b"(" * n,
    "key words": lambda n: b'"' + b"password-_." * n + b'="',
    "rubbish": lambda n: b") ( x y 1 $ ?\n" * n,
    "heads": lambda n: b"def f(:\n" * n,
    "indented": lambda n: b"".join(b" " * each + b"if x:\n" for each in range(n // 10)),
    "classes": lambda n: b"".join(b" " * each + b"class A:\n" for each in range(n // 10)),
    "functions": lambda n: b"".join(b" " * each + b"def f():\n" for each in range(n // 10)),
    "number": lambda n: b"x = " + b"9" * n,
    "nothing": lambda n: b"\0" * n,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    read("a.py", b"a")
    data = HOSTILE[name](10_000)
    started = process_time()
    module = read("a.py", data)
    assert process_time() - started < 3  # a tenth of that in practice; what was quadratic took minutes
    assert depth(module.functions[0].body) < 4 * DEPTH


def depth(root: object) -> int:
    """How deep the structs and tuples of an outline are nested."""
    deepest, unseen = 0, [(root, 1)]
    while unseen:
        node, level = unseen.pop()
        deepest = max(deepest, level)
        fields = getattr(node, "__struct_fields__", None)
        inside = node if isinstance(node, tuple) else [getattr(node, each) for each in fields] if fields else ()
        unseen.extend((each, level + 1) for each in inside if not isinstance(each, str | int | float | None))
    return deepest


def test_too_deep_is_opaque_and_said_so() -> None:
    data = b"x = " + b"f(" * 300 + b"g()" + b")" * 300 + b"\ny = h()\n"
    module = read("a.py", data)
    ((start, end),) = module.errors
    assert data[start:end].startswith(b"f(f(")
    assert b"g()" in data[start:end]
    assert show(module).splitlines()[-1] == "(= y (call h))"
    assert read("a.py", b"x = " + b"f(" * 100 + b"g()" + b")" * 100).errors == ()


def whole(module: nodes.Module, size: int) -> None:
    """What holds for every module."""
    assert all(0 <= start <= end <= size for start, end in module.errors)
    assert list(module.errors) == sorted(module.errors)
    assert module.functions[0].kind == "module"
    assert [each.parent for each in module.functions].count(-1) == 1
    assert all(each.parent < at for at, each in enumerate(module.functions))
    show(module).encode()


FRAGMENTS = [
    "def f(", "):", "    ", "\n", "class A:", "async ", "with ", "as x", "try:", "except", "finally:", "f'", "{", "}",
    "'", '"""', "\\", "\r", "lambda", ":", "=", "(", ")", "[", "]", ",", "*", "**", "@", "match x:", "case ", "_", "|",
    "import", "from .", "a", ".b", "1", "if ", "else:", "elif", "yield", "await", "return", "global x", "# pooltlint",
    "\0", "é", ";", "not ", "is ", "in ", ":=", "print 'x'", "->", "type X = ", "b''", "://a:b@", "password=", "-",
    "\t", "\x0c",
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
@example("f'{a" + "{")
@example("case _:")
@example("x[")
@example("a[:")
@example("lambda")
@example("@")
@example("class A:\n a, b = c\n a.b = 1\n x += 1\n x: int\n try: y = 1\n finally: z = 2")
def test_any_text(text: str) -> None:
    data = text.encode()
    whole(read("a.py", data), len(data))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    whole(read("a.py", data), len(data))


SELF = Path(__file__).read_bytes()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SELF) - 3000), st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 60)), max_size=6))
def test_cut_up_source(start: int, cuts: list[tuple[int, int]]) -> None:
    data = SELF[start : start + 3000]
    for at, length in cuts:
        data = data[:at] + data[at + length :]
    whole(read("a.py", data), len(data))


@settings(max_examples=60, deadline=None)
@given(st.text(string.printable, max_size=12))
def test_text_of_a_literal(text: str) -> None:
    text = text.replace("=", "").replace("@", "")
    module = read("a.py", ascii(text).encode())
    (statement,) = module.functions[0].body
    assert isinstance(statement, nodes.Do)
    assert isinstance(statement.value, nodes.Text)
    assert statement.value.value == text


def test_body_in_any_block() -> None:
    inner = "conn = await pool.acquire()\nreturn conn"
    for head in ("if a:", "while a:", "for a in b:", "with a:", "try:", "match a:\n case 1:"):
        tail = "\nfinally: pass" if head == "try:" else ""
        source = "async def f():\n" + indent(f"{head}\n{indent(inner, '  ')}{tail}", "    ")
        assert "(= conn (await (call pool.acquire)))" in lowered(source), head
