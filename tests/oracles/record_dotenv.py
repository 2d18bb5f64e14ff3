"""Records what npm's dotenv, Node and python-dotenv read in small .env files.

    python tests/oracles/record_dotenv.py NODE_MODULES > tests/test_readers/dotenv_oracle.json

NODE_MODULES is a folder with dotenv installed; ``node`` and python-dotenv have to be there too
(recorded with dotenv 18.0.10, Node 20.20.2 ``util.parseEnv``, which is what ``--env-file`` uses, and
python-dotenv 1.2.4 without interpolation). Names of spaces alone are left out: Node reads memory it
should not there.
"""

from __future__ import annotations

import io
import json
import logging
import random
import subprocess
import sys

import dotenv  # type: ignore[import-not-found,unused-ignore]

NODE = """
const dotenv = require(process.argv[1] + "/dotenv");
const { parseEnv } = require("node:util");
const texts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => ({ npm: dotenv.parse(text), node: parseEnv(text) }))));
"""

URL = "postgresql://app:se#cret@db.example.com:6543/app?pgbouncer=true"
HAND = (
    "",
    "\n\n",
    "# only a comment",
    "A",
    "A=",
    "A= ",
    "A=1",
    " A = 1 ",
    "export A=1",
    "export\tA=1",
    "export  A=1",
    "export=1",
    "export A",
    "exportA=1",
    "A: 1",
    "A:1",
    "A : 1",
    "A:\n1",
    "A:\nB=2",
    "A\n=1",
    'A=\n"x"\nB=2',
    "A==1",
    "=1\nB=2",
    "A=1;B=2",
    "A B=1",
    "A-B.C=1",
    "1A=1",
    "A=1\nA=2",
    "A=1\r\nB=2\r\n",
    "A=1\rB=2",
    "\ufeffA=1\nB=2",
    "A=x#y",
    "A=x #y",
    "A=#y",
    "A= #y",
    "A='x#y'",
    'A="x#y"',
    "A=`x#y`",
    "A='x' #y",
    "A='x'#y",
    "A='x' y",
    'A="x"y',
    "A='it's'",
    "A=it's",
    "A='",
    'A="',
    'A="open\nB=2',
    "A='open\nB='2'",
    "A='a\nb'\nB=2",
    'A="a\r\nb"\r\nB=2',
    "A=`a\nb`",
    'A="a\\nb"',
    "A='a\\nb'",
    "A=a\\nb",
    'A="a\\tb"',
    'A="a\\"b"',
    "A='a\\'b'",
    'A="a\\\\"',
    'A="a\\" #b"',
    'A="a" "b"',
    "A=$B",
    "A=${B}",
    "A=${B:-c}",
    'A="$B"',
    "A='$B'",
    "A=a$b",
    "A=\\$B",
    "A=é # ü\nB=ñ",
    "A=\xa0x\xa0",
    "A=a\tb",
    "A=a  b",
    "'A'=1",
    '"A"=1',
    "A='1' \nB=2",
    "  # A=1\nB=2",
    "A=1 # 'x\nB=2 # it's",
    "A=\\\nB=2",
    "A=[1,2]",
    'A={"a": "b"}',
    f"DATABASE_URL={URL}",
    f"DATABASE_URL='{URL}'",
    f'DATABASE_URL="{URL}"',
    f"DATABASE_URL=`{URL}`",
    f"DATABASE_URL: {URL}",
    f"export DATABASE_URL = {URL} # pooled",
    f"DATABASE_URL={URL.replace('#', '%23')} # pooled",
    f'DATABASE_URL="{URL}',
    "DATABASE_URL=host=h user=u password='p w' dbname=d",
    "DATABASE_URL='host=h password=''",
    "PGPASSWORD=a#b\nPGPORT=6543",
)
PIECES = (
    "A",
    "B",
    "DATABASE_URL",
    "=",
    "=",
    "=",
    " ",
    "  ",
    "\n",
    "\n",
    "\r\n",
    "#",
    " #",
    '"',
    "'",
    "`",
    "\\",
    "\\n",
    '\\"',
    "\\'",
    "x",
    "postgres://u:p#w@h/d",
    "export ",
    ":",
    ": ",
    "$B",
    "${C}",
    "\t",
    "-",
    ".",
    "1",
    "\n\n",
    "é",
    "='a b'",
    '="x" # c',
    '"a\nb"',
)


def texts() -> list[str]:
    """The files: those worth a thought, then heaps of pieces that are the same each time."""
    dice = random.Random(20)
    heaps = ("".join(dice.choice(PIECES) for _ in range(dice.randint(3, 14))) for _ in range(160))
    return list(dict.fromkeys((*HAND, *heaps)))


def main() -> None:
    """Write the record to standard output."""
    logging.disable(logging.CRITICAL)
    found = texts()
    answers = subprocess.run(
        ["node", "-e", NODE, sys.argv[1]], input=json.dumps(found).encode(), stdout=subprocess.PIPE, check=True
    )
    record = []
    for text, answer in zip(found, json.loads(answers.stdout), strict=True):
        python = dotenv.dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False)
        if all(name.strip(" \n") for name in answer["node"]):
            record.append({"file": text, **answer, "python": dict(python)})
    json.dump(record, sys.stdout, indent=0, ensure_ascii=True)


if __name__ == "__main__":
    main()
