// Records what node-semver says of ranges, for tests/test_versions.py.
// Run: node tests/oracles/record_npm_ranges.cjs > tests/oracles/npm_ranges.json   (uses the semver that ships with npm)
const { execSync } = require("node:child_process");
const semver = require(execSync("npm root -g").toString().trim() + "/npm/node_modules/semver");
const ranges = [
  "^6.1.0", "^0.2.3", "^0.0.3", "^0", "^0.0", "^1", "^1.x", "~1.2.3", "~1.2", "~1", "~0.2", "1.x", "1.2.x", "1.2.*", "1", "1.2",
  "1.2.3", "=1.2.3", "v1.2.3", ">=2 <3", ">=2.1.0 <3.0.0", ">1.2.3", ">1.2", ">1", ">= 1.2 < 2", "<3", "<=2.1", "<=2.1.4", "1.2.3 - 2.3.4",
  "1.2 - 2.3", "1 || ^3.1", "^7.0.0 || ^8.0.0", "^8.0.0||^7.0.0", "*", "", "x", "6.0.0-beta.1", "^6.0.0-rc.2", ">=5.0.0-dev.7",
];
const probes = [];
for (const major of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  for (const rest of ["0.0", "0.2", "0.3", "0.4", "1.0", "1.4", "1.5", "2.0", "2.3", "2.4", "3.0", "3.4", "3.5", "4.0"]) probes.push(`${major}.${rest}`);
const answers = ranges.map((range) => ({
  range,
  minimum: semver.minVersion(range)?.version ?? null,
  admits: probes.filter((each) => semver.satisfies(each, range)),
}));
console.log(JSON.stringify({ semver: require(execSync("npm root -g").toString().trim() + "/npm/node_modules/semver/package.json").version, probes, answers }));
