"""Which part of the repository a file belongs to, as far as its place says it: tests and one-shot scripts."""

import re

from pooltlint.model.topology import Runs

_TESTS = re.compile(
    r"(^|/)(tests?|__tests__|__mocks__|spec|specs|e2e|cypress|playwright|testing|test[-_]utils|fixtures?|testdata|benchmarks?|bench)(/|$)"
    r"|(^|/)(conftest|test_[^/]*|[^/]*_tests?)\.py$|\.(test|tests|spec|e2e|bench|stories|e2e-spec|int-spec)\.[cm]?[jt]sx?$"
    r"|(^|/)(jest|vitest|playwright|cypress)[.-][^/]*\.[cm]?[jt]s$"
)
_SCRIPTS = re.compile(
    r"(^|/)(scripts?|bin|tools?|seeds?|seeders?|migrations?|migrate|cli|commands|management/commands|examples?|samples?|demos?|docs?|tutorials?"
    r"|notebooks?|hack|ci|\.github|upgrade_scripts|one[-_]?offs?|tasks/manual|playground|sandbox)(/|$)"
    r"|(^|/)(seed|migrate|migration|migrations|setup|install|bootstrap[-_]db|init[-_]?db|create[-_]?db|reset[-_]?db|drop[-_]?db|backfill|cli|manage|fabfile|noxfile|gulpfile)"
    r"([-_.][^/]*)?\.([cm]?[jt]sx?|py)$"
    r"|(^|/)(drizzle|knexfile|prisma|mikro-orm|ormconfig|vitest|jest|next|nuxt|vite|svelte|astro|webpack|rollup|tailwind|eslint)[^/]*\.config\.[cm]?[jt]s$"
)


def role(path: str) -> Runs | None:
    """``TEST`` or ``SCRIPT`` when the place of a file says that it is no part of the running system."""
    folded = path.lower()
    if _TESTS.search(folded):
        return Runs.TEST
    if _SCRIPTS.search(folded):
        return Runs.SCRIPT
    return None
