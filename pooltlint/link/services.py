"""What runs: the services of every deployment with their instances, processes and threads, from start command to program."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from pooltlint.frameworks.processes import Started, Surroundings, started
from pooltlint.link.packages import Packages
from pooltlint.model.budget import Number, Workload, known
from pooltlint.model.commands import program, words
from pooltlint.model.facts import (
    Amount,
    CommandFile,
    DeploymentFile,
    EnvFile,
    Facts,
    Manifest,
    Profile,
    ProgramFile,
    Script,
    Service,
    Variable,
    Work,
)
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.truth import Truth
from pooltlint.model.value import FromEnv, Literal, OneOf, Value
from pooltlint.outline import nodes

_MOST = 100_000
"""No number of anything above this makes sense."""
_MOST_LEVELS = 6
_SERVERS = re.compile(
    r"(?:^|/)(?:postgres|postgis|postgresql|pgvector|timescaledb(?:-ha)?|supabase-postgres|pgbouncer|pgcat|odyssey|pgpool"
    r"|redis|valkey|memcached|rabbitmq|mysql|mariadb|mongo|kafka|zookeeper|elasticsearch|opensearch|nginx|traefik|caddy"
    r"|haproxy|minio|mailhog|mailpit|maildev|localstack|clickhouse(?:-server)?|adminer|pgadmin4?|busybox|alpine|vault"
    r"|consul|nats|etcd|prometheus|grafana|loki|jaeger|otel[\w-]*|flower|dex|envoy|varnish|cloudflared|certbot)"
    r"(?=[:@-]|$)"
)
"""Images of programs that are none of the repository's and open no connection to Postgres."""
_UNITS = {"Kubernetes": ("pod", "pods"), "Docker Compose": ("container", "containers")}
_ANYBODYS = frozenset({"Docker Compose", "Terraform", "CloudFormation", "AWS Lambda"})
"""Platforms whose files describe what other repositories hold as well."""
_ONE = {"pm2": "pm2 starts 1 process of", "Supervisor": "Supervisor starts 1 process of", "systemd": "systemd starts 1",
        "Render": "Render runs 1 instance of", "Railway": "Railway runs 1 replica of"}  # fmt: skip
"""Platforms that run one of what they are told no number for."""
_ASIDE = re.compile(
    r"(?i)(?:.*/)?(?:examples?|samples?|docs?|demos?|templates?|fixtures?|tests?|e2e|playground|bench\w*)/"
)
_FOLDER_FLAGS = (
    "--chdir",
    "--prefix",
    "-C",
    "--cwd",
    "--dir",
    "--app-dir",
    "--filter",
    "-F",
    "-w",
    "--workspace",
    "--pythonpath",
)


_MACHINES = {"Fly"}
"""Platforms whose number of CPUs is that of a machine, and no limit of a container."""


class Declaration(Protocol):
    """A ``[tool.pooltlint.services.NAME]`` of the settings; ``None`` where it says nothing."""

    @property
    def name(self) -> str: ...  # noqa: D102  # the class tells what it is
    @property
    def at(self) -> Place: ...  # noqa: D102  # the class tells what it is
    @property
    def path(self) -> str: ...  # noqa: D102  # the class tells what it is
    @property
    def instances(self) -> int | None: ...  # noqa: D102  # the class tells what it is
    @property
    def processes(self) -> int | None: ...  # noqa: D102  # the class tells what it is
    @property
    def threads(self) -> int | None: ...  # noqa: D102  # the class tells what it is
    @property
    def pool(self) -> int | None: ...  # noqa: D102  # the class tells what it is
    @property
    def overflow(self) -> int | None: ...  # noqa: D102  # the class tells what it is


@dataclass(frozen=True, slots=True)
class Running:
    """A workload with what only linking needs of it: its variables, and the file and service that set them."""

    workload: Workload
    world: str
    environment: Mapping[str, Variable]
    path: str = ""
    service: str = ""
    image: str = ""
    ours: bool = True
    words: tuple[str, ...] = ()


@dataclass(slots=True)
class _World:
    """What is deployed together: the services of one file, or of several that are laid over one another."""

    platform: str
    profile: Profile
    services: dict[str, tuple[DeploymentFile, Service]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        """The platform with its files."""
        shown = ", ".join(self.files[:3]) + (" …" if len(self.files) > 3 else "")
        return f"{self.platform} ({shown})" if self.platform else shown


class Services:
    """Finds what runs, over the facts of a whole repository."""

    def __init__(
        self,
        facts: Sequence[Facts],
        packages: Packages,
        declared: Mapping[str, Declaration],
        assigned: Callable[[str, str], Value | None],
        folders: Iterable[str],
        serverless: Callable[[str], tuple[Note, ...]],
        names: frozenset[str],
        others: frozenset[tuple[str, str]],
        clusters: Callable[[Iterable[str]], tuple[str, bool] | None],
    ) -> None:
        """``assigned(path, name)``: what a module assigns to a name. ``folders``: packages that open connections.

        ``names``: variables that lead them to their databases. ``others``: file and name of services that are servers
        or poolers. ``clusters``: of some paths the one whose program forks by Node's cluster module, and whether it reads
        ``WEB_CONCURRENCY``.
        """
        self.clusters = clusters
        self.names = names
        self.others = others
        self.facts = facts
        self.packages = packages
        self.declared = declared
        self.assigned = assigned
        self.folders = sorted(set(folders))
        self.serverless = serverless
        self.files = {each.path: each for each in facts}
        self.commands = {each.path: each for each in facts if isinstance(each, CommandFile)}
        self.programs = [each for each in facts if isinstance(each, ProgramFile)]
        self.manifests: dict[str, Manifest] = {}
        for each in facts:
            if isinstance(each, Manifest) and not each.lock and (each.scripts or each.name or each.dependencies):
                self.manifests.setdefault(posixpath.dirname(each.path), each)

    # --- who runs where ---

    def running(self) -> list[Running]:
        """Every workload that runs the repository's code, by deployment; those that nothing deploys come from start commands."""
        found: list[Running] = []
        for world in self._worlds():
            found += self._of_world(world)
        if not any(each.workload.profile in _REAL for each in found):
            found += self._undeployed()
        return self._with_declarations(found)

    def _worlds(self) -> Iterator[_World]:
        compose: dict[str, list[DeploymentFile]] = {}
        cluster: dict[Profile, list[DeploymentFile]] = {}
        for each in self.facts:
            if not isinstance(each, DeploymentFile) or each.profile in (Profile.TEST, Profile.CI):
                continue
            if each.platform == "Docker Compose":
                if not self._aside(each.path):
                    compose.setdefault(posixpath.dirname(each.path), []).append(each)
            elif self._aside(each.path):
                continue
            elif each.platform == "Kubernetes":
                cluster.setdefault(each.profile, []).append(each)
            elif each.services:
                world = _World(each.platform, each.profile, files=[each.path])
                world.services = {one.name: (each, one) for one in self._with_procfile(each)}
                yield world
        for files in compose.values():
            yield from _layers("Docker Compose", files)
        base = cluster.pop(Profile.UNKNOWN, [])
        for profile, files in sorted(cluster.items()) or [(Profile.UNKNOWN, [])]:
            world = _World("Kubernetes", profile)
            for file in (*base, *files):
                _lay(world, file)
            if world.services:
                yield world
        heroku = {posixpath.dirname(each.path) for each in self.facts if isinstance(each, DeploymentFile) and each.platform == "Heroku" and each.services}  # fmt: skip
        for path, procfile in sorted(self.commands.items()):
            if posixpath.basename(path) == "Procfile" and posixpath.dirname(path) in heroku:
                continue
            if posixpath.basename(path).startswith("Procfile") and not self._aside(path):
                dev = re.search(r"dev|local|test", posixpath.basename(path).lower())
                world = _World("Procfile", Profile.DEVELOPMENT if dev else Profile.UNKNOWN, files=[path])
                at = Place(path, 0, 0, 1, 1)
                file = DeploymentFile(path, world.profile, "Procfile")
                for script in procfile.scripts:
                    if script.role == "start":
                        world.services[script.service] = (
                            file,
                            Service(script.service, script.at or at, command=script),
                        )
                yield world

    def _with_procfile(self, file: DeploymentFile) -> Iterator[Service]:
        """The services of a file; what Heroku's ``app.json`` counts is started by the ``Procfile`` beside it."""
        beside = self.commands.get(posixpath.join(posixpath.dirname(file.path), "Procfile"))
        started_by = {each.service: each for each in beside.scripts} if beside and file.platform == "Heroku" else {}
        for each in file.services:
            yield replace(each, command=each.command or started_by.pop(each.name, None))
        for name, script in started_by.items():
            if script.role == "start":
                yield Service(name, script.at, command=script, folder=".")

    def _aside(self, path: str) -> bool:
        """Does a file lie among examples and documentation while the code does not."""
        found = _ASIDE.match(path)
        return found is not None and not any(covers(found[0].rstrip("/"), each) for each in self.folders)

    def _of_world(self, world: _World) -> list[Running]:
        built = {one.image: one for _, one in world.services.values() if one.build and one.image}
        images = {one.image for _, one in world.services.values() if one.image and not _SERVERS.search(one.image)}
        found = []
        for file, service in world.services.values():
            if service.kind is Work.JOB or (_SERVERS.search(service.image) and not service.build):
                continue
            if (file.path, service.name) in self.others or service.optional:
                continue
            if not service.build and service.image in built:
                service = replace(service, build=built[service.image].build, stage=built[service.image].stage)
            running = self._service(world, file, service, len(images) == 1)
            if running is not None:
                found.append(running)
        if any(each.ours and each.workload.program for each in found):
            # what runs nobody knows what, and is given no way to the database, is most likely something else
            found = [
                each for each in found if each.workload.program or not each.ours or self.names & each.environment.keys()
            ]
        return found

    def _service(self, world: _World, file: DeploymentFile, service: Service, alone: bool) -> Running | None:
        """One service; ``alone``: the deployment has no other image of its own."""
        if file.platform not in _MACHINES:
            service = replace(service, cores=None)  # a quota, which programs that count CPUs do not see
        home = posixpath.dirname(file.path)
        dockerfile = posixpath.normpath(posixpath.join(home, service.build)) if service.build else ""
        environment = self._environment(file, service, dockerfile, home)
        folder = self._folder(file, service, dockerfile, home)
        chain: list[Note] = []
        begun: Started | None = None
        argv: Sequence[str] = ()
        if service.command is not None:
            begun, argv = self._begun(service.command, folder, environment, service, chain)
        if service.command is None and dockerfile in self.commands:
            begun, argv = self._of_image(self.commands[dockerfile], folder, environment, service, chain)
        if service.command is None and not dockerfile and file.platform not in ("Docker Compose", "Procfile"):
            image = self._image(folder)
            if image is not None:
                begun, argv = self._of_image(image, folder, environment, service, chain)
        if service.command is not None and begun is None and _passing(service.command):
            return None
        ours = bool(
            service.build
            or service.folder
            or (service.command is not None and begun is not None)
            or self.names & environment.keys()
            or (file.platform not in _ANYBODYS and (not service.image or alone or self._named_after(service)))
        )
        instances = self._instances(file, service)
        workload = Workload(
            name=service.name,
            at=service.at,
            source=world.source,
            profile=world.profile,
            kind=service.kind.value,
            program=begun.program if begun else "",
            unit=_UNITS.get(file.platform, ("instance",))[0],
            parts=begun.parts if begun else "process",
            instances=instances,
            surge=_surge(file, service, instances),
            processes=begun.processes if begun else _unknown(service),
            threads=begun.threads if begun else None,
            asynchronous=begun.asynchronous if begun else Truth.UNKNOWN,
            preload=begun.preload if begun else Truth.UNKNOWN,
            asgi=begun.asgi if begun else Truth.UNKNOWN,
            folder=folder,
            entry=begun.entry if begun else "",
            service=service.name,
            because=tuple(chain),
        )
        return Running(workload, world.source, environment, file.path, service.name, service.image, ours, tuple(argv))

    def _undeployed(self) -> list[Running]:
        """Nothing here deploys the code: its images, else its start scripts, else its packages as they are."""
        found: list[Running] = []
        for path, image in sorted(self.commands.items()):
            name = posixpath.basename(path)
            if not re.match(r"(?i)(?:.*\.)?(?:dockerfile|containerfile)", name) or re.search(
                r"dev|test|ci\b", name.lower()
            ):
                continue
            folder = self._upwards(posixpath.dirname(path))
            found += self._loose(folder, path, f"image ({path})", image=image)
        covered = {each.workload.folder for each in found}
        for folder in self.folders:
            if any(covers(each, folder) for each in covered):
                continue
            manifest = self.manifests.get(folder)
            script = next((each for each in manifest.scripts if each.name == "start"), None) if manifest else None
            where = manifest.path if manifest is not None else folder
            found += self._loose(folder, where, f"start script ({where})" if script else "", script=script)
        return found

    def _loose(
        self, folder: str, path: str, source: str, *, image: CommandFile | None = None, script: Script | None = None
    ) -> Iterator[Running]:
        manifest = self.manifests.get(folder)
        name = (manifest.name if manifest else "") or posixpath.basename(folder) or "app"
        at = script.at if script else Place(path, 0, 0, 1, 1)
        service = Service(name, at, command=script)
        chain: list[Note] = []
        environment: dict[str, Variable] = {}
        if image is not None:
            environment = {each.name: each for each in image.variables if not each.service}
            begun, argv = self._of_image(image, folder, environment, service, chain)
            if begun is None:
                return
        else:
            begun, argv = self._begun(script, folder, environment, service, chain) if script else (None, ())
        functions = self.serverless(folder) if image is None else ()
        why = "nothing here says how many instances run"
        instances = Number(None, why, at)
        processes = begun.processes if begun else Number(None, f"nothing here says how {name} is started", at)
        if functions:
            instances = Number(None, functions[0].text, functions[0].at, unbounded=True, text="functions")
            processes = known(1, "a function is 1 process", functions[0].at, default=True)
        yield Running(
            Workload(
                name=name,
                at=at,
                source=source or (f"package ({path or '.'})"),
                kind="function" if functions else "service",
                program=begun.program if begun else "",
                parts=begun.parts if begun else "process",
                instances=instances,
                processes=processes,
                threads=begun.threads if begun and not functions else None,
                asynchronous=begun.asynchronous if begun else Truth.UNKNOWN,
                preload=begun.preload if begun else Truth.UNKNOWN,
                asgi=begun.asgi if begun else Truth.UNKNOWN,
                folder=folder,
                entry=begun.entry if begun else "",
                because=tuple(chain),
            ),
            "",
            environment,
            path,
            words=tuple(argv),
        )

    def _with_declarations(self, found: list[Running]) -> list[Running]:
        """What the settings say of services beats what was read; a service that nobody knew of is added."""
        done = list(found)
        for name, each in self.declared.items():
            mine = [at for at, one in enumerate(done) if one.workload.name == name]
            path = each.path.strip("/").removeprefix("./")
            if not mine and path:
                mine = [at for at, one in enumerate(done) if one.workload.folder == path]
            if not mine and len(done) == 1 and not done[0].world and not path:
                mine = [0]
            for at in mine:
                work = done[at].workload
                done[at] = _declared(done[at], name if not done[at].world else work.name, each)
            if not mine:
                work = Workload(
                    name,
                    each.at,
                    "the settings",
                    instances=Number(None, f"how many instances of {name} run is not declared", each.at),
                    processes=known(1, "one process, as nothing else is declared", each.at, default=True),
                    folder=path if path != "." else "",
                )
                world = next((one.world for one in done if one.workload.profile in _REAL), "")
                source = next((one.workload.source for one in done if one.workload.profile in _REAL), work.source)
                fresh = Running(replace(work, source=source), world, {}, each.at.path)
                done.append(_declared(fresh, name, each))
        return done

    # --- where its code is ---

    def _folder(self, file: DeploymentFile, service: Service, dockerfile: str, home: str) -> str:
        if service.folder:
            return _normal(posixpath.join(home, service.folder))
        if dockerfile:
            return self._upwards(posixpath.dirname(dockerfile))
        if file.platform in ("Docker Compose", "Procfile") or len(self.folders) < 2:
            return home if file.platform in ("Docker Compose", "Procfile") else ""
        names = {service.name.lower(), service.image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()}
        near = [each for each in self.folders if posixpath.basename(each).lower() in names]
        return near[0] if len(near) == 1 else ""

    def _named_after(self, service: Service) -> bool:
        """Is the image called like a package or folder of the repository."""
        image = service.image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
        names = {each.name.rpartition("/")[2].lower() for each in self.manifests.values() if each.name}
        return image in names | {posixpath.basename(each).lower() for each in self.folders}

    def _upwards(self, folder: str) -> str:
        """The nearest folder upwards that holds packages with clients at all."""
        while folder and not any(covers(folder, each) for each in self.folders):
            folder = posixpath.dirname(folder)
        return folder

    def _image(self, folder: str) -> CommandFile | None:
        """The only Dockerfile of a folder."""
        found = [
            each
            for path, each in self.commands.items()
            if posixpath.dirname(path) == folder
            and re.match(r"(?i)(?:docker|container)file$", posixpath.basename(path))
        ]
        return found[0] if len(found) == 1 else None

    # --- its variables ---

    def _environment(self, file: DeploymentFile, service: Service, dockerfile: str, home: str) -> dict[str, Variable]:
        found: dict[str, Variable] = {}
        if dockerfile in self.commands:
            found |= {each.name: each for each in self.commands[dockerfile].variables if not each.service}
        found |= {each.name: each for each in file.variables if each.profile in (file.profile, Profile.PRODUCTION)}
        for name in service.env_files:
            beside = self.files.get(_normal(posixpath.join(home, name)))
            if isinstance(beside, EnvFile):
                found |= {each.name: each for each in beside.variables}
        bundles = {
            bundle.name: bundle
            for each in self.facts
            if isinstance(each, DeploymentFile) and each.platform == file.platform
            for bundle in each.bundles
        }
        for name in service.bundles:
            if name in bundles:
                found |= {each.name: each for each in bundles[name].variables}
        found |= {each.name: each for each in service.environment}
        outside = self.files.get(posixpath.join(home, ".env"))
        if isinstance(outside, EnvFile) and file.platform == "Docker Compose":
            given = {each.name: each for each in outside.variables}
            for name, each in list(found.items()):
                if each.template and len(each.refers) == 1 and each.refers[0] in given:
                    found[name] = replace(given[each.refers[0]], name=name)
        return found

    # --- what it starts ---

    def _of_image(
        self,
        image: CommandFile,
        folder: str,
        environment: dict[str, Variable],
        service: Service,
        chain: list[Note],
    ) -> tuple[Started | None, Sequence[str]]:
        """What an image runs: the last ``CMD``, else the last ``ENTRYPOINT`` of its final stage."""
        starts = [each for each in image.scripts if each.role == "start"]
        stages = {each.service for each in starts}
        stage = service.stage if service.stage in stages else ""
        scripts = [each for each in starts if each.service == stage]
        for kind in ("CMD", "ENTRYPOINT"):
            last = next((each for each in reversed(scripts) if each.name == kind), None)
            if last is not None:
                found, argv = self._begun(last, folder, environment, service, chain)
                if found is not None:
                    return found, argv
        return None, ()

    def _begun(
        self,
        script: Script,
        folder: str,
        environment: dict[str, Variable],
        service: Service,
        chain: list[Note],
        level: int = 0,
    ) -> tuple[Started | None, Sequence[str]]:
        """The last program of a command that is known, through scripts that it names."""
        result: tuple[Started | None, Sequence[str]] = (None, ())
        own = environment | {each.name: each for each in script.environment}
        for command in words(script.command):
            if command and command[0] == "cd" and len(command) > 1:
                folder = self._into(folder, command[1])
                continue
            around = self._around(script, folder, own, service, command)
            rest = program(command)
            rest = rest[1:] if rest[:1] and rest[0].rpartition("/")[2] in ("thrust", "tini", "catatonit") else rest
            rest = rest[1:] if rest[:1] == ["--"] else rest
            found = started(rest, around) or _module(command, rest, around)
            if found is not None:
                chain.append(Note(f"{service.name} starts {found.program}", script.at))
                result = (found, command)
                continue
            inner = self._named(rest, folder) if level < _MOST_LEVELS else None
            if inner is not None:
                deeper: tuple[Started | None, Sequence[str]] = (None, ())
                notes: list[Note] = [Note(f"{service.name} runs {' '.join(rest[:3])}", script.at)]
                variables = own | inner[1]
                programs: set[str] = set()
                for each in inner[0]:
                    later = self._begun(each, inner[2], variables, service, notes, level + 1)
                    if later[0] is not None:
                        deeper = later
                        programs.add(later[0].program)
                if deeper[0] is not None and len(programs) == 1:  # of several nobody knows which one is chosen
                    chain.extend(notes)
                    result = (deeper[0], (*command, *deeper[1]))
        return result

    def _named(self, rest: list[str], folder: str) -> tuple[Sequence[Script], dict[str, Variable], str] | None:
        """The commands that a command names: an npm script, a shell script of the repository."""
        if not rest:
            return None
        name, behind = rest[0].rpartition("/")[2], rest[1:]
        if name in ("npm", "pnpm", "yarn", "bun"):
            where = folder
            for at, word in enumerate(behind):
                for flag in _FOLDER_FLAGS:
                    if word == flag and at + 1 < len(behind):
                        where = self._into(folder, behind[at + 1])
                    elif word.startswith(flag + "=") and flag.startswith("--"):
                        where = self._into(folder, word[len(flag) + 1 :])
            plain = [
                each
                for at, each in enumerate(behind)
                if not each.startswith("-") and not (at and behind[at - 1] in _FOLDER_FLAGS)
            ]
            plain = [each for each in plain if each not in ("run", "run-script")]
            manifest = self.manifests.get(where)
            wanted = plain[0] if plain else ""
            scripts = [each for each in manifest.scripts if each.name == wanted] if manifest and wanted else []
            return (scripts, {}, where) if scripts else None
        if name in ("sh", "bash", "ash", "dash", "zsh"):
            file = next((each for each in behind if not each.startswith(("-", "+"))), "")
        else:
            file = rest[0]
        if not file.endswith((".sh", ".bash")) and "entrypoint" not in file and not file.startswith("./"):
            return None
        found = self._file(file, folder)
        if found is None:
            return None
        return found.scripts, {each.name: each for each in found.variables}, folder

    def _file(self, name: str, folder: str) -> CommandFile | None:
        """A shell script by the path it has in its container: the longest end of it that is a file here."""
        steps = [each for each in name.split("/") if each not in ("", ".", "..")]
        for first in range(len(steps)):
            tail = "/".join(steps[first:])
            for where in (folder, ""):
                found = self.commands.get(_normal(posixpath.join(where, tail)))
                if found is not None:
                    return found
        ends = [each for path, each in sorted(self.commands.items()) if steps and path.rpartition("/")[2] == steps[-1]]
        mine = [each for each in ends if covers(folder, each.path)]
        return mine[0] if len(mine) == 1 else None

    def _into(self, folder: str, name: str) -> str:
        """A folder inside of another one, or the package of that name."""
        name = name.strip("'\"").removesuffix("...")
        by_name = next((at for at, each in self.manifests.items() if each.name and each.name == name), None)
        if by_name is not None:
            return by_name
        inside = _normal(posixpath.join(folder, name.lstrip("/")))
        known_ = [*self.manifests, *self.folders]
        if inside in known_ or any(covers(inside, each) for each in self.folders):
            return inside
        last = [each for each in known_ if posixpath.basename(each) == posixpath.basename(name)]
        return last[0] if len(set(last)) == 1 else folder

    def _around(
        self, script: Script, folder: str, environment: Mapping[str, Variable], service: Service, command: list[str]
    ) -> Surroundings:
        assigned = dict(each.partition("=")[::2] for each in command if re.match(r"[A-Za-z_]\w*=", each))

        def variable(name: str) -> Number | None:
            if name in assigned:
                return _parsed(assigned[name], f"{name}={assigned[name]}", script.at)
            return of_variable(environment.get(name))

        def text(name: str) -> str:
            found = environment.get(name)
            return assigned.get(name) or (found.text if found is not None and found.text else "") or ""

        def setting(kind: str, name: str) -> Number | None:
            if kind == "Solid Queue" and name == "processes":
                return self._solid_queue(folder, environment)
            if kind == "Solid Queue":
                name = "workers.0.threads"
            return self._setting(kind, name, folder, environment, command)

        def said(kind: str, name: str) -> str:
            value = self._value(kind, name, folder, command)
            match value:
                case None:
                    return ""
                case Literal(value=found):
                    return str(found)
                case FromEnv(name=variable_, default=default):
                    return text(variable_) or (str(default.value) if isinstance(default, Literal) else "?")
                case _:
                    return "?"

        def version(package: str) -> str:
            return self.packages.version(posixpath.join(folder, "x"), package)[0]

        def forks(entry: str) -> Number | None:
            found = self.clusters(_sources(posixpath.join(folder, entry))) if entry else None
            if found is None:
                return None
            told = variable("WEB_CONCURRENCY") if found[1] else None
            at = Place(found[0], 0, 0, 1, 1)
            return told or Number(None, f"how many processes {found[0]} forks is not known", at, least=1)

        cores = _amount(service.cores, "CPUs of an instance")
        return Surroundings(script.at, variable, text, setting, said, cores, version, forks)

    def _value(self, kind: str, name: str, folder: str, command: Sequence[str]) -> Value | None:
        if kind in ("gunicorn", "Celery"):
            for path in self._configuration(kind, folder, command):
                value = self.assigned(path, name)
                if value is not None:
                    return value
            return None
        found = self._assignment(kind, name, folder)
        return found[0] if found is not None else None

    def _assignment(self, kind: str, name: str, folder: str) -> tuple[Value, Place] | None:
        near = [each for each in self.programs if each.program == kind and covers(folder, each.path)]
        near.sort(key=lambda each: each.path.count("/"))
        for file in near:
            mine = [each for each in file.settings if each.name == name and each.scope in ("production", "")]
            if mine:
                best = next((each for each in reversed(mine) if each.scope), mine[-1])
                return best.value, best.at
        return None

    def _setting(
        self, kind: str, name: str, folder: str, environment: Mapping[str, Variable], command: Sequence[str]
    ) -> Number | None:
        if kind in ("gunicorn", "Celery"):
            for path in self._configuration(kind, folder, command):
                value = self.assigned(path, name)
                if value is not None:
                    return number_of(
                        value, environment, f"{name} of {path}", getattr(value, "at", None) or Place(path, 0, 0, 1, 1)
                    )
            return None
        found = self._assignment(kind, name, folder)
        return number_of(found[0], environment, name, found[1]) if found is not None else None

    def _configuration(self, kind: str, folder: str, command: Sequence[str]) -> list[str]:
        """gunicorn's ``-c file`` (``python:module`` as well), else ``./gunicorn.conf.py``."""
        if kind != "gunicorn":
            return []
        given = ""
        for at, word in enumerate(command):
            if word in ("-c", "--config") and at + 1 < len(command):
                given = command[at + 1]
            elif word.startswith("--config="):
                given = word[9:]
        given = given.removeprefix("file:")
        if given.startswith("python:"):
            given = given[7:].replace(".", "/") + ".py"
        steps = [each for each in (given or "gunicorn.conf.py").split("/") if each not in ("", ".", "..")]
        ends = ["/".join(steps[at:]) for at in range(len(steps))]
        return list(dict.fromkeys(_normal(posixpath.join(where, end)) for end in ends for where in (folder, "")))

    def _solid_queue(self, folder: str, environment: Mapping[str, Variable]) -> Number | None:
        """The processes of ``config/queue.yml``: workers as often as they say, dispatchers, and the supervisor."""
        near = [each for each in self.programs if each.program == "Solid Queue" and covers(folder, each.path)]
        for file in near:
            mine = [each for each in file.settings if each.scope in ("production", "")]
            groups = [each for each in mine if re.fullmatch(r"(?:workers|dispatchers)\.\d+", each.name)]
            if not groups:
                continue
            count, exact = 1, True
            for group in groups:
                told = next((each for each in mine if each.name == f"{group.name}.processes"), None)
                inner = number_of(told.value, environment, told.name, told.at) if told is not None else known(1)
                count += inner.low if inner is not None else 1
                exact = exact and (inner is None or inner.count is not None)
            why = f"{len(groups)} entries of {file.path} and the supervisor"
            return known(count, why, groups[0].at) if exact else Number(None, why, groups[0].at, least=count)
        return None

    def _instances(self, file: DeploymentFile, service: Service) -> Number:
        found = _amount(service.most, f"the most instances of {service.name}") or _amount(
            service.instances, f"instances of {service.name}"
        )
        if found is not None:
            return found
        if file.platform == "Docker Compose":
            return known(1, f"compose starts 1 container of {service.name}", service.at, default=True)
        if file.platform == "Kubernetes" and service.kind is Work.SERVICE:
            return known(1, f"Kubernetes starts 1 pod of {service.name}", service.at, default=True)
        if file.platform in _ONE and service.kind is Work.SERVICE and service.instances is None:
            return known(1, f"{_ONE[file.platform]} {service.name} by default", service.at, default=True)
        if service.kind is Work.FUNCTION:
            return Number(None, f"nothing limits how many instances of {service.name} run", service.at, unbounded=True)
        if service.kind is Work.CRON:
            return known(1, f"{service.name} is started at times", service.at, default=True)
        return Number(None, f"nothing here says how many instances of {service.name} run", service.at)


def _sources(entry: str) -> list[str]:
    """The files that an entry point of Node may be, or be compiled from (``dist/main`` is ``src/main.ts``)."""
    stem = re.sub(r"\.[cm]?[jt]sx?$", "", _normal(entry))
    stems = [stem, *(re.sub(r"(^|/)(?:dist|build|out|lib)/(?:src/)?", rf"\1{each}", stem) for each in ("src/", ""))]
    endings = (".js", ".ts", ".mjs", ".cjs", ".mts", "/index.js", "/index.ts")
    return list(dict.fromkeys(each + ending for each in stems for ending in endings))


_REAL = (Profile.PRODUCTION, Profile.UNKNOWN)


def _unknown(service: Service) -> Number:
    """The processes of one instance where nothing says what it starts."""
    if service.kind is Work.FUNCTION:
        return known(1, "a function is 1 process", service.at, default=True)
    return Number(None, f"what {service.name} runs is not known", service.at)


def _declared(running: Running, name: str, said: Declaration) -> Running:
    work = replace(running.workload, name=name)
    if said.instances is not None:
        work = replace(
            work, instances=known(said.instances, f"{said.instances} instances of {name} are declared", said.at),
            surge=None,
        )  # fmt: skip
    if said.processes is not None:
        work = replace(work, processes=known(said.processes, f"{said.processes} processes are declared", said.at))
    if said.threads is not None:
        work = replace(work, threads=known(said.threads, f"{said.threads} threads are declared", said.at))
    if said.path:
        work = replace(work, folder=said.path.strip("/").removeprefix("./") if said.path != "." else "")
    return replace_running(running, work)


def replace_running(running: Running, workload: Workload) -> Running:
    """The same with another workload."""
    return Running(
        workload, running.world, running.environment, running.path, running.service, running.image, True, running.words
    )


def _layers(platform: str, files: list[DeploymentFile]) -> Iterator[_World]:
    """Compose files of one folder: those that only amend services of the base file are laid over it."""
    base = [each for each in files if each.profile is Profile.UNKNOWN]
    main = min(base, key=lambda each: (len(each.path), each.path), default=None)
    for file in files:
        amends = (
            main is not None
            and file is not main
            and any(
                one.name in {each.name for each in main.services} and not (one.image or one.build)
                for one in file.services
            )
        )
        world = _World(platform, file.profile)
        if main is not None and amends:
            _lay(world, main)
        _lay(world, file)
        yield world


def _lay(world: _World, file: DeploymentFile) -> None:
    for service in file.services:
        before = world.services.get(service.name)
        world.services[service.name] = (file, _over(before[1], service)) if before else (file, service)
        if before is not None and before[0].platform == "Docker Compose":
            world.services[service.name] = (before[0], world.services[service.name][1])
    if (file.services or file.scalings) and file.path not in world.files:
        world.files.append(file.path)


def _over(base: Service, over: Service) -> Service:
    """A service with what a later file says of it."""
    environment = {each.name: each for each in (*base.environment, *over.environment)}
    return replace(
        base,
        at=over.at if not (over.image or over.build) and over.instances else base.at,
        image=over.image or base.image,
        build=over.build or base.build,
        folder=over.folder or base.folder,
        environment=tuple(environment.values()),
        env_files=(*base.env_files, *over.env_files),
        bundles=(*base.bundles, *over.bundles),
        command=over.command or base.command,
        instances=over.instances or base.instances,
        most=over.most or base.most,
        surge=over.surge or base.surge,
        cores=over.cores or base.cores,
    )


def _surge(file: DeploymentFile, service: Service, instances: Number) -> Number | None:
    """How many more run during a rollout; Kubernetes lets a Deployment have 25 % more pods, rounded up (``maxSurge``)."""
    given, count = service.surge, instances.count
    share = re.fullmatch(r"(\d{1,3})%", given.text) if given is not None else None
    if share is not None and count is not None:
        more = math.ceil(count * int(share[1]) / 100)
        return known(more, f"maxSurge {share[0]} of {count}", given.at if given is not None else None)
    if given is not None:
        return _amount(given, f"more instances of {service.name} during a rollout", least=0)
    if file.platform != "Kubernetes" or service.kind is not Work.SERVICE or count is None:
        return None
    why = f"maxSurge is not set: 25 % of {count} more during a rollout"
    return known(math.ceil(count / 4), why, service.at, default=True)


def _amount(amount: Amount | None, why: str, least: int = 1) -> Number | None:
    if amount is None:
        return None
    if amount.count is None or amount.count < 0 or amount.count > _MOST:
        return Number(None, f"{why}: {amount.text or 'filled in elsewhere'}", amount.at, least=least)
    return known(amount.count, f"{why}: {amount.text or amount.count}", amount.at)


def _parsed(text: str, why: str, at: Place | None) -> Number:
    plain = text.strip().strip("'\"")
    if plain.isascii() and plain.isdigit() and int(plain[:9]) <= _MOST and len(plain) < 9:
        return known(int(plain), why, at)
    return Number(None, f"{why}, no number that makes sense", at)


def of_variable(variable: Variable | None) -> Number | None:
    """The number that a variable holds; ``None`` when nobody sets it."""
    if variable is None:
        return None
    if variable.text is None:
        if not variable.refers and not variable.template:
            return Number(None, f"{variable.name} is not shown", variable.at)
        return Number(None, f"{variable.name} is filled in elsewhere", variable.at)
    if not variable.text.strip():
        return None
    return _parsed(variable.text, f"{variable.name} is {variable.text}", variable.at)


def number_of(
    value: Value | None, environment: Mapping[str, Variable], why: str, at: Place | None, depth: int = 0
) -> Number | None:
    """What an option is worth where these variables are set; ``None`` when it is not given at all."""
    if depth > 8:
        return Number(None, f"{why} is worked out at run time", at)
    match value:
        case None | Literal(value=None):
            return None
        case Literal(value=bool()):
            return Number(None, f"{why} is no number", value.at or at)
        case Literal(value=int() as count, at=place):
            if -_MOST <= count <= _MOST:
                return known(count, f"{why} = {count}", place or at)
            return Number(None, f"{why} = {count} makes no sense", place or at)
        case Literal(value=str() as text, at=place) if text.startswith("cores*"):
            times, plus = map(int, text[6:].split("+"))
            formula = "cores" + (f" × {times}" if times != 1 else "") + (f" + {plus}" if plus else "")
            return Number(None, f"{why} goes by the number of CPUs", place or at, least=times + plus, text=formula)
        case Literal(value=str() as text, at=place):
            if re.fullmatch(r"-\d{1,6}", text.strip()):
                return known(int(text), f"{why} = {text}", place or at)
            return _parsed(text, f"{why} = {text}", place or at)
        case FromEnv(name=name, at=place, default=default):
            found = of_variable(environment.get(name))
            if found is not None:
                return found
            inner = number_of(default, environment, why, place or at, depth + 1)
            if inner is None:
                return Number(None, f"{why} comes from {name}, which is set nowhere", place or at)
            if inner.count is None:
                return inner
            return known(inner.count, f"{why} = {inner.count}, the default of {name}", inner.at or place or at)
        case OneOf(values=several, at=place):
            inner_ = [number_of(each, environment, why, place or at, depth + 1) for each in several]
            counts = {each.count for each in inner_ if each is not None}
            if len(counts) == 1 and None not in counts:
                return inner_[0]
            low = min((each.low for each in inner_ if each is not None), default=1)
            return Number(None, f"{why} depends on something that is not decided here", place or at, least=max(low, 0))
        case _:
            return Number(None, f"{why} is worked out at run time", getattr(value, "at", None) or at)


_TOOLS = frozenset(
    {"alembic", "compileall", "pip", "pytest", "venv", "ensurepip", "http.server", "coverage", "unittest"}
)


def _module(command: Sequence[str], rest: Sequence[str], around: Surroundings) -> Started | None:
    """``python -m package.module``: a program of the repository, as far as it is no known tool."""
    python = any(re.fullmatch(r"(?:.*/)?(?:python|pypy)[\d.]*", each) for each in command)
    if not python or "-m" not in command or not rest or rest[0] in _TOOLS:
        return None
    return started(["python", rest[0].replace(".", "/") + ".py"], around)


def by_cores(node: nodes.Expr | None) -> str | None:
    """``cores*2+1`` for ``multiprocessing.cpu_count() * 2 + 1`` and its kin, ``None`` for anything else."""
    match node:
        case nodes.Call(callee=nodes.Name(id=name) | nodes.Member(name=name)) if name in ("cpu_count", "cpus"):
            return "cores*1+0"
        case nodes.Call(callee=nodes.Name(id="int"), args=(inner,)):
            return by_cores(inner.value)
        case nodes.Operation(op=op, operands=(one, other)) if op in ("*", "+"):
            for left, right in ((one, other), (other, one)):
                found = by_cores(left)
                if found is not None and isinstance(right, nodes.Constant) and isinstance(right.value, int):
                    times, plus = map(int, found[6:].split("+"))
                    return (
                        f"cores*{times}+{plus + right.value}"
                        if op == "+"
                        else f"cores*{times * right.value}+{plus * right.value}"
                    )
    return None


def _passing(script: Script) -> bool:
    """Does a command do something once and end: migrations, seeds, builds."""
    return bool(
        re.search(
            r"\b(?:flower|migrat\w*|seed\w*|collectstatic|upgrade head|db:\w+|createsuperuser|build|test|lint)\b",
            script.command,
        )
    )


def covers(folder: str, other: str) -> bool:
    """Is ``folder`` the other one or above it."""
    return not folder or folder == other or other.startswith(folder + "/")


def _normal(path: str) -> str:
    found = posixpath.normpath(path)
    return "" if found == "." else found.lstrip("/")
