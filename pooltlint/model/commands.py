"""Shell command lines as words. No shell is run; what is not understood stays one opaque word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.source import Span
from pooltlint.model.url import MASK, mask

_MOST_CHARACTERS = 100_000
_MOST_LEVELS = 5
_MOST_HEREDOCS = 20
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_RESERVED = frozenset({"if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"})
_ENDINGS = frozenset({"fi", "done", "esac", "}"})
_BARE = _RESERVED | _ENDINGS | {";;", "(", ")", "};"}
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
_OPTION_SECRET = re.compile(
    r"(?i)((?<!\S)--?[\w-]*(?:passw(?:or)?d|requirepass|passphrase|token|secret|api-?key)[\w-]*(?:\s+|=))('[^']*'|\"[^\"]*\"|[^\s'\"]+)"
)
_HEADER_SECRET = re.compile(r"(?i)(\b(?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{6,})")
_LOGIN = re.compile(r"((?<!\S)(?:-u|--user)[ =]?['\"]?[^\s:'\"]+:)([^\s'\"]+)")
_NEEDS_NO_QUOTES = re.compile(r"[\w@%+=:,./$-]+")
_HEREDOC = re.compile(r"<<(-?)\s*(?:'([\w.-]+)'|\"([\w.-]+)\"|\\?([\w.-]+))")


def words(command: str) -> list[list[str]]:
    """The simple commands of a shell line, each as its words, quotes removed.

    Commands end at ``;``, ``&``, ``&&``, ``|``, ``||``, a line end or a bracket. Leading
    ``NAME=value`` assignments stay as first words; reserved words (``if``, ``then``, ``!``),
    redirections and comments are left out. Substitutions (``$(…)``, ``${…}``, backquotes,
    ``${{ … }}``) stay as they are written inside their word. ``sh -c '…'`` is taken apart into the
    commands of its argument. POSIX.1-2024 shell grammar, as far as a command's words need it. Never
    raises; only the first 100,000 characters are looked at.
    """
    return _expanded(command[:_MOST_CHARACTERS], 0)


def program(found: list[str]) -> list[str]:
    """The words from the real program on: without assignments and without what only starts another program.

    Taken off: ``env``, ``exec``, ``sudo``, ``nohup``, ``timeout``, ``npx``, ``bunx``, ``pnpm exec``,
    ``yarn`` (which runs binaries by their bare name), ``uv run``, ``poetry run``, ``bundle exec``,
    ``python -m``, ``python manage.py``, ``dotenv --``, ``docker compose run service`` and their like.
    Scripts stay named (``npm run build``, ``pnpm run build``): the program is then ``npm``. The
    program's own name is given without folder when it stands in a ``bin`` folder, and without version
    (``prisma@6``). An empty list when nothing is left.
    """
    rest = list(found)
    for _ in range(12):
        while rest and _ASSIGNMENT.match(rest[0]):
            rest = rest[1:]
        if not rest:
            return []
        stripped = _unwrapped(rest)
        if stripped is None:
            return [_named(rest[0]), *rest[1:]]
        rest = stripped
    return rest


def lines(script: str) -> list[Span]:
    """The logical command lines of a shell script, as half-open character ranges without outer blanks.

    A line goes on after a backslash, inside quotes and the brackets of a substitution, and over the body of
    a here-document. Comment lines, empty lines and those that only close or part a block (``fi``) are left out.
    """
    found: list[Span] = []
    at, size = 0, len(script)
    while at < size:
        end = _line_end(script, at)
        text = script[at:end]
        stripped = text.strip()
        if stripped and not stripped.startswith("#") and stripped not in _BARE:
            start = at + len(text) - len(text.lstrip())
            found.append((start, start + len(stripped)))
        at = end + 1
    return found


def conceal(command: str) -> str:
    """The command line without secrets: URLs' user-info, assignments, options and headers that name a secret."""
    command = mask(command)
    command = _OPTION_SECRET.sub(rf"\1{MASK}", command)
    command = _LOGIN.sub(rf"\1{MASK}", command)
    return _HEADER_SECRET.sub(rf"\1{MASK}", command)


def quoted(argv: list[str]) -> str:
    """The argument list as one shell line that :func:`words` takes apart into the same words."""
    return " ".join(
        each if _NEEDS_NO_QUOTES.fullmatch(each) else "'" + each.replace("'", "'\"'\"'") + "'" for each in argv
    )


def _expanded(command: str, level: int) -> list[list[str]]:
    done = []
    for each in _simple(command):
        inner = _argument_of_shell(each) if level < _MOST_LEVELS else None
        if inner is None:
            done.append(each)
            continue
        set_before = [word for word in each if _ASSIGNMENT.match(word)][: _count_assignments(each)]
        done += [set_before + command for command in _expanded(inner, level + 1)]
    return done


def _count_assignments(found: list[str]) -> int:
    return next((at for at, word in enumerate(found) if not _ASSIGNMENT.match(word)), len(found))


def _argument_of_shell(found: list[str]) -> str | None:
    """The script of ``sh -c script``, behind assignments and ``exec``."""
    rest = found[_count_assignments(found) :]
    while rest and rest[0] in ("exec", "env"):
        rest = rest[1:]
    if not rest or rest[0].rpartition("/")[2] not in _SHELLS:
        return None
    for at, word in enumerate(rest[1:], 1):
        if not word.startswith(("-", "+")):
            return None
        if re.fullmatch(r"-[a-z]*c", word) and at + 1 < len(rest):
            return rest[at + 1]
    return None


def _simple(command: str) -> Iterator[list[str]]:
    """The simple commands, ``sh -c`` not yet taken apart."""
    found: list[str] = []
    skip = False  # the next word is a redirection's target
    for kind, text in _tokens(command):
        if kind == "end":
            if found:
                yield found
            found, skip = [], False
        elif kind == "redirect":
            skip = True
        elif skip:
            skip = False
        elif not found and text in _RESERVED | _ENDINGS:
            continue
        else:
            found.append(text)
    if found:
        yield found


def _tokens(command: str) -> Iterator[tuple[str, str]]:
    """``word``, ``redirect`` and ``end`` tokens."""
    at, size = 0, len(command)
    word: list[str] | None = None
    while at < size:
        char = command[at]
        if char == "\\":
            if command.startswith(("\\\n", "\\\r\n"), at):
                at += 2 if command[at + 1] == "\n" else 3
                continue
            word = word or []
            word.append(command[at + 1 : at + 2])
            at += 2
        elif char in "'\"":
            end = _quote_end(command, at)
            inside = command[at + 1 : end]
            if char == '"':
                inside = re.sub(r'\\(["\\$`]|\r?\n)', lambda found: found[1].strip("\r\n"), inside)
            word = word or []
            word.append(inside)
            at = end + 1
        elif char in "$`" and (end := _substitution_end(command, at)) > at:
            word = word or []
            word.append(command[at:end])
            at = end
        elif char in " \t\r":
            if word is not None:
                yield "word", "".join(word)
            word = None
            at += 1
        elif char == "#" and word is None:
            at = _find(command, "\n", at)
        elif char in "<>":
            if word is not None and not "".join(word).isdigit():
                yield "word", "".join(word)
            word = None
            heredoc = _HEREDOC.match(command, at) if char == "<" and not command.startswith("<<<", at) else None
            if heredoc:
                line_end = _find(command, "\n", at)
                body_end = _heredoc_end(command, line_end, heredoc)
                command = command[:line_end] + command[body_end:]
                size = len(command)
                at = heredoc.end()
                continue
            while at < size and command[at] in "<>&|":
                at += 1
            if command[at - 1] != "&" or not re.match(r"[\d-]", command[at : at + 1]):
                yield "redirect", ""
            else:
                at += 1
        elif char == "&" and command.startswith("&>", at):
            at += 1
        elif char in ";&|\n()":
            if word is not None:
                yield "word", "".join(word)
            word = None
            yield "end", ""
            at += 1
        else:
            end = at + 1
            while end < size and command[end] not in "\\'\"$` \t\r\n#<>;&|()":
                end += 1
            if end < size and command[end] == "#":
                end += 1
            word = word or []
            word.append(command[at:end])
            at = end
    if word is not None:
        yield "word", "".join(word)


def _find(text: str, what: str, at: int) -> int:
    found = text.find(what, at)
    return len(text) if found < 0 else found


def _quote_end(text: str, at: int) -> int:
    """Where the quote that opens at ``at`` closes; the end of the text when it does not."""
    quote = text[at]
    if quote == "'":
        return _find(text, "'", at + 1)
    at += 1
    while at < len(text) and text[at] != quote:
        if text[at] == "\\":
            at += 2
        elif text[at] == "$" and (end := _substitution_end(text, at)) > at:
            at = end
        else:
            at += 1
    return min(at, len(text))


def _substitution_end(text: str, at: int) -> int:
    """Where a substitution that opens at ``at`` is over; ``at`` itself when none opens there."""
    if text[at] == "`":
        return min(_find(text, "`", at + 1) + 1, len(text))
    if text.startswith("${{", at):
        return min(_find(text, "}}", at) + 2, len(text))
    opening = text[at + 1 : at + 2]
    if opening not in ("(", "{"):
        return at
    closing = ")" if opening == "(" else "}"
    level = 0
    at += 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "'" and opening == "(":
            at = _find(text, "'", at + 1)
        elif char == opening:
            level += 1
        elif char == closing:
            level -= 1
            if not level:
                return at + 1
        at += 1
    return len(text)


def _heredoc_end(text: str, line_end: int, found: re.Match[str]) -> int:
    """The end of the line that closes a here-document whose first line ends at ``line_end``."""
    mark = found[2] or found[3] or found[4]
    at = line_end + 1
    while at < len(text):
        end = _find(text, "\n", at)
        if text[at:end].strip() == mark:  # blanks too: a YAML block is still indented here
            return end
        at = end + 1
    return len(text)


def _line_end(script: str, at: int) -> int:
    """The end of the logical line that begins at ``at``: the offset of its line end."""
    heredocs: list[re.Match[str]] = []
    fresh = True  # a "#" here begins a comment
    while at < len(script):
        char = script[at]
        if char == "\n":
            break
        if char == "\\":
            at += 3 if script.startswith("\\\r\n", at) else 2
            fresh = False
            continue
        if char == "#" and fresh:
            at = _find(script, "\n", at)
            break
        if char in "'\"":
            at = _quote_end(script, at) + 1
        elif char in "$`" and (end := _substitution_end(script, at)) > at:
            at = end
        elif char == "<" and (found := _HEREDOC.match(script, at)) and not script.startswith("<<<", at):
            heredocs.append(found)
            at = found.end()
        elif script.startswith("<<<", at):
            at += 3
        else:
            at += 1
        fresh = char in " \t;&|("
    at = min(at, len(script))
    for found in heredocs[:_MOST_HEREDOCS]:
        at = _heredoc_end(script, at, found)
    return at


# --- what starts other programs ------------------------------------------------------------------

_WITH_VALUE = {
    name: frozenset(options.split())
    for name, options in {
        "env": "-u -C -S",
        "sudo": "-u -g -h -p -C",
        "timeout": "-s -k --signal --kill-after",
        "nice": "-n",
        "npx": "-p --package -w --workspace",
        "bunx": "-p --package",
        "npm": "--prefix -C -w --workspace -p --package",
        "pnpm": "--filter -F -C --dir --package",
        "yarn": "--cwd",
        "bun": "--cwd --filter --env-file",
        "uv": "--with --group --extra --directory --project --env-file -p --python --package --only-group --no-group",
        "uvx": "--from --with -p --python",
        "poetry": "-C --directory -P --project",
        "pdm": "-p --project",
        "dotenv": "-e -v -f",
        "dotenvx": "-f -e --env-file",
        "docker": (
            "-e -u -w -v -p --env --env-file --user --workdir --name --network --entrypoint -f --file "
            "--profile --project-name --volume --publish"
        ),
        "heroku": "-a --app -s --size -r",
        "xargs": "-n -P -I -L",
    }.items()
}
"""Which options of a starter take the next word as their value."""
# fmt: off
_PLAIN = frozenset({
    "exec", "nohup", "time", "command", "builtin", "env", "sudo", "nice", "ionice", "stdbuf", "cross-env",
    "cross-env-shell", "xargs", "setsid", "tini", "dumb-init", "unbuffer",
})
_DASHED = frozenset({
    "dotenv", "dotenvx", "doppler", "op", "infisical", "chamber", "kubectl", "railway", "vercel", "aws-vault",
    "wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh", "dockerize", "with-env",
})
_YARN_OWN = frozenset({
    "add", "remove", "install", "up", "upgrade", "workspace", "workspaces", "set", "config", "cache", "why",
    "pack", "publish", "link", "unlink", "init", "global", "version", "plugin", "dedupe", "info", "npm",
    "constraints", "import", "audit", "outdated", "list", "create",
})
_PNPM_OWN = _YARN_OWN | frozenset({
    "i", "ci", "rm", "fetch", "deploy", "prune", "store", "env", "recursive", "m", "multi", "update", "run",
    "test", "start", "patch", "rebuild", "approve-builds", "self-update", "setup", "licenses", "root", "bin", "ls",
})
# fmt: on
_NPM_EXEC = frozenset({"exec", "x"})


def _unwrapped(rest: list[str]) -> list[str] | None:
    """The words behind one starter, or ``None`` when the first word is the program itself."""
    name = rest[0].rpartition("/")[2]
    known: frozenset[str] = _WITH_VALUE.get(name, frozenset())
    if name in _DASHED and "--" in rest:
        return rest[rest.index("--") + 1 :]
    match name:
        case "timeout" | "gosu" | "su-exec":
            return _operands(rest[1:], known)[1:] or None
        case "npx" | "bunx" | "uvx" | "pipx" | "pnpx":
            if name == "pipx" and rest[1:2] != ["run"]:
                return None
            return _operands(rest[2:] if name == "pipx" else rest[1:], known) or None
        case _ if name in _PLAIN:
            return _operands(rest[1:], known) or None
        case "dotenv" | "dotenvx":
            behind = _operands(rest[1:], known)
            return (behind[1:] if behind[:1] == ["run"] else behind) or None
        case "npm" | "pnpm" | "yarn" | "bun":
            return _package_manager(name, _operands(rest[1:], known))
        case "uv" | "poetry" | "pipenv" | "pdm" | "hatch" | "rye" | "doppler" | "railway" | "heroku" | "infisical":
            behind = _operands(rest[1:], known)
            if behind[:1] != ["run"]:
                return None
            return _operands(behind[1:], known) or None
        case "bundle":
            return rest[2:] or None if rest[1:2] == ["exec"] else None
        case "docker" | "docker-compose" | "podman":
            return _container(_operands(rest[1:], _WITH_VALUE["docker"]), name == "docker-compose")
        case _ if re.fullmatch(r"(?:python|pypy|py)[\d.]*(?:\.exe)?", name):
            return _interpreted(rest[1:])
        case "node" if len(rest) > 1 and "node_modules/" in rest[1]:
            tail = rest[1].rpartition("node_modules/")[2]
            if tail.startswith(".bin/"):
                return [tail[5:], *rest[2:]]
            parts = tail.split("/")
            return ["/".join(parts[: 2 if tail.startswith("@") else 1]), *rest[2:]]
    return None


def _operands(found: list[str], with_value: frozenset[str]) -> list[str]:
    """The words behind the options; ``--`` ends them."""
    at = 0
    while at < len(found):
        word = found[at]
        if word == "--":
            return found[at + 1 :]
        if not word.startswith("-"):
            break
        at += 2 if word in with_value else 1
    return found[at:]


def _package_manager(name: str, behind: list[str]) -> list[str] | None:
    if not behind:
        return None
    known = _WITH_VALUE[name]
    if behind[0] in _NPM_EXEC or behind[0] == "dlx":
        return _operands(behind[1:], known) or None
    if name == "yarn":
        if behind[0] == "run":
            behind = _operands(behind[1:], known)
        return behind if behind and behind[0] not in _YARN_OWN else None
    if name == "pnpm" and behind[0] not in _PNPM_OWN:
        return behind
    return None


def _container(behind: list[str], compose: bool) -> list[str] | None:
    """The command of ``docker compose run|exec service …`` and ``docker exec container …``."""
    known = _WITH_VALUE["docker"]
    if behind[:1] == ["compose"]:
        behind, compose = _operands(behind[1:], known), True
    if behind[:1] == ["exec"] or (compose and behind[:1] == ["run"]):
        return _operands(behind[1:], known)[1:] or None
    return None


def _interpreted(behind: list[str]) -> list[str] | None:
    """The program that a Python interpreter is told to run: a module, or Django's ``manage.py``."""
    for at, word in enumerate(behind):
        if word == "-m":
            return behind[at + 1 :] or None
        if not word.startswith("-"):
            file = word.rpartition("/")[2]
            in_bin = "/bin/" in word
            return [file, *behind[at + 1 :]] if file == "manage.py" or in_bin else None
    return None


def _named(word: str) -> str:
    """The program's name without a ``bin`` folder and without an npm version."""
    folder, _, name = word.rpartition("/")
    if folder and (folder.rpartition("/")[2] in ("bin", ".bin", "sbin", "Scripts") or name == "manage.py"):
        word = name
    if "@" in word[1:] and re.fullmatch(r"(?:@[\w.-]+/)?[\w.-]+@[\w.^~*-]+", word):
        word = word[: word.rindex("@")]
    return word
