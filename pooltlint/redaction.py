"""What must not be shown: secrets inside lines of files, and characters that play tricks on a reader's screen."""

import re
from collections.abc import Iterable
from functools import lru_cache

from pooltlint.model.source import Span
from pooltlint.model.url import MASK, mask

_KEY = (
    r"(?:passw(?:or)?d|passphrase|passwort|passcode|(?<!\$\()pwd|secret|token|credential"
    r"|(?:api|access|private|signing|encryption|account|master|auth|ssl)[_-]?key"
    r"|(?<![a-z])pass(?![a-z])|(?-i:(?<=[a-z])Pass(?![a-z])))"
)
_QUOTED = r"""(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|'(?:[^'\\]|\\.)*(?:'|\\?$)|`(?:[^`\\]|\\.)*(?:`|\\?$))"""
_REFERENCE = (
    r"(?:await\s+)?(?:process\.env|import\.meta\.env|os\.environ|os\.getenv|Deno\.env|ENV|env|settings|config|self|this"
    r"|options|opts|args|ctx|req|request|input|props|body)\b[?!]?[.\[(][\w.?!\[\]()]*(?![^\s,;)}\]|&\"'`])"
    r"|\$\{\{[^{}]*\}\}|\$\{\w+\}|\$[A-Z][A-Z0-9_]+\b|\{\w+\}|(?:None|null|nil|undefined|string|str|int|bool|true|false)\b"
)
_SEPARATOR = r"""["'`\])}]*\s*(?:=>|:=|==?|:-|[?!]\s*:|:|\|\||\?\?|\bor\b|,|>|\{|\()\s*"""
_WRAPPER = r"""(?:[\w.\[\]| ]{1,60}=\s*)?(?:[\w.]{1,60}\(\s*\)?){0,4}(?:\w{1,20}\s*=\s*)?[rfbuRFBU]{0,2}"""
_MORE = rf"(?:\s*(?:\+|,|\|\||\?\?|\bor\b)?\s*{_QUOTED}(?!\s*(?::|=>)))*"

_AFTER_KEY = re.compile(
    rf"""(?ix){_KEY}[\w-]{{0,60}}
    (?:
        {_SEPARATOR}(?:(?:{_REFERENCE})\s*(?:\|\||\?\?|\bor\b|:)\s*)?{_WRAPPER}(?P<quoted>{_QUOTED}(?!\s*(?::|=>)){_MORE})
      | ["'`]?\s+(?P<after_space>'[^']*'?|"[^"]*"?)
      | (?:\s*=\s*|\s+)(?P<parameter>[^\s"'`&\#]+)(?=&|\#)
    )"""
)
_BARE = re.compile(
    rf"(?i){_KEY}[\w-]{{0,60}}[\"'`\])}}]*\s*(?::=|=>|=(?!>)|:-|:|>)\s*(?!(?:{_REFERENCE})|[|>][+\-\d]*\s*$)(?P<bare>[^\s\"'`].*)"
)
_BARE_IN_CODE = re.compile(
    rf"(?i){_KEY}[\w-]{{0,60}}[\"'`\])}}]*\s*(?::=|=>|=(?!>)|:-|:)\s*(?!=|[\[({{]+(?:\s|$)|(?:{_REFERENCE}))(?P<bare>[^\s\"'`&]+?)(?=[,;)\]}}]*(?:[\s\"'`&]|$))"
)
_NEXT_KEYWORD = re.compile(r"\s+[A-Za-z][\w.-]{0,60}\s*=|&[\w.-]{1,60}=|\s+#")
_OPTION = re.compile(rf"(?i)(?<![\w-])--?[\w-]{{0,40}}?{_KEY}[\w-]{{0,40}}\s+(?P<it>[^\s\"'`-]\S*)")
_URLS = (
    # User-info of a database URL: up to the last "@", also across an unescaped "/" or quote.
    re.compile(
        r"(?i:\b(?:postgres|postgresql|pgsql|postgis|cockroachdb|prisma|psql|mysql|rediss?|amqps?|mongodb)(?:\+\w+)?)://"
        r"(?P<it>[^\s'\"`]*|\S*?)(?=@)"
    ),
    re.compile(r"(?<=://)(?P<it>[^\s/?#'\"`]*)(?=@)"),
    # The same put together from several literals, or filled in by format() or %.
    re.compile(
        r"(?i:\b(?:postgres|postgresql|pgsql|mysql|rediss?|amqps?|mongodb)(?:\+\w+)?)://(?P<it>[^\s/@'\"`]*['\"`].*?)(?=@)"
    ),
    re.compile(r"://[^\s/@'\"`]*(?:\{\w*\}|%s)[^\s'\"`]*['\"`]\s*(?:\.format\(|%\s*\(?)(?P<it>[^)]*)"),
    # A user and password whose "@" stands elsewhere (in another literal, on another line).
    re.compile(r"://(?P<it>[^\s/@:'\"`]*:(?!\d+(?:[/?#,'\"`\s)]|$)|[$<{%\[:/]|\\)[^\s/@'\"`]+)(?=$|['\"`\s])"),
)
_SHAPES = (
    # user:password@host without a scheme.
    re.compile(r"(?<![\w/:.%-])(?P<it>[\w.%-]+:[^\s@/:'\"`]+)(?=@[\w.-]+)"),
    # Stored password hashes: SCRAM and md5 (PostgreSQL documentation, pg_authid).
    re.compile(r"(?P<it>SCRAM-SHA-256\$\S+?|\bmd5[0-9a-f]{32})(?=[\"'`\s]|$)"),
    # Tokens told by their shape: GitHub, GitLab, Stripe, Slack, AWS, Neon, Supabase, Docker, JSON web tokens.
    re.compile(
        r"(?P<it>\b(?:gh[pousr]_\w{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|sk_(?:live|test)_\w{10,}|sk-[\w-]{20,}"
        r"|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|npg_\w{8,}|sbp_\w{16,}|dckr_pat_[\w-]{16,}"
        r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*))"
    ),
    # A connection string in base64, as Kubernetes Secrets hold it: "postgres" and "jdbc:postgres".
    re.compile(r"(?P<it>\b(?:cG9zdGdyZX|amRiYzpwb3N0Z3Jlc)[\w+/=]*)"),
    re.compile(r"(?i:\b(?:bearer|basic)\s+)(?P<it>[\w.~+/=-]{12,})"),
)
_WHOLE_LINES = (
    # A password file's line, host:port:database:user:password (PostgreSQL documentation, section 34.16).
    re.compile(r"^\s*[^:\s]+:(?:\d+|\*):[^:\s]+:[^:\s]+:(?P<it>\S.*)$"),
    # PgBouncer's userlist.txt: "user" "secret" (PgBouncer documentation, authentication file format).
    re.compile(r"^\s*\"[^\"]*\"\s+(?P<it>\"[^\"]*\"?)"),
)
_NO_SEPARATOR = re.compile(rf"(?i)^\s*[\w.-]{{0,60}}?{_KEY}[\w.-]{{0,60}}\s+(?P<it>\S.*)$")
_CODE = re.compile(r"pyi?|[mc]?[jt]s|[jt]sx|rb|go|java|kt|rs|php|sql")

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:(?!-----END).)*", re.DOTALL)
_KEY_ALONE = re.compile(
    rf"(?im)^(?P<indent>[ \t]*+)(?:- +)?[\"']?[\w.-]{{0,60}}?{_KEY}[\w.-]{{0,60}}[\"']?[ \t]*+"
    r"[:=][ \t]*+(?:[|>][+\-\d]*+[ \t]*+|[(\[][ \t]*+)?\r?(?:\n|\Z)"
)
_NAME = rf"\bname[\"']?[ \t]*+[:=][ \t]*+[\"']?[\w.-]{{0,60}}?{_KEY}[\w.-]{{0,60}}+[\"']?"
_VALUE = r"\bvalue[\"']?[ \t]*+[:=][ \t]*+(?P<value>\"[^\"\r\n]{0,2000}+|'[^'\r\n]{0,2000}+|[^\s,}][^\r\n,}]{0,2000}+)"
_NAMED_VALUES = (
    re.compile(rf"(?i){_NAME}[\s,]{{0,200}}+[\"']?{_VALUE}"),
    re.compile(rf"(?i){_VALUE}[\"']?[\s,]{{0,200}}+[\"']?{_NAME}"),
)
_KEY_WORD = re.compile(rf"(?i){_KEY}")

_TRICKS = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Controls, bidirectional overrides and isolates, invisible characters and lone surrogates; not the tab."""


def secrets(line: str, extension: str = "") -> list[Span]:
    """Where secrets stand in one line, as code point spans in order, none touching another.

    Deliberately generous: what only looks like a secret is covered too. In files of programming
    languages (by ``extension``, without its dot) a bare word after a key ends where an expression
    would; elsewhere it goes to the end of the line or to the next ``keyword =``.
    """
    found = [match.span("it") for pattern in (*_URLS, *_SHAPES, *_WHOLE_LINES) for match in pattern.finditer(line)]
    if _KEY_WORD.search(line):
        found.extend(match.span("it") for match in _OPTION.finditer(line))
        for match in _AFTER_KEY.finditer(line):
            found.extend(match.span(name) for name in match.groupdict() if match[name])
        if _CODE.fullmatch(extension):
            found.extend(match.span("bare") for match in _BARE_IN_CODE.finditer(line))
        else:
            found.extend(_bare(line))
            if extension == "ini" and "=" not in line:  # a setting whose "=" is forgotten
                found.extend(match.span("it") for match in _NO_SEPARATOR.finditer(line))
    return merged(found)


def blocks(text: str) -> list[Span]:
    """Where secrets stand that only their surroundings give away: private keys, values below their key."""
    found = [match.span() for match in _PRIVATE_KEY.finditer(text)] if "PRIVATE KEY-----" in text else []
    if _KEY_WORD.search(text):
        at = 0
        while match := _KEY_ALONE.search(text, at):
            found.append(_below(text, match.end(), len(match["indent"])))
            at = max(found[-1][1], match.end())
        for pattern in _NAMED_VALUES:
            found.extend(match.span("value") for match in pattern.finditer(text))
    return merged(found)


def neutral(text: str) -> str:
    """The text with every character that could steer or fool a terminal or a reader made visible; tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _TRICKS.sub(_picture, text)


@lru_cache(maxsize=4096)
def prose(text: str) -> str:
    """A message, note or remedy as it may be printed: no user-info, no secret parameters, no tricks, one line."""
    text = " ".join(mask(text).split())
    found = [match.span("it") for pattern in (*_URLS, *_SHAPES) for match in pattern.finditer(text)]
    return neutral(covered(text, merged(found)))


def covered(text: str, spans: Iterable[Span]) -> str:
    """The text with every span replaced by the mask."""
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], MASK]
        at = end
    return "".join(parts) + text[at:]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, those that touch made one, empty ones dropped."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        elif end > start:
            joined.append((start, end))
    return joined


def _bare(line: str) -> Iterable[Span]:
    at = 0
    while match := _BARE.search(line, at):
        start, end = match.span("bare")
        follower = _NEXT_KEYWORD.search(line, start, end)
        at = follower.start() if follower else end
        yield start, at


def _below(text: str, start: int, indent: int) -> Span:
    """The lines from ``start`` that are indented deeper than ``indent`` (blank ones included)."""
    at = end = start
    while at < len(text):
        stop = text.find("\n", at) + 1 or len(text)
        line = text[at:stop]
        content = line.strip()
        if content and len(line) - len(line.lstrip(" \t")) <= indent:
            break
        if content:
            end = at + len(line.rstrip())
        at = stop
    return start, end


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 32 else "\u2421" if code == 127 else "\ufffd"
