"""A budget for programs. Every number has its count (null when not known), its words and the place it was read at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO

from pooltlint.model.budget import Budget, Number, Pool, Share, Term, Total
from pooltlint.model.finding import Note
from pooltlint.reporters.budget.rows import answer, missing, where


def render(budgets: Sequence[Budget], out: TextIO, colour: bool = False) -> None:
    """One object with a list of budgets; plain ASCII, so that nothing in it can steer a terminal."""
    out.write(json.dumps({"version": 1, "budgets": [_budget(each) for each in budgets]}, indent=2) + "\n")


def _budget(budget: Budget) -> dict[str, Any]:
    supply = budget.supply
    return {
        "server": budget.server,
        "profile": budget.profile.value,
        "source": budget.source,
        "verdict": budget.verdict.value,
        "answer": answer(budget),
        "idle": _total(budget.idle),
        "most": _total(budget.most),
        "surge": _total(budget.surge),
        "usable": budget.usable,
        "headroom": budget.headroom,
        "supply": None
        if supply is None
        else {
            "max_connections": _number(supply.most),
            "superuser_reserved_connections": _number(supply.superusers),
            "reserved_connections": _number(supply.reserved),
        },
        "services": [_term(each) for each in budget.terms],
        "poolers": [_share(each) for each in budget.shares],
        "fits": [
            {"service": each.service, "connections_per_process": each.pool, "instances": each.instances}
            for each in budget.room()
        ],
        "unknown": [_note(each) for each in missing(budget)],
    }


def _total(total: Total) -> dict[str, Any]:
    return {"count": total.count, "exact": total.exact, "unbounded": total.unbounded}


def _number(number: Number) -> dict[str, Any]:
    return {
        "count": number.count,
        "text": number.shown,
        "default": number.default,
        "unbounded": number.unbounded,
        "why": number.why,
        "at": where(number.at) or None,
    }


def _term(term: Term) -> dict[str, Any]:
    work = term.workload
    return {
        "name": term.name,
        "kind": work.kind,
        "program": work.program,
        "sum": term.sum,
        "idle": _total(term.idle),
        "most": _total(term.most),
        "surge": _total(term.surge),
        "busy": _total(term.busy),
        "instances": _number(work.instances),
        "more_during_deploys": _number(work.surge) if work.surge is not None else None,
        "processes": _number(work.processes),
        "threads": _number(work.threads) if work.threads is not None else None,
        "pools": [_pool(each) for each in term.pools],
        "because": [_note(each) for each in work.because],
    }


def _pool(pool: Pool) -> dict[str, Any]:
    return {
        "name": pool.name,
        "library": pool.library,
        "at": where(pool.at),
        "size": _number(pool.size),
        "overflow": _number(pool.overflow) if pool.overflow is not None else None,
        "minimum": _number(pool.minimum),
        "each": _number(pool.each) if pool.each is not None else None,
    }


def _share(share: Share) -> dict[str, Any]:
    return {
        "name": share.name,
        "mode": share.mode,
        "sum": share.sum,
        "idle": _total(share.idle),
        "most": _total(share.most),
        "demand": _total(share.demand),
        "instances": _number(share.instances),
        "max_client_conn": _number(share.clients) if share.clients is not None else None,
        "databases": [
            {
                "name": each.name,
                "max_db_connections": _number(each.cap) if each.cap is not None else None,
                "pools": [{"size": _number(slot.size), "reserve": _number(slot.reserve)} for slot in each.slots],
            }
            for each in share.entries
        ],
        "services": [_term(each) for each in share.terms],
    }


def _note(note: Note) -> dict[str, Any]:
    return {"text": note.text, "at": where(note.at) or None}
