"""The outline: a small, lossy tree that Python, TypeScript and JavaScript are all lowered to.

Every node carries the byte span of its source. A construct that a reader does not understand
becomes :class:`Opaque`, which keeps the expressions inside it (so calls in it stay visible) and
means *unknown* to everybody downstream.
"""

from __future__ import annotations

from msgspec import Struct

from pooltlint.model.source import Span


class Node(Struct, frozen=True, array_like=True, gc=False, tag=True):
    """Common options of all nodes; never instantiated itself."""


# --- expressions ------------------------------------------------------------------------------


class Text(Node, frozen=True, array_like=True, gc=False, tag=True):
    """A string literal without holes; user-info of URLs in it is masked by the reader."""

    value: str
    span: Span


class Constant(Node, frozen=True, array_like=True, gc=False, tag=True):
    """A number, boolean or nothing (``None``, ``null`` and ``undefined`` are one)."""

    value: int | float | bool | None
    span: Span


class Template(Node, frozen=True, array_like=True, gc=False, tag=True):
    """f-string or template literal: :class:`Text` parts and expressions in order."""

    parts: tuple[Expr, ...]
    span: Span


class Name(Node, frozen=True, array_like=True, gc=False, tag=True):
    """An identifier; ``this``, ``self`` as written, ``super`` too."""

    id: str
    span: Span


class Member(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``owner.name``; ``optional`` for ``owner?.name``; ``at`` is the span of ``name`` alone."""

    owner: Expr
    name: str
    span: Span
    at: Span
    optional: bool = False


class Index(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``owner[key]``."""

    owner: Expr
    key: Expr
    span: Span


class Argument(Struct, frozen=True, array_like=True, gc=False):
    """One argument. ``name`` for keywords; ``spread`` for ``*x``, ``**x`` (with ``name="**"``) and ``...x``."""

    value: Expr
    name: str = ""
    spread: bool = False


class Call(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``callee(...)``; ``new`` for constructor syntax; ``tag`` for a tagged template.

    A tagged template's only argument is its :class:`Template` or :class:`Text`. ``import(x)`` and
    ``require(x)`` are calls of the names ``import`` and ``require``.
    """

    callee: Expr
    args: tuple[Argument, ...]
    span: Span
    new: bool = False
    tag: bool = False
    optional: bool = False


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """One entry of a record. A computed key that is no literal has ``key=None``; so has a spread."""

    key: str | None
    value: Expr
    span: Span
    spread: bool = False


class Record(Node, frozen=True, array_like=True, gc=False, tag=True):
    """Object literal or dict display; as an assignment target: object destructuring."""

    entries: tuple[Entry, ...]
    span: Span


class Items(Node, frozen=True, array_like=True, gc=False, tag=True):
    """List, tuple, set or array display; as an assignment target: unpacking. Spread items are :class:`Spread`."""

    items: tuple[Expr, ...]
    span: Span


class Spread(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``*x`` or ``...x`` inside :class:`Items`, or a rest target."""

    value: Expr
    span: Span


class Lambda(Node, frozen=True, array_like=True, gc=False, tag=True):
    """A function as a value; ``function`` indexes :attr:`Module.functions`."""

    function: int
    span: Span


class ClassValue(Node, frozen=True, array_like=True, gc=False, tag=True):
    """A class as a value; ``cls`` indexes :attr:`Module.classes`."""

    cls: int
    span: Span


class Choice(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``then if test else otherwise``, ``test ? then : otherwise``."""

    test: Expr
    then: Expr
    otherwise: Expr
    span: Span


class Operation(Node, frozen=True, array_like=True, gc=False, tag=True):
    """Operator applied to operands.

    ``op`` is normalised: ``and``, ``or``, ``??``, ``not``, ``==``, ``!=`` (``is``, ``===`` and
    ``==`` are one; so are their negations), ``+``, ``in``, ``typeof``; any other operator as written.
    """

    op: str
    operands: tuple[Expr, ...]
    span: Span


class Await(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``await value``."""

    value: Expr
    span: Span


class Yield(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``yield value``; ``delegate`` for ``yield from`` and ``yield*``."""

    value: Expr | None
    span: Span
    delegate: bool = False


class Assign(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``target op value``: the only way a name is bound to a value.

    ``op``: ``=``, ``??=``, ``||=``, ``+=`` … ``declare``: ``""`` for a plain assignment, else
    ``const``, ``let``, ``var``, ``using``, ``await using``. A bare annotation (``x: Pool``) or a
    declaration without value has ``value=None``. A default inside a destructuring target is an
    ``Assign`` with op ``=`` in the target's place.
    """

    target: Expr
    value: Expr | None
    span: Span
    op: str = "="
    declare: str = ""
    annotation: Expr | None = None


class Opaque(Node, frozen=True, array_like=True, gc=False, tag=True):
    """Not understood, or of no interest; ``parts`` are the expressions inside, in source order."""

    parts: tuple[Expr, ...]
    span: Span


Expr = (
    Text
    | Constant
    | Template
    | Name
    | Member
    | Index
    | Call
    | Record
    | Items
    | Spread
    | Lambda
    | ClassValue
    | Choice
    | Operation
    | Await
    | Yield
    | Assign
    | Opaque
)

# --- statements -------------------------------------------------------------------------------


class Do(Node, frozen=True, array_like=True, gc=False, tag=True):
    """An expression evaluated for its effect (assignments and declarations among them)."""

    value: Expr
    span: Span


class Return(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``return value``; the expression body of an arrow function or lambda is one as well."""

    value: Expr | None
    span: Span


class Raise(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``raise`` or ``throw``."""

    value: Expr | None
    span: Span


class Break(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``break``, with its label if it has one."""

    span: Span
    label: str = ""


class Continue(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``continue``, with its label if it has one."""

    span: Span
    label: str = ""


class If(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``if``; ``elif`` is an ``If`` alone in ``otherwise``."""

    test: Expr
    then: Block
    otherwise: Block
    span: Span


class Loop(Node, frozen=True, array_like=True, gc=False, tag=True):
    """Any loop.

    ``kind``: ``each`` (``for x in y``, ``for…of``, ``for…in``: ``subject`` is what is iterated and
    ``target`` what is bound), ``while`` (``subject`` is the test; ``None`` means always), ``do``
    (test after the body), ``for`` (C style; the initialiser stands before the loop as :class:`Do`,
    the update at the end of the body). ``otherwise`` is Python's ``else``. ``asynchronous`` for
    ``async for`` and ``for await``.
    """

    kind: str
    subject: Expr | None
    target: Expr | None
    body: Block
    span: Span
    otherwise: Block = ()
    asynchronous: bool = False
    label: str = ""


class Handler(Struct, frozen=True, array_like=True, gc=False):
    """One ``except``/``catch``. ``types`` empty: catches everything. ``name``: the bound name or ``""``."""

    types: tuple[Expr, ...]
    name: str
    body: Block
    span: Span


class Try(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``try``; ``otherwise`` is Python's ``else``; ``final`` is ``None`` without ``finally``."""

    body: Block
    handlers: tuple[Handler, ...]
    otherwise: Block
    final: Block | None
    span: Span


class Resource(Struct, frozen=True, array_like=True, gc=False):
    """One item of a ``with``."""

    value: Expr
    target: Expr | None


class With(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``with`` / ``async with``."""

    items: tuple[Resource, ...]
    body: Block
    span: Span
    asynchronous: bool = False


class Arm(Struct, frozen=True, array_like=True, gc=False):
    """One ``case``; ``tests`` empty for ``default`` or ``case _``."""

    tests: tuple[Expr, ...]
    body: Block


class Switch(Node, frozen=True, array_like=True, gc=False, tag=True):
    """``switch`` (``falls`` through to the next arm without ``break``) or ``match`` (never does)."""

    subject: Expr
    arms: tuple[Arm, ...]
    span: Span
    falls: bool = False


class Define(Node, frozen=True, array_like=True, gc=False, tag=True):
    """A function declaration at this point."""

    function: int
    span: Span


class DefineClass(Node, frozen=True, array_like=True, gc=False, tag=True):
    """A class declaration at this point."""

    cls: int
    span: Span


Stmt = Do | Return | Raise | Break | Continue | If | Loop | Try | With | Switch | Define | DefineClass
Block = tuple[Stmt, ...]

# --- functions, classes, modules ----------------------------------------------------------------


class Parameter(Struct, frozen=True, array_like=True, gc=False):
    """One parameter. ``target`` is a :class:`Name`, or a destructuring target.

    ``kind``: ``""``, ``*`` (rest), ``**``. ``property``: a TypeScript constructor parameter that is
    a field too (``private pool: Pool``); ``private``: one that other classes cannot see.
    """

    target: Expr
    span: Span
    annotation: Expr | None = None
    default: Expr | None = None
    kind: str = ""
    property: bool = False
    decorators: tuple[Expr, ...] = ()
    private: bool = False


class Function(Struct, frozen=True, array_like=True, gc=False):
    """A function, method, arrow or lambda. Index 0 of a module is the module's own body.

    ``name`` is ``""`` for an anonymous function (a function bound by ``const f = () => …`` or an
    object key stays anonymous here: its name is found through the binding). ``parent`` is the index
    of the enclosing function, ``-1`` for the module body. ``owner`` is the index of the class whose
    method it is, else ``-1``. ``kind``: ``module``, ``function``, ``method``, ``constructor``,
    ``getter``, ``setter``, ``arrow``. ``directives``: ``use server`` and the like. ``globals``: names
    that Python's ``global`` or ``nonlocal`` redirects outwards. ``at``: span of the name, or of the
    first token.
    """

    name: str
    kind: str
    params: tuple[Parameter, ...]
    body: Block
    span: Span
    at: Span
    parent: int
    owner: int = -1
    asynchronous: bool = False
    generator: bool = False
    static: bool = False
    decorators: tuple[Expr, ...] = ()
    directives: tuple[str, ...] = ()
    globals: tuple[str, ...] = ()
    returns: Expr | None = None


class Field(Struct, frozen=True, array_like=True, gc=False):
    """A class attribute declared in the class body. ``private``: other classes cannot see it (TypeScript, ``#name``)."""

    name: str
    span: Span
    value: Expr | None = None
    annotation: Expr | None = None
    static: bool = False
    decorators: tuple[Expr, ...] = ()
    private: bool = False


class Class(Struct, frozen=True, array_like=True, gc=False):
    """A class. ``methods`` are function indexes; ``parent`` is the enclosing function's index."""

    name: str
    bases: tuple[Expr, ...]
    fields: tuple[Field, ...]
    methods: tuple[int, ...]
    span: Span
    at: Span
    parent: int
    decorators: tuple[Expr, ...] = ()


class Import(Struct, frozen=True, array_like=True, gc=False):
    """A static import that binds a local name.

    ``module`` is the specifier as written (``pg``, ``../db``, ``app.db``, ``..db``; Deno's
    ``npm:pg@8`` too). ``name`` is the imported name, ``*`` for the whole module (``import x``,
    ``import x as y``, ``import * as y``), ``default`` for a default import. ``local`` is the name
    bound here: Python's ``import a.b.c`` binds ``a`` with module ``a``, and a second import with
    ``local=""`` records that ``a.b.c`` is loaded. ``from m import *`` has ``local="*"`` and
    ``name="*"``; a side-effect import ``local=""``. ``scope`` is the function it stands in
    (0: module level). ``type_only`` for TypeScript's ``import type``.
    """

    local: str
    module: str
    name: str
    span: Span
    scope: int = 0
    type_only: bool = False


class Export(Struct, frozen=True, array_like=True, gc=False):
    """A name this module offers (JavaScript and TypeScript; Python offers all module-level names).

    ``name``: the offered name, ``default``, or ``*`` for ``export * from``. Either ``local`` is the
    module-level name behind it, or ``module`` + ``imported`` name what is passed on from elsewhere,
    or ``value`` is the expression of ``export default …`` / ``module.exports = …``.
    """

    name: str
    span: Span
    local: str = ""
    module: str = ""
    imported: str = ""
    value: Expr | None = None


class Comment(Struct, frozen=True, array_like=True, gc=False):
    """A comment that holds the word ``pooltlint``; its text without the comment marks."""

    text: str
    span: Span


class Module(Struct, frozen=True, array_like=True, gc=False):
    """One code file, lowered. ``language``: ``python``, ``typescript`` or ``javascript``.

    ``lines`` are the byte offsets of the line starts. ``errors`` are the spans the parser could
    not make sense of; everything outside of them is as good as ever.
    """

    path: str
    language: str
    functions: tuple[Function, ...]
    classes: tuple[Class, ...]
    imports: tuple[Import, ...]
    exports: tuple[Export, ...]
    comments: tuple[Comment, ...]
    lines: list[int]
    errors: tuple[Span, ...] = ()
    directives: tuple[str, ...] = ()
