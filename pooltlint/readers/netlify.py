"""netlify.toml: the build command and the variables of a Netlify site, by deploy context."""

from __future__ import annotations

from pooltlint.model.facts import DeploymentFile, Profile, Script, Variable
from pooltlint.readers.platform_nodes import at, opened, pairs

_CONTEXTS = {
    "production": Profile.PRODUCTION,
    "dev": Profile.DEVELOPMENT,
    "deploy-preview": Profile.TEST,
    "branch-deploy": Profile.TEST,
}
"""Deploy contexts (Netlify documentation, "Deploy contexts"); any other name is that of a branch."""


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a netlify.toml: ``[build]`` and, for one context alone, ``[context.NAME]``.

    Previews and branches count as tests: they are not production. Never raises.
    """
    file, top, problems, comments = opened(path, data)
    variables: list[Variable] = [*file.variables(at(top, "build", "environment"))]
    scripts: list[Script | None] = [file.command(at(top, "build", "command"), "build", "build")]
    for key, context in pairs(at(top, "context")):
        profile = _CONTEXTS.get(key.text, Profile.TEST)
        own = file.variables(at(context, "environment"), profile=profile)
        variables += own
        scripts.append(file.command(at(context, "command"), key.text, "build", environment=own))
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Netlify",
        variables=tuple(variables),
        scripts=tuple(each for each in scripts if each is not None),
        problems=problems,
        comments=comments,
        lines=file.starts,
    )
