"""Records what PostgreSQL's own parser makes of the statements of tests/test_sql.py.

    python tests/oracles/record_sql.py > tests/sql_oracle.json

Needs pglast (recorded with pglast 8.7, the parser of PostgreSQL 18), which is under the GPL and hence
no dependency of the project. Placeholders of drivers are made ``$1``; what the parser refuses is ``null``.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pglast  # type: ignore[import-not-found,unused-ignore]
from pglast import ast, visitors  # type: ignore[import-not-found,unused-ignore]
from pglast.enums import (  # type: ignore[import-not-found,unused-ignore]
    ObjectType,
    OnCommitAction,
    TransactionStmtKind,
    VariableSetKind,
)

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from tests.test_sql import CASES, STATEMENTS

TRACKED = {
    "client_encoding", "datestyle", "timezone", "standard_conforming_strings", "application_name", "intervalstyle",
}  # fmt: skip
CURSOR_OPT_HOLD = 0x0020
TRANSACTION = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "savepoint",
    "TRANS_STMT_ROLLBACK_TO": "savepoint",
}
FUNCTIONS = {
    "pg_notify": "notify",
    **{f"pg_{way}advisory_lock{shared}": "session lock" for way in ("", "try_") for shared in ("", "_shared")},
    **{f"pg_advisory_unlock{which}": "session unlock" for which in ("", "_shared", "_all")},
    **{f"pg_{way}advisory_xact_lock{shared}": "transaction lock" for way in ("", "try_") for shared in ("", "_shared")},
}


def parsable(text: str) -> str:
    """The text with the placeholders of drivers as PostgreSQL's own."""
    text = text.replace("\x00", "hole")
    text = re.sub(r"%\(\w+\)s|%s|(?<![\w'])\?(?![\w'])", "$1", text)
    return re.sub(r"(?<![:\w']):([a-z_]\w*)", "$1", text)


def variable(stmt: ast.VariableSetStmt) -> str:
    kind, name = VariableSetKind(stmt.kind).name, (stmt.name or "").lower()
    if kind in ("VAR_RESET", "VAR_RESET_ALL"):
        return "set tracked" if name in TRACKED else "reset"
    if kind == "VAR_SET_MULTI":
        return "set" if name == "session characteristics" else "set local"
    if stmt.is_local:
        return "set local"
    if name in ("role", "session_authorization"):
        value = stmt.args[0].val.sval if stmt.args else "default"
        return "reset" if value in ("none", "default") else "set role"
    if name in TRACKED:
        return "set tracked"
    return "reset" if kind == "VAR_SET_DEFAULT" else "set"


class Calls(visitors.Visitor):  # type: ignore[misc,unused-ignore]
    """Collects the effects of function calls."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []

    def visit_FuncCall(self, ancestors: object, node: ast.FuncCall) -> None:
        *schema, name = (each.sval for each in node.funcname)
        if schema and schema != ["pg_catalog"]:
            return
        kind = FUNCTIONS.get(name)
        if name == "set_config" and len(node.args) == 3:
            kind = config(*node.args)
        if kind:
            self.found.append((node.location, kind))


def config(name: object, value: object, local: object) -> str | None:
    if isinstance(local, ast.NamedArgExpr):
        local = local.arg
    if isinstance(local, ast.TypeCast):
        local = local.arg
    if not isinstance(local, ast.A_Const) or local.val is None:
        return None
    said = (
        local.val.boolval
        if isinstance(local.val, ast.Boolean)
        else getattr(local.val, "sval", "") in ("t", "true", "on")
    )
    setting = name.val.sval.lower() if isinstance(name, ast.A_Const) else ""
    return "set_config local" if said else "set tracked" if setting in TRACKED else "set_config"


STORED = (
    ast.CreateFunctionStmt,
    ast.ViewStmt,
    ast.CommentStmt,
    ast.GrantStmt,
    ast.DropStmt,
    ast.CreatePolicyStmt,
    ast.CreateStmt,
)


def kinds(stmt: object, text: str) -> list[str]:
    match stmt:
        case ast.TransactionStmt():
            return [TRANSACTION.get(TransactionStmtKind(stmt.kind).name, "other")]
        case ast.VariableSetStmt():
            return [variable(stmt)]
        case ast.ConstraintsSetStmt():
            return ["set local"]
        case ast.ListenStmt():
            return ["listen"]
        case ast.UnlistenStmt():
            return ["unlisten"]
        case ast.NotifyStmt():
            return ["notify"]
        case ast.PrepareStmt():
            return ["prepare"]
        case ast.ExecuteStmt():
            return ["execute"]
        case ast.DeallocateStmt():
            return ["deallocate"]
        case ast.DiscardStmt():
            return ["discard"]
        case ast.DropStmt() if ObjectType(stmt.removeType).name == "OBJECT_TABLE":
            return ["drop table"]
        case ast.LoadStmt():
            return ["load"]
        case ast.DeclareCursorStmt() if stmt.options & CURSOR_OPT_HOLD:
            return ["cursor with hold"]
        case ast.CreateStmt() if stmt.relation.relpersistence == "t":
            dropped = OnCommitAction(stmt.oncommit) is OnCommitAction.ONCOMMIT_DROP
            return ["temporary table on commit drop" if dropped else "temporary table"]
        case ast.CreateTableAsStmt() if stmt.into.rel.relpersistence == "t":
            dropped = OnCommitAction(stmt.into.onCommit) is OnCommitAction.ONCOMMIT_DROP
            return ["temporary table on commit drop" if dropped else "temporary table"]
        case ast.ViewStmt() if stmt.view.relpersistence == "t":
            return ["temporary table"]
        case ast.CreateSeqStmt() if stmt.sequence.relpersistence == "t":
            return ["temporary table"]
        case ast.SelectStmt() if stmt.intoClause is not None and stmt.intoClause.rel.relpersistence == "t":
            return ["temporary table"]
        case ast.DoStmt():
            body = next(each.arg.sval for each in stmt.args if each.defname == "as")
            return [FUNCTIONS[name] for name in re.findall(r"\b(pg_\w+)\s*\(", body) if name in FUNCTIONS] or ["other"]
        case _ if isinstance(stmt, STORED):
            return ["other"]
    calls = Calls()
    calls(stmt)
    return [kind for _, kind in sorted(calls.found)] or ["other"]


def record(text: str) -> list[str] | None:
    try:
        parsed = pglast.parse_sql(parsable(text))
    except pglast.parser.ParseError:
        return None
    return [kind for raw in parsed for kind in kinds(raw.stmt, text)]


if __name__ == "__main__":
    json.dump({text: record(text) for text in (*CASES, *STATEMENTS)}, sys.stdout, indent=1, ensure_ascii=True)
    print()
