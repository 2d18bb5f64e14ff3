"""uwsgi.ini: processes and threads."""

from __future__ import annotations

import re

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.value import FromEnv, Literal, Unknown, Value

_LINE = re.compile(
    r"^[ \t]*(?P<name>processes|workers|threads|enable-threads|cheaper|gevent|asyncio|async|master|lazy-apps|lazy|module|wsgi-file|wsgi)"
    r"[ \t]*=[ \t]*(?P<value>[^\n\r]*?)[ \t]*\r?$",
    re.MULTILINE,
)
_VARIABLE = re.compile(r"\$\((\w+)\)")


def read(path: str, data: bytes) -> ProgramFile:
    """The settings that say how many run, as written; ``$(NAME)`` is a variable, ``%k`` the number of CPUs.

    uWSGI documentation, "Configuring uWSGI": a value goes to the end of its line, there are no comments behind it.
    """
    starts = line_starts(data)
    found = []
    for line in _LINE.finditer(data.decode("latin-1")):
        at = place(path, starts, line.span("value"))
        found.append(Assigned(line["name"], _value(line["name"], line["value"], at), at))
    return ProgramFile(path, "uWSGI", tuple(found), lines=starts)


def _value(name: str, text: str, at: Place) -> Value:
    variable = _VARIABLE.fullmatch(text)
    if variable:
        return FromEnv(variable[1], at)
    if text.isascii() and text.isdigit() and len(text) < 8:
        return Literal(int(text), at)
    if name in ("module", "wsgi", "wsgi-file") and re.fullmatch(r"[\w./:-]{1,200}", text):
        return Literal(text, at)
    return Literal(True, at) if text == "true" else Unknown(at)
