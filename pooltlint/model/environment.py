"""Environment variables as files define them: what is kept of a value, and which environment a file speaks of."""

from __future__ import annotations

import re

from pooltlint.model.facts import Profile, Variable
from pooltlint.model.source import Place
from pooltlint.model.url import mask, mask_whole, parse, safe

_DEFAULTED = re.compile(r"\$\{([A-Za-z_]\w*):?[-=]((?:[^{}]|\{[^{}]*\})*)\}")
_REQUIRED = re.compile(r"\$\{([A-Za-z_]\w*):?\?[^{}]*\}")
_REFERENCE = re.compile(
    r"\$\{\{\s*(?:env\.([A-Za-z_]\w*)\s*|[^}]*)\}\}|\$\{([A-Za-z_]\w*)[^}]*\}|\$([A-Za-z_]\w*)|\{\{[^}]*\}\}"
)
_EXTENDED = re.compile(r"\$\{?[A-Za-z_]\w*\}?[?&][\w-]+=")
_PRIVATE = re.compile(
    r"(?i)user|login|salt|hash|cookie|session|private|cert|licen[cs]e|webhook|sign|dsn|jwt|seed|sentry"
)
_OPAQUE = re.compile(r"(?=[A-Za-z+/_]*\d)(?=[\d+/_]*[A-Za-z])[A-Za-z0-9+/_]{20,}")
_PLAIN = re.compile(r"(?i)true|false|on|off|yes|no|\d{1,7}(?:\.\d{1,4})?[a-z]{0,2}")
_METHODS = frozenset({"md5", "scram-sha-256", "trust", "any", "hba", "cert", "pam", "plain", "peer", "ldap"})
_MOST_CHARACTERS = 10_000
_WORDS: dict[str, Profile] = {
    **dict.fromkeys(("example", "examples", "sample", "template", "dist", "tpl"), Profile.EXAMPLE),
    **dict.fromkeys(("ci",), Profile.CI),
    **dict.fromkeys(("test", "tests", "testing", "e2e", "integration"), Profile.TEST),
    **dict.fromkeys(("prod", "production"), Profile.PRODUCTION),
    **dict.fromkeys(("dev", "development", "local", "override", "devcontainer"), Profile.DEVELOPMENT),
}
_FOLDERS = frozenset({"test", "tests", "e2e", "example", "examples", "ci", "dev", "devcontainer", "prod", "production"})


def profile_of_name(name: str) -> Profile:
    """Which environment a file's name alone speaks of: example goes before ci, test, production and development."""
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    return next((profile for word, profile in _WORDS.items() if word in words), Profile.UNKNOWN)


def profile_of(path: str) -> Profile:
    """Which environment a file's name speaks of (``docker-compose.prod.yml``, ``Dockerfile.dev``), else its folders'.

    In a name, example goes before ci, test, production and development, in this order. An inner folder
    goes before an outer one. ``override`` is the developer's own file (Compose documentation, "Merge
    Compose files"). Staging is none of ours.
    """
    *folders, name = path.lower().split("/")
    profile = profile_of_name(name)
    if profile is not Profile.UNKNOWN:
        return profile
    return next(
        (_WORDS[each] for folder in reversed(folders) if (each := folder.lstrip(".")) in _FOLDERS), Profile.UNKNOWN
    )


def variable(name: str, value: str, at: Place, profile: Profile, service: str = "") -> Variable:
    """A variable with only that of its value which is no secret.

    ``${X:-default}`` counts as its default for ``dsn`` and ``text`` and makes the value a
    ``template``: somebody else may fill it in otherwise. ``$X``, ``${X}`` and ``${{ env.X }}`` are in
    ``refers``. What GitHub fills in from elsewhere (``${{ secrets.X }}``) makes a template, too.
    ``$$`` must have been unescaped.
    """
    if len(value) > _MOST_CHARACTERS:
        return Variable(name, at, profile, service=service)
    found = list(_REFERENCE.finditer(value))
    effective = defaulted(value)
    dsn = parse(effective)
    unfilled = any(each for each in _REFERENCE.finditer(effective))
    return Variable(
        name=name,
        at=at,
        profile=profile,
        dsn=dsn,
        text=None if dsn or unfilled else harmless(name, effective),
        raw_url=_masked(value) if dsn else mask(value) if _EXTENDED.match(value) else "",
        refers=tuple(dict.fromkeys(each for match in found for each in match.groups() if each)),
        template=bool(found),
        service=service,
    )


def defaulted(value: str) -> str:
    """The value with the defaults of ``${X:-default}`` filled in; other references stay, ``${X:?why}`` as ``${X}``."""
    value = _REQUIRED.sub(r"${\1}", value)
    return _DEFAULTED.sub(lambda found: found[2], value) if "${" in value else value


def harmless(name: str, value: str) -> str | None:
    """The value of a variable if it cannot be a secret, else ``None``."""
    if value in _METHODS:
        return value
    if safe(name, value) != value or mask(value) != value:
        return None
    if _PLAIN.fullmatch(value) or not value:
        return value
    return None if "@" in value or _PRIVATE.search(name) or _OPAQUE.search(value) else value


def _masked(value: str) -> str:
    """A connection string as written with its user-info masked, also inside a default."""
    value = _REQUIRED.sub(r"${\1}", value)
    if value.startswith("${") and (found := _DEFAULTED.match(value)) and "://" in found[2]:
        return mask_whole(value) if found.end() < len(value) else f"{value[: found.start(2)]}{mask_whole(found[2])}}}"
    return mask_whole(value)
