"""TypeScript and JavaScript source lowered to the outline."""

from collections.abc import Iterator
from textwrap import dedent
from time import process_time

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pooltlint.outline import nodes
from pooltlint.readers.ecmascript import DEPTH, read
from tests.test_outline.show import show


def lowered(source: str, path: str = "app.ts") -> str:
    module = read(path, dedent(source).encode())
    assert module.errors == ()
    return show(module)


def same(source: str, outline: str, path: str = "app.ts") -> None:
    assert lowered(source, path) == dedent(outline).strip("\n")


def every(value: object) -> Iterator[msgspec.Struct]:
    """All nodes in an outline, without recursion."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, msgspec.Struct):
            yield each
            waiting.extend(getattr(each, name) for name in each.__struct_fields__)
        elif isinstance(each, tuple):
            waiting.extend(each)


def height(value: object) -> int:
    waiting, most = [(value, 0)], 0
    while waiting:
        each, depth = waiting.pop()
        most = max(most, depth)
        if isinstance(each, msgspec.Struct):
            waiting.extend((getattr(each, name), depth + 1) for name in each.__struct_fields__)
        elif isinstance(each, tuple):
            waiting.extend((item, depth) for item in each)
    return most


# --- modules ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "outline"),
    [
        ('import d from "m"', "import d = m:default"),
        ('import d, {a as b, c} from "m"', "import d = m:default\nimport b = m:a\nimport c = m:c"),
        ('import {default as x, "a b" as y} from "m"', "import x = m:default\nimport y = m:a b"),
        ("import * as ns from 'node:fs'", "import ns = node:fs:*"),
        ("import d, * as ns from 'm'", "import d = m:default\nimport ns = m:*"),
        ('import "./instrument"', "import _ = ./instrument:"),
        ('import type {Pool} from "pg"', "import Pool = pg:Pool (types)"),
        ('import type P from "pg"', "import P = pg:default (types)"),
        ('import {type Pool, Client} from "pg"', "import Pool = pg:Pool (types)\nimport Client = pg:Client"),
        ('import {type} from "m"', "import type = m:type"),
        ('import x = require("pg")', "import x = pg:*"),
        ("import q = A.B", ""),
        ('import j from "./x.json" with { type: "json" }', "import j = ./x.json:default"),
        ('const {a} = require("m")', '(const = {a: a} (call require "m"))'),
        ('const m = await import("m")', '(const = m (await (call import "m")))'),
    ],
)
def test_imports(source: str, outline: str) -> None:
    assert lowered(source) == outline


@pytest.mark.parametrize(
    ("source", "outline"),
    [
        (
            "export const a = 1, {b, c: [d]} = x",
            "export a = a\nexport b = b\nexport d = d\n(const = a 1)\n(const = {b: b, c: [d]} x)",
        ),
        ("export function f() {}", "export f = f\nfunction f()"),
        ("export abstract class C {}", "export C = C\nclass C()"),
        ("export enum E { A = 1 }", "export E = E\n(const = E {A: 1})"),
        ("export {a as b, c}", "export b = a\nexport c = c"),
        ('export {a as b, default} from "m"', "export b = m:a\nexport default = m:default"),
        ('export * from "m"', "export * = m:"),
        ('export * as ns from "m"', "export ns = m:*"),
        ('export type * from "m"', "export * = m:"),
        ("export default pool", "export default = pool"),
        ("export default new Pool()", "export default = (new Pool)\n(new Pool)"),
        ("export default async function handler() {}", "export default = handler\nasync function handler()"),
        ("export default {fetch() {}}", "export default = {fetch: (method fetch())}\n{fetch: (method fetch())}"),
        ("export default class extends X {}", "export default = (class (X))\n(class (X))"),
        ("export = pool", "export default = pool"),
        ("export interface I {}\nexport type T = string\nexport declare function f(): void", ""),
        ("exports.a = b", "export a = b\n(= exports.a b)"),
        ("exports['a-b'] = b", 'export a-b = b\n(= exports["a-b"] b)'),
        ("module.exports.a = f()", "export a = (call f)\n(= module.exports.a (call f))"),
        ("module.exports = pool", "export default = pool\n(= module.exports pool)"),
        (
            "module.exports = { a, b: c, d: 1 }",
            "export a = a\nexport b = c\nexport d = 1\nexport default = {a: a, b: c, d: 1}\n"
            "(= module.exports {a: a, b: c, d: 1})",
        ),
        (
            'module.exports = require("./x")',
            'export * = ./x:\nexport default = (call require "./x")\n(= module.exports (call require "./x"))',
        ),
        (
            'module.exports = { ...require("./x") }',
            'export * = ./x:\nexport default = {...(call require "./x")}\n(= module.exports {...(call require "./x")})',
        ),
        (
            "const db = module.exports = exports = { a }",
            "export a = a\nexport default = {a: a}\n(const = db (= module.exports (= exports {a: a})))",
        ),
        ("function f() { exports.a = 1 }", "function f()\n  (= exports.a 1)"),
        ("other.exports = 1", "(= other.exports 1)"),
    ],
)
def test_exports(source: str, outline: str) -> None:
    assert lowered(source) == outline


def test_namespaces_stand_in_their_surroundings_and_offer_nothing() -> None:
    same(
        """
        namespace A.B { export const pool = make() }
        declare global { var prisma: PrismaClient | undefined }
        declare module "pg" { export const ghost: number; import {Pool} from "x" }
        declare const version: string
        """,
        """
        (const = pool (call make))
        (var = prisma: PrismaClient _)
        (const = version: string _)
        """,
    )


def test_directives_stand_at_the_top_only() -> None:
    source = (
        b"#!/usr/bin/env node\n// x\n'use server'\n\"use strict\";\nf()\n'use client'\n"
        b"function g() { 'use cache'; h() }"
    )
    module = read("a.tsx", source)
    assert module.directives == ("use server", "use strict")
    assert module.functions[0].directives == module.directives
    assert module.functions[1].directives == ("use cache",)
    assert len(module.functions[1].body) == 1


def test_comments_that_name_us_are_kept_without_their_marks() -> None:
    source = b"f() // pooltlint: ignore[x]\n/* pooltlint: off */ // other\nconst a = <p>{/* pooltlint: on */}</p>"
    module = read("a.tsx", source)
    assert [comment.text for comment in module.comments] == [
        "pooltlint: ignore[x]", "pooltlint: off", "pooltlint: on",
    ]  # fmt: skip
    assert source[slice(*module.comments[1].span)] == b"/* pooltlint: off */"


def test_language_is_told_by_the_ending() -> None:
    endings = {"ts": "typescript", "mts": "typescript", "tsx": "typescript", "cjs": "javascript", "jsx": "javascript"}
    assert {ending: read(f"a.{ending}", b"").language for ending in endings} == endings


def test_a_cast_is_a_cast_in_ts_and_an_element_in_tsx() -> None:
    assert lowered("x = <T>y", "a.ts") == "(= x y)"
    assert lowered("x = <T>{y}</T>", "a.tsx") == "(= x (? y))"


def test_flow_in_a_js_file_is_read_as_typescript() -> None:
    module = read("a.js", b"function f(pool: Pool): Promise<void> { return pool.end() }")
    assert module.errors == ()
    assert module.language == "javascript"
    assert show(module) == "function f(pool: Pool) -> (? Promise void)\n  return (call pool.end)"


# --- expressions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "outline"),
    [
        ("a?.b.c?.(d)?.[e]", "(call? a?.b.c d)[e]"),
        ("(a as X)!.b satisfies Y", "a.b"),
        ("new X", "(new X)"),
        ("new a.X<T>(1, ...b)", "(new a.X 1 *b)"),
        ("tag`a${b}c`", '(tag tag (template "a" b "c"))'),
        ("sql`select`", '(tag sql "select")'),
        ("a && b || c", "(or (and a b) c)"),
        ("a ?? b", "(?? a b)"),
        ("a + b + c + d", "(+ a b c d)"),
        ("a + (b + c)", "(+ a (+ b c))"),
        ("a - b - c", "(- (- a b) c)"),
        ("a === b", "(== a b)"),
        ("a != b", "(!= a b)"),
        ("!a", "(not a)"),
        ("!0", "True"),
        ("typeof a", "(typeof a)"),
        ("void 0", "None"),
        ("undefined", "None"),
        ("null", "None"),
        ("-1", "-1"),
        ("1_000", "1000"),
        ("0xff", "255"),
        ("0b11", "3"),
        (".5e3", "500.0"),
        ("10n", "(?)"),
        ("/re/g", "(?)"),
        ("x++", "(+= x 1)"),
        ("--x", "(-= x 1)"),
        ("x ??= y", "(??= x y)"),
        ("x ||= y", "(||= x y)"),
        ("a ? b : c", "(if a b c)"),
        ("f((a, b))", "(call f (? a b))"),
        ("a, b", "a\nb"),
        ("[a, , ...b]", "[a, (?), *b]"),
        ("({a, b: 1, 'c': 2, 3: 4, [d]: 5, ['e']: 6, ...g})", "{a: a, b: 1, c: 2, 3: 4, ?: 5, e: 6, ...g}"),
        ("({async foo() {}, get x() { return 1 }})", "{foo: (async method foo()), x: (getter x()   return 1)}"),
        ("[a.b, {c = 1, ...d}] = e", "(= [a.b, {c: (= c 1), ...d}] e)"),
        ("async x => await x", "(async arrow(x)   return (await x))"),
        ("import.meta.env.DATABASE_URL", "import.meta.env.DATABASE_URL"),
        ("this.#pool.end()", "(call this.#pool.end)"),
        ("x = class A extends B {}", "(= x (class A(B)))"),
        ("x = function* () { yield a; yield* b; yield }", "(= x (function*()   (yield a)   (yield* b)   (yield _)))"),
    ],
)
def test_expressions(source: str, outline: str) -> None:
    assert lowered(source) == outline


@pytest.mark.parametrize(
    ("source", "outline"),
    [
        ("await pool.query<Row>(sql)", "(await (call pool.query sql))"),
        ("await pool.query(sql)", "(await (call pool.query sql))"),
        ("(await pool.query<Row>(sql)).rows", "(await (call pool.query sql)).rows"),
        ("(await f<A>(x)).g<B>(y)", "(call (await (call f x)).g y)"),
        ("await f<A>(x).catch(g)", "(await (call (call f x).catch g))"),
        ("await new F<A>(1).b<C>(2)", "(await (call (new F 1).b 2))"),
        ("!await f<A>(x) + g<B>(y)", "(+ (not (await (call f x))) (call g y))"),
        ("a || !f<A>(x)", "(or a (not (call f x)))"),
        ("(await a).b", "(await a).b"),
        ("(!a)[0]", "(not a)[0]"),
        ("await sql<Row[]>`a ${b}`", '(await (tag sql (template "a " b)))'),
        ("sql<{ n: number; f: (a: X) => Y }[]>`a`.c", '(tag sql "a").c'),
        ("`<b>${x}</b>`", '(template "<b>" x "</b>")'),
        ("a < b; c > `d`", '(< a b)\n(> c "d")'),
    ],
)
def test_type_arguments_change_nothing(source: str, outline: str) -> None:
    assert lowered(source) == outline


def test_spans_of_a_call_with_type_arguments() -> None:
    source = b"x = await pool.query<Row>(sql)"
    found = {type(node).__name__: source[slice(*node.span)] for node in every(read("a.ts", source).functions[0].body)
             if isinstance(node, nodes.Await | nodes.Call | nodes.Member)}  # fmt: skip
    assert found == {"Await": b"await pool.query<Row>(sql)", "Call": b"pool.query<Row>(sql)", "Member": b"pool.query"}


def test_jsx_keeps_the_expressions_inside() -> None:
    same(
        "x = <A.B {...p} k='v' on={() => f()} e=<i>{y}</i>>text {g(z)} <C d={w}/>{/* c */}</A.B>",
        "(= x (? *p (arrow()   return (call f)) y (call g z) w))",
        "a.jsx",
    )


def test_escapes_are_decoded_and_lone_surrogates_replaced() -> None:
    module = read(
        "a.js",
        rb"""x = '\n\x41\u0042\u{1F600}\ud83d\ude00\'\
c\ud800'; y = `a\`${b}\t`""",
    )
    texts = [node.value for node in every(module.functions[0].body) if isinstance(node, nodes.Text)]
    assert sorted(texts) == sorted(["\nAB\U0001f600\U0001f600'c\ufffd", "a`", "\t"])


@pytest.mark.parametrize(
    "source",
    [
        "x = 'postgres://app:hunter2@db/app'",
        "x = 'postgres://app:hun/ter2@db/app'",
        "x = `postgres://app:hunter2@${host}/app`",
        "x = `postgres://${user}:hunter2@${host}/app`",
        "x = `postgres://app:hunter2${x}@${host}/app`",
        "x = 'postgres://' + user + ':hunter2@db/app'",
        "x = 'postgres://app:hun' + x + 'ter2@db/app'",
        "x = {'postgres://app:hunter2@db': 1}",
        "import x from 'https://a:hunter2@db/x.js'",
        "f() // pooltlint: ignore postgres://app:hunter2@db",
    ],
)
def test_no_password_gets_in(source: str) -> None:
    written = msgspec.json.encode(read("a.ts", source.encode())).decode()
    assert "hunter2" not in written
    assert "ter2" not in written


def test_templates_without_user_keep_their_host() -> None:
    assert lowered("`postgres://${host}:5432/app@v1`") == '(template "postgres://" host ":5432/app@v1")'
    assert lowered("'http://db:' + port + '/x'") == '(+ "http://db:" port "/x")'


# --- statements ---------------------------------------------------------------------------------


def test_declarations() -> None:
    same(
        """
        const a = 1, b: pg.Pool = x
        let {c, d: {e}, f = 1, ...g} = h
        var i
        { const j = 1 }
        """,
        """
        (const = a 1)
        (const = b: pg.Pool x)
        (let = {c: c, d: {e: e}, f: (= f 1), ...g} h)
        (var = i _)
        (const = j 1)
        """,
    )


@pytest.mark.parametrize("path", ["a.ts", "a.tsx", "a.js"])
def test_using(path: str) -> None:
    same(
        """
        using a = f(), b = g()
        async function h() {
          await using client = await pool.connect()
          for (await using c of cs) c()
          for (using c of cs) c()
        }
        using = using.of
        """,
        """
        (using = a (call f))
        (using = b (call g))
        async function h()
          (await using = client (await (call pool.connect)))
          each (await using = c _) cs
            (call c)
          each (using = c _) cs
            (call c)
        (= using using.of)
        """,
        path,
    )


def test_a_using_declaration_starts_at_its_await() -> None:
    source = b"  await using c = f();"
    statement = read("a.ts", source).functions[0].body[0]
    assert source[slice(*statement.span)] == b"await using c = f();"


def test_loops() -> None:
    same(
        """
        for (const [k, v] of xs) f(k)
        for await (const x of y) {}
        for (i in o) {}
        outer: for (let i = 0, j; i < 1; i++) { continue outer }
        for (;;) break
        while (true) { f() }
        while (a) {}
        do { f() } while (a)
        block: { break block }
        """,
        """
        each [k, v] xs
          (call f k)
        async each x y
        each i o
        (let = i 0)
        (let = j _)
        for (< i 1) @outer
          continue outer
          (+= i 1)
        for _
          break
        while _
          (call f)
        while a
        do a
          (call f)
        do False @block
          break block
        """,
    )


def test_branches() -> None:
    same(
        """
        if (a) b(); else if (c) { d() } else e()
        switch (a) { case 1: case 2: b(); break; default: c() }
        try { a() } catch ({message}) { b(message) } finally { c() }
        try { a() } catch (e) { throw e }
        try { a() } catch {}
        """,
        """
        if a
          (call b)
        else
          if c
            (call d)
          else
            (call e)
        switch a
          case 1
          case 2
            (call b)
            break
          default
            (call c)
        try
          (call a)
        except []
          (let = {message: message} (?))
          (call b message)
        finally
          (call c)
        try
          (call a)
        except [] as e
          raise e
        try
          (call a)
        except []
        """,
    )


def test_commas_in_statements_are_statements() -> None:
    same(
        "function f() { a = 1, b(); return c(), d; } function g() { throw a(), b }",
        """
        function f()
          (= a 1)
          (call b)
          (call c)
          return d
        function g()
          (call a)
          raise b
        """,
    )


def test_enum_is_a_record() -> None:
    assert lowered("enum E { A = 'a', B, 'c' = 1 }") == '(const = E {A: "a", B: (?), c: 1})'


# --- functions and classes ------------------------------------------------------------------------


def test_parameters() -> None:
    same(
        """
        function f(this: X, a: Pool, {b, c: d = 1}: Opts = {}, [e]?: any, ...rest: Pool[]): Promise<Pool> {}
        function over(a: string): void
        function over(a: any) {}
        """,
        """
        function f(a: Pool, {b: b, c: (= d 1)}: Opts = {}, [e]: any, *rest: (? Pool)) -> (? Promise Pool)
        function over(a: any)
        """,
    )
    same("(a = 1, {b}, [c], ...d) => {}", "(arrow(a = 1, {b: b}, [c], *d))", "a.js")


@pytest.mark.parametrize(
    ("annotation", "outline"),
    [
        ("Pool", "Pool"),
        ("pg.Pool", "pg.Pool"),
        ("a.b.Pool", "a.b.Pool"),
        ("Pool | null", "Pool"),
        ("Pool | null | undefined", "Pool"),
        ("(Pool | null)", "Pool"),
        ("readonly Pool[]", "(? Pool)"),
        ("Pool | Client", "(? Pool Client)"),
        ("Promise<pg.Pool>", "(? Promise pg.Pool)"),
        ("ReturnType<typeof drizzle>", "(? ReturnType (? drizzle))"),
        ("A & B", "(? A B)"),
        ('import("pg").Pool', "(?)"),
        ('Array<import("pg").Pool>', "(? Array (?))"),
        ("(a: X) => Y", "(?)"),
        ("{ a: X }", "{a: X}"),
        ("{ a: X; b?: Y; c(): void; [key: string]: Z }", "{a: X, b: Y}"),
    ],
)
def test_annotations(annotation: str, outline: str) -> None:
    assert lowered(f"let x: {annotation}") == f"(let = x: {outline} _)"


def test_class() -> None:
    same(
        """
        @Injectable()
        export class Repo<T> extends mixin(Base)<T> implements OnModuleInit {
          private readonly pool: Pool
          static #x = 1
          declare name: string
          @InjectRepository(User) users?: Repository<User>
          static { start() }
          constructor(private readonly db: Db, @Inject(X) y: Y = z) { super() }
          @Get("a") async *list(): AsyncGenerator {}
          get v() { return 1 }
          set v(x) {}
          static async make() {}
          [Symbol.asyncDispose]() {}
          'quoted'() {}
          run = async () => { await this.pool.end() }
          abstract later(): void
          over(a: string): void
          over(a: any) {}
        }
        """,
        """
        export Repo = Repo
        @(call Injectable)
        class Repo((call mixin Base))
          field pool: Pool _
          static field #x 1
          field name: string _
          @(call InjectRepository User) field users: (? Repository User) _
          field run (async arrow()   (await (call this.pool.end)))
          static method()
            (call start)
          constructor constructor(property db: Db, @(call Inject X) y: Y = z)
            (call super)
          @(call Get "a")
          async method* list() -> AsyncGenerator
          getter v()
            return 1
          setter v(x)
          static async method make()
          method [Symbol.asyncDispose]()
          method quoted()
          method over(a: any)
        """.replace("static async method", "async static method"),
    )


def test_class_of_javascript() -> None:
    same(
        "class A extends B { @dec static #p = 1; q; async #m() {} static { f() } }",
        """
        class A(B)
          @dec static field #p 1
          field q _
          async method #m()
          static method()
            (call f)
        """,
        "a.js",
    )


def test_functions_know_their_surroundings() -> None:
    module = read("a.ts", b"function f() { return () => 1 } class A { m() { const g = function h() {} } }")
    names = [function.name for function in module.functions]
    assert names == ["", "f", "", "m", "h"]
    assert [function.kind for function in module.functions] == ["module", "function", "arrow", "method", "function"]
    assert [function.parent for function in module.functions] == [-1, 0, 1, 0, 3]
    assert [function.owner for function in module.functions] == [-1, -1, -1, 0, -1]
    assert module.classes[0].methods == (3,)


# --- places ---------------------------------------------------------------------------------------


def test_spans_are_bytes() -> None:
    source = "const é = 'ü'\r\nconst pool = new pg.Pool({ max: 1_0 })\n".encode()
    module = read("a.ts", source)
    assert module.lines == [0, 17, len(source)]
    found = {
        type(node).__name__: source[slice(*node.span)]
        for node in every(module.functions[0].body[1])
        if isinstance(node, nodes.Call | nodes.Record | nodes.Constant | nodes.Do)
    }
    assert found["Call"] == b"new pg.Pool({ max: 1_0 })"
    assert found["Record"] == b"{ max: 1_0 }"
    assert found["Constant"] == b"1_0"
    assert found["Do"] == b"const pool = new pg.Pool({ max: 1_0 })"
    member = next(node for node in every(module.functions[0].body) if isinstance(node, nodes.Member))
    assert source[slice(*member.at)] == b"Pool"


def test_every_span_lies_inside_its_file() -> None:
    for path, source in SAMPLES.items():
        for node in every(read(path, source)):
            span = getattr(node, "span", (0, 0))
            assert 0 <= span[0] <= span[1] <= len(source)


def test_byte_order_mark_and_line_ends() -> None:
    module = read("a.ts", b"\xef\xbb\xbf'use server'\r\nf()\r// c\rg()")
    assert show(module) == "directive use server\n(call f)\n(call g)"


# --- what cannot be read ----------------------------------------------------------------------------


def test_errors_are_marked_and_their_surroundings_lowered() -> None:
    source = b"const a = f()\nconst b = = 3\nconst c = g()\n"
    module = read("a.ts", source)
    assert [source[start:end] for start, end in module.errors] == [b"="]
    shown = show(module).splitlines()
    assert shown[0] == "(const = a (call f))"
    assert shown[-1] == "(const = c (call g))"


def test_an_expression_with_an_error_in_it_is_unknown() -> None:
    module = read("a.js", b"x = a.b(1 2)")
    assert module.errors
    assert "(call a.b 1 2)" not in show(module)


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        (b'<a href="https://x.example/?a=b&c=d&e=f">{g(h)}</a>', "(call g h)"),
        (b'<p title="A & B">{g(h)}</p>', "(call g h)"),
        (b'const f = async () => g<typeof import("x")>()', "(call g)"),
        (b"abstract class A { protected abstract override readonly a: X }", "field a: X"),
        (b"const t = `a\0b`", '"a\0b"'),
        (b"// caf\xe9\nf('\xe9')", "(call f"),
    ],
)
def test_what_the_grammars_do_not_know(source: bytes, kept: str) -> None:
    module = read("a.tsx", source)
    assert module.errors == ()
    assert kept in show(module)


DEEP = {
    "parentheses": "(" * 3000 + "a" + ")" * 3000,
    "arrays": "[" * 3000 + "]" * 3000,
    "objects": "x=" + "{a:" * 3000 + "1" + "}" * 3000,
    "blocks": "{" * 3000 + "}" * 3000,
    "arrows": "x=" + "a=>" * 3000 + "1",
    "ternaries": "x=" + "a?b:" * 3000 + "c",
    "else if": "if(a){}" + "else if(b){}" * 3000,
    "not": "!" * 3000 + "a",
    "functions": "function f(){" * 1000 + "}" * 1000,
    "classes": "class A{m(){" * 1000 + "}}" * 1000,
    "callbacks": "f(()=>{" * 1000 + "})" * 1000,
    "templates": "`${" * 1000 + "1" + "}`" * 1000,
    "calls": "f(" * 3000 + ")" * 3000,
    "types": "let x: " + "A<" * 3000 + "B" + ">" * 3000,
    "assignments": "a=" * 400 + "b",
    "patterns": "let " + "{a:" * 3000 + "b" + "}" * 3000 + "=c",
    "loops": "while(a)" * 3000 + ";",
    "namespaces": "namespace A{" * 1000 + "}" * 1000,
    "prefixed calls": "!" * 3000 + "a<b>(c)",
    "chain": "a" + ".b()" * 5000,
    "indexes": "a" + "[0]" * 5000,
    "with types": "await a" + ".b<c>(d)" * 2000,
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP.keys())
def test_deep_nesting_is_cut(source: str) -> None:
    module = read("a.ts", source.encode())
    assert module.errors
    assert height(module) <= 2 * DEPTH + 10


@pytest.mark.parametrize(
    ("source", "operands"),
    [("x=" + "a+" * 20000 + "b", 20001), ("x=" + "a||" * 20000 + "b", 20001)],
)
def test_long_runs_of_one_operator_are_one_operation(source: str, operands: int) -> None:
    module = read("a.ts", source.encode())
    assert module.errors == ()
    assert [len(node.operands) for node in every(module) if isinstance(node, nodes.Operation)] == [operands]


def test_long_chains_keep_what_is_near() -> None:
    module = read("a.ts", ("db" + ".a(1)" * 5000 + ".then(f)").encode())
    statement = module.functions[0].body[0]
    assert isinstance(statement, nodes.Do)
    assert isinstance(statement.value, nodes.Call)
    assert isinstance(statement.value.callee, nodes.Member)
    assert statement.value.callee.name == "then"


def test_elements_may_be_nested_to_any_depth() -> None:
    module = read("a.tsx", ("x=" + "<a>" * 1000 + "{f(b)}" + "</a>" * 1000).encode())
    assert module.errors == ()
    assert show(module) == "(= x (? (call f b)))"


def test_one_line_of_many_statements_is_linear() -> None:
    def seconds(times: int) -> float:
        source = b"var a=function(b,c){return b.d(c).e||f[g]},h={i:1};" * times
        began = process_time()
        assert read("a.js", source).errors == ()
        return process_time() - began

    seconds(100)
    assert min(seconds(8000) for _ in range(2)) < 8 * 3 * max(seconds(1000), 0.01)


@pytest.mark.parametrize("source", [b"&a=" * 20000, b"a=&" * 20000, b"&!" * 20000, b"*a=\n" * 20000])
def test_hostile_errors_are_given_up_in_time(source: bytes) -> None:
    began = process_time()
    module = read("a.js", source)
    assert process_time() - began < 8
    assert module.errors[0] == (0, len(source))
    assert module.functions[0].body == ()


SAMPLES = {
    "a.ts": b"""import {Pool, type C} from "pg"; export default class A<T> { constructor(private p: Pool) {}
      @dec() async m(@x y?: pg.Pool | null) { using a = f<B>`x${1}`;
        try { await this.p.q<R>(1) } finally { b?.c() } } }
      enum E { A = 1 } declare global { var z: X } export {a as b} from "m";
      outer: for (const [k] of v) { continue outer }""",
    "a.tsx": b"""'use server'; const x = <A b={c} {...d}>{e.map((f) => <G h="i&j" />)}</A>;
      export const y = async () => x""",
    "a.js": b"""const {a, b: [c = 1]} = require('x');
      module.exports = {a, ...require('y'), async z() { yield 1 }};
      switch (q) { case 1: if (a) b(); else c(); default: throw new E(`m${n}`) }
      var o = a ? b : c, p = (1, 2) /* w */""",
}

SCRAPS = st.sampled_from([
    *"(){}[]<>`'\"\\/=!@;,:a1\r\n\0\ufeff\u2028\ud83d\u00e9", "${", "//", "/*", "=>", "?.", "...", "0n", "<T>",
    "async ", "await ", "using ", "class ", "function", "import ", "export ", "default ", "new ", "yield ", "enum ",
    "namespace ", "declare ", "static ", "get ",
])  # fmt: skip
EDITS = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 6), SCRAPS), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(SAMPLES)), EDITS)
@example("a.js", [])
def test_mutated_source_never_raises(path: str, edits: list[tuple[int, int, str]]) -> None:
    source = SAMPLES[path]
    for at, gone, scrap in edits:
        source = source[:at] + scrap.encode("utf-8", "surrogatepass") + source[at + gone :]
    module = read(path, source)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(module), type=nodes.Module) == module


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(SAMPLES)), st.one_of(st.binary(max_size=200), st.lists(SCRAPS, max_size=40).map(
    lambda scraps: "".join(scraps).encode("utf-8", "surrogatepass"))))  # fmt: skip
def test_random_source_never_raises(path: str, source: bytes) -> None:
    module = read(path, source)
    msgspec.json.encode(module)
    assert all(0 <= start <= end <= len(source) for start, end in module.errors)
