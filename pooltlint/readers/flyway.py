"""flyway.conf and flyway.toml: what Flyway's migrations connect to."""

from __future__ import annotations

import re

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import mask_whole
from pooltlint.model.value import FromEnv, Literal, Unknown, Value
from pooltlint.readers.platform_nodes import at, opened, pairs, text
from pooltlint.readers.yaml_nodes import Map

_URL = re.compile(r"^[ \t]*flyway\.url[ \t]*[=:][ \t]*([^\r\n]*?)[ \t]*\r?$", re.MULTILINE)
_HOLE = re.compile(r"\$\{(\w+)\}")


def read(path: str, data: bytes) -> ProgramFile:
    """``url``, with its environment as ``scope`` in TOML (Redgate Flyway documentation, "Configuration Files").

    ``${NAME}`` is a variable. User-info is masked. Never raises.
    """
    if not path.endswith(".toml"):
        starts = line_starts(data)
        found = [(each[1], place(path, starts, each.span(1))) for each in _URL.finditer(data.decode("latin-1"))]
        return ProgramFile(
            path, "Flyway", tuple(Assigned("url", _value(*each), each[1]) for each in found), lines=starts
        )
    file, top, problems, comments = opened(path, data)
    stages = [("", at(top, "flyway")), *((key.text, each) for key, each in pairs(at(top, "environments")))]
    settings = []
    for scope, stage in stages:
        url = at(stage, "url") if isinstance(stage, Map) else None
        if url is not None and text(url):
            settings.append(Assigned("url", _value(text(url), file.at(url)), file.at(url), scope))
    return ProgramFile(path, "Flyway", tuple(settings), problems, comments, file.starts)


def _value(written: str, at: Place) -> Value:
    hole = _HOLE.fullmatch(written)
    if hole:
        return FromEnv(hole[1], at)
    return Unknown(at) if "${" in written.partition("://")[0] else Literal(mask_whole(written), at)
