"""alembic.ini: where the migrations lie and what they connect to."""

from __future__ import annotations

import re

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import mask_whole
from pooltlint.model.value import Literal, Unknown, Value
from pooltlint.readers.ini_nodes import entries

_WANTED = {"sqlalchemy.url": "url", "script_location": "script_location"}


def read(path: str, data: bytes) -> ProgramFile:
    """``url`` and ``script_location`` of every section; ``scope`` is the section unless it is ``[alembic]``.

    ``%%`` is a percent sign, ``%(here)s`` the file's folder; every other interpolation is unknown (Python's
    ``configparser``; alembic 1.16 ``config.py``). User-info is masked. Never raises.
    """
    found, problems, comments = entries(path, data)
    starts = line_starts(data)
    settings = []
    for each in found:
        if each.name in _WANTED:
            at = place(path, starts, each.span)
            scope = "" if each.section == "alembic" else each.section
            settings.append(Assigned(_WANTED[each.name], _value(each.text, at), at, scope))
    return ProgramFile(path, "Alembic", tuple(settings), tuple(problems), comments, starts)


def _value(written: str, at: Place) -> Value:
    plain = written.replace("%(here)s", ".")
    if re.search(r"(?<!%)(?:%%)*%\(", plain) or plain.startswith("driver://"):
        return Unknown(at)
    plain = plain.replace("%%", "%")
    return Literal(mask_whole(plain) if "://" in plain else plain, at)
