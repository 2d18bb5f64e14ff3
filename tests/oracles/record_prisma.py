"""Records what Prisma's own schema parser reads in schema files.

    python tests/oracles/record_prisma.py WITH_URL WITHOUT_URL > tests/test_readers/prisma_oracle.json

Each argument is a folder whose node_modules holds a build of @prisma/prisma-schema-wasm: recorded with
6.19.0-26 (2ba551f3, the one Prisma 6.19.0 ships, which knows ``url``) and 7.9.0-1 (e922089b, which refuses
it). ``get_config`` gives the blocks, ``validate`` whether the schema is accepted.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

NODE = """
const wasm = require(process.argv[1] + "/node_modules/@prisma/prisma-schema-wasm");
const texts = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => {
  const asked = { prismaSchema: text, datasourceOverrides: {}, ignoreEnvVarErrors: true, env: {}, noColor: true };
  let accepted = true, config = null;
  try { wasm.validate(JSON.stringify(asked)); } catch { accepted = false; }
  try { config = JSON.parse(wasm.get_config(JSON.stringify(asked))).config; } catch {}
  return { accepted, datasources: config?.datasources ?? [], generators: config?.generators ?? [] };
})));
"""

STRINGS = (
    '"postgres://localhost/app"',
    '"postgres://u:p@h:6543/db?pgbouncer=true&connection_limit=1"',
    '"postgres://{}{{}"',
    '"postgres://h/d}"',
    r'"a\"b"',
    r'"a\\"',
    r'"a\nb\tc"',
    r'"\u0041\u00e9"',
    r'"\ud83d\ude00"',
    r'"a\/b\b\f\r"',
    r'"\q"',
    '"// no comment"',
    '"/* no comment */"',
    '"# no comment"',
    '"é ü 😀"',
    '""',
    '"env(A)"',
    "'single'",
    '"open',
    'open"',
    '"two" "strings"',
    '"a" // comment',
    '"a" /// documentation',
    '"a" /* comment */',
    'env("A")',
    'env( "A" )',
    'env ("A")',
    'env("A B")',
    'env("")',
    "env('A')",
    "env(A)",
    'env("A", "B")',
    "env()",
    'env("A"',
    'env("A") // "x"',
    'ENV("A")',
    'env(\n"A"\n)',
    '\n"a"',
    "true",
    "1",
    "[]",
    '["a"]',
    '{a: "b"}',
    "word",
    "",
    "=",
    '"a",',
    '"a";',
    '"postgres://h/\\\nd"',
)
EXTRAS = (
    'directUrl = env("DIRECT_URL")',
    'directUrl = "postgres://h/direct"',
    'shadowDatabaseUrl = env("SHADOW")',
    'relationMode = "prisma"',
    'schemas = ["a", "b"]',
    'schemas = ["a","b",]',
    'schemas = ["a" "b"]',
    "schemas = []",
    'schemas = [\n"a",\n"b"\n]',
    'unknown = "x"',
    'url = "postgres://again/d"',
    'extensions = [pg_trgm, hstore(schema: "x")]',
    '// directUrl = "postgres://h/no"',
    '/// directUrl = "postgres://h/no"',
    '/* directUrl = "x"\n shadowDatabaseUrl = "y" */',
    "garbage",
    "directUrl",
    "directUrl =",
    'directUrl: env("A")',
    'relationMode = "prisma" schemas = ["a"]',
    "}",
    "{",
    'model = "x"',
    '\tdirectUrl\t=\tenv("T")',
    'directUrl="x"',
    '@@map("x")',
)
GENERATORS = (
    'provider = "prisma-client-js"',
    'provider = "prisma-client-js"\n previewFeatures = ["relationJoins", "views"]',
    'provider = "prisma-client-js"\n engineType = "client"\n moduleFormat = "esm"',
    'provider = env("P")',
    'provider = "prisma-client"\n output = "../generated"',
    'provider = "prisma-client"\n output = env("OUT")\n extra = true',
    'provider = "x"\n binaryTargets = ["native", env("T")]\n n = 5\n list = ["a", "b"]',
    "",
)
SOURCE = 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
WHOLE = (
    "",
    "\n",
    "// nothing\n",
    SOURCE,
    SOURCE.replace("\n", "\r\n"),
    SOURCE.rstrip("\n"),
    "\ufeff" + SOURCE,
    SOURCE + SOURCE,
    SOURCE + SOURCE.replace("db {", "other {"),
    SOURCE.replace("{\n", "{ "),
    SOURCE.replace("db {", "db{"),
    SOURCE.replace("db {", "db\n{"),
    SOURCE.replace("\n}", "}"),
    SOURCE.replace("}", ""),
    "/* " + SOURCE + " */",
    "/* a */ " + SOURCE,
    "/// documentation\n" + SOURCE,
    SOURCE.replace("{\n", "{ // comment\n"),
    "datasource db {}\n",
    'datasource db {\n  provider = "postgresql"\n}\n',
    "datasource {\n}\n",
    "garbage\n" + SOURCE,
    SOURCE + "garbage }\n",
    'model A {\n  id Int @id @map("}")\n  // }\n  s String @default("{")\n}\n' + SOURCE,
    "enum E {\n  A // }\n  B\n}\n" + SOURCE,
    "type T {\n" + SOURCE,
    "model A {\n  id Int @id\n\n" + SOURCE,
    SOURCE.replace("db", "été"),
    SOURCE.replace("db", "db-1"),
    SOURCE.replace('"postgresql"', '"mysql"'),
    'model A {\n  id Int @id\n  s String @default("/* ")\n}\n' + SOURCE,
    "\t" + SOURCE.replace("  ", "\t"),
    'datasource db {\n\n\n  provider="postgresql"\n\n  // x\n  url=env("A")\n\n}\n',
    SOURCE + "\x00",
    "\x0c" + SOURCE,
)


def texts() -> list[str]:
    """The schemas."""
    found = list(WHOLE)
    found += [f'datasource db {{\n  provider = "postgresql"\n  url = {each}\n}}\n' for each in STRINGS]
    found += [SOURCE.replace("\n}", f"\n  {each}\n}}") for each in EXTRAS]
    found += [f"generator client {{\n  {each}\n}}\n\n{SOURCE}" for each in GENERATORS]
    return list(dict.fromkeys(found))


def asked(folder: str, schemas: list[str]) -> list[dict[str, Any]]:
    """What the build in a folder answers."""
    answers = subprocess.run(
        ["node", "-e", NODE, folder], input=json.dumps(schemas).encode(), stdout=subprocess.PIPE, check=True
    )
    found: list[dict[str, Any]] = json.loads(answers.stdout)
    return found


def main() -> None:
    """Write the record to standard output."""
    schemas = texts()
    rows = zip(schemas, asked(sys.argv[1], schemas), asked(sys.argv[2], schemas), strict=True)
    json.dump([{"file": text, "six": six, "seven": seven} for text, six, seven in rows], sys.stdout, indent=0)


if __name__ == "__main__":
    main()
