#!/bin/sh
# Judges a SARIF file with Microsoft's SARIF Multitool, by its own and by GitHub's rules. Needs node, npm and Linux.
#
#   sh tests/oracles/validate_sarif.sh report.sarif
#
# Multitool's exit code is 0 whatever it finds, so its own report is read: any result of level error fails.
# Expected: no errors; the warning SARIF2005 (no informationUri) while the documentation has no address.
set -eu
tools="${SARIF_TOOLS:-${TMPDIR:-/tmp}/pooltlint-sarif-tools}"
tool="$tools/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
if [ ! -f "$tool" ]; then
  npm install --ignore-scripts --no-save --prefix "$tools" @microsoft/sarif-multitool-linux@5.7.0
fi
chmod u+x "$tool"
verdict="$(mktemp)"
"$tool" validate "$1" --rule-kind "Sarif;Ghas" --level "Error;Warning" -o "$verdict" --log ForceOverwrite
python3 - "$verdict" <<'PYTHON'
import json
import sys

with open(sys.argv[1], encoding="utf-8-sig") as file:
    run = json.load(file)["runs"][0]
results = run["results"]
for result in results:
    print(result.get("level", "warning"), result["ruleId"], result["message"].get("arguments", ""))
failures = [each for call in run.get("invocations", ()) for each in call.get("toolExecutionNotifications", ())]
errors = [each for each in results if each.get("level") == "error"]
print(f"{len(errors)} errors, {len(results) - len(errors)} others, {len(failures)} notifications")
sys.exit(bool(errors or failures))
PYTHON
