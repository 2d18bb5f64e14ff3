"""Which part of the repository a file belongs to, as far as its place says it: tests and one-shot scripts."""

import re

from pooltlint.model.topology import Runs

_TESTS = re.compile(
    r"(^|/)(tests?|__tests__|__mocks__|spec|specs|e2e|cypress|playwright|testing|test[-_]utils|integration[-_]tests?|fixtures?|testdata|benchmarks?"
    r"|bench|perf[-_]?tests?|load[-_]?tests?|load-testing)(/|$)"
    r"|(^|/)(conftest|test_[^/]*|[^/]*_tests?|tests?)\.py$|\.(test|tests|spec|e2e|bench|stories|e2e-spec|int-spec)\.[cm]?[jt]sx?$"
    r"|(^|/)(jest|vitest|playwright|cypress)[.-][^/]*\.[cm]?[jt]s$|(^|/)(tests?[-_.]?setup|setup[-_.]?tests?|global[-_.]?(setup|teardown))\.[cm]?[jt]sx?$|(^|/)tests?\.[cm]?[jt]s$"
)
_SCRIPTS = re.compile(
    r"(^|/)(scripts?|bin|seeds?|seeders?|migrations?|migrate|alembic|management/commands|examples?|samples?|demos?|docs?|tutorials?"
    r"|notebooks?|hack|ci|\.github|upgrade_scripts|one[-_]?offs?|tasks/manual|playground|sandbox)(/|$)"
    r"|(^|/)(seed|migrate|migration|migrations|bootstrap[-_]db|init[-_]?db|create[-_]?db|reset[-_]?db|drop[-_]?db|backfill|manage|fabfile|noxfile|gulpfile)"
    r"([-_.][^/]*)?\.([cm]?[jt]sx?|py)$"
    r"|(^|/)(drizzle|knexfile|prisma|mikro-orm|ormconfig|vitest|jest|next|nuxt|vite|svelte|astro|webpack|rollup|tailwind|eslint)[^/]*\.config\.[cm]?[jt]s$"
)
_PERHAPS = re.compile(
    r"(^|/)(tools?|cli|commands|integration|setup|install|dev|ops)(/|$)|(^|/)(cli|setup|install)([-_.][^/]*)?\.([cm]?[jt]sx?|py)$"
)


def role(path: str) -> Runs | None:
    """``TEST`` or ``SCRIPT`` when the place of a file says that it is no part of the running system."""
    folded = path.lower()
    if _TESTS.search(folded):
        return Runs.TEST
    if _SCRIPTS.search(folded):
        return Runs.SCRIPT
    return None


def perhaps(path: str) -> Runs | None:
    """``SCRIPT`` when a file may well be one by its place, unless an entry point of a framework leads there."""
    return Runs.SCRIPT if _PERHAPS.search(path.lower()) else None


_ONE_SHOTS = re.compile(
    r"main|cli|init(iali[sz]e)?(db|database|schema|tables)|create(all|tables?|schema|indexes|index|extensions?)|(setup|prepare)(db|database|schema|tables)"
    r"|(run|apply|do)?migrat(e|ion|ions)\w*|seed\w*|bootstrap\w*|waitfor\w+|check(db|database)?connection|testconnection"
)


def one_shot(name: str) -> bool:
    """Does a function whose callers are not known say by its name that it runs once: ``main``, ``run_migrations``."""
    return _ONE_SHOTS.fullmatch(name.lower().replace("_", "")) is not None
