"""vercel.json: the build command and the variables of what Vercel runs as functions."""

from __future__ import annotations

from pooltlint.model.facts import DeploymentFile, Variable
from pooltlint.readers.platform_nodes import at, opened, pairs, text


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a vercel.json (vercel.com documentation, "Static Configuration with vercel.json").

    ``env`` and ``build.env`` of older projects are variables; a value that begins with ``@`` names a secret. How
    many instances of a function run is nowhere in the file. Never raises.
    """
    file, top, problems, comments = opened(path, data)
    variables: dict[str, Variable] = {}
    for node in (at(top, "build", "env"), at(top, "env")):
        for key, value in pairs(node):
            found = file.variable(key.text, value)
            secret = text(value).startswith("@")
            variables[key.text] = Variable(key.text, found.at, file.profile, template=True) if secret else found
    build = file.command(at(top, "buildCommand"), "buildCommand", "build")
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Vercel",
        variables=tuple(variables.values()),
        scripts=(build,) if build is not None else (),
        problems=problems,
        comments=comments,
        lines=file.starts,
    )
