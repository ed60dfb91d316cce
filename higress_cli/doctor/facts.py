"""The facts that `hgw doctor` judges, each gathered once, when a check first asks for it."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from higress_cli.abi import Abi
from higress_cli.choice import SourceKind
from higress_cli.compile.choices import Choices, choose
from higress_cli.compile.job import Compilation, Equipment, Job, look, own_source
from higress_cli.compile.module_build import confirmed, standing
from higress_cli.compile.packages import go_work_in_use
from higress_cli.compile.target import size_faults
from higress_cli.digest import Sha256
from higress_cli.doctor.gateway_yaml import mounts_in
from higress_cli.doctor.observations import DockerFacts, EnvoyFacts, ModuleFile, PortFacts, looks_like_project
from higress_cli.doctor.runner import Once
from higress_cli.doctor.written_configuration import PluginNames
from higress_cli.errors import HgwError, InvalidInput, ToolError, UsageError
from higress_cli.fault import Fault
from higress_cli.gateway import settings as gateway_settings
from higress_cli.gateway.engines import engine
from higress_cli.gateway.listening import Listening, PortTaken, taken_error
from higress_cli.gateway.opening import Listen, check_machine
from higress_cli.gateway.settings import GatewaySettings
from higress_cli.go.mod import read_go_mod
from higress_cli.go.syntax import GoFile
from higress_cli.go.usage import Usage, package_files, usage_of
from higress_cli.go.validity import is_for_every_build
from higress_cli.go.work import find_go_work
from higress_cli.i18n import listed
from higress_cli.knowledge.compatibility import misfits
from higress_cli.profile import Profile
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolution import settings_of, wanted_tools
from higress_cli.session import Session
from higress_cli.settings.project import HTTPBIN, PROFILE
from higress_cli.settings.resolver import Resolver
from higress_cli.system import ports, process
from higress_cli.system.fs import sha256_of
from higress_cli.system.user_file import read_bytes
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain.probe import Probed, probe
from higress_cli.toolchain.selection import find_toolset
from higress_cli.toolchain.sets import request_for
from higress_cli.toolchain.store import Damage, Store
from higress_cli.toolchain.toolset import Toolset
from higress_cli.wasm.abi import abi_of
from higress_cli.wasm.module import Module, read_module
from higress_cli.wasm.verdict import Wanted, findings, for_gateway

_DOCKER_SECONDS: Final = 2.0
_CLIENT_TOO_OLD: Final = "is too old. Minimum supported API version"
"""The daemon's words (moby, server/middleware/version.go)."""


class Facts:
    """What is known about one machine and one folder. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.project = Once(self._project)
        self.settings = Once(self._settings)
        self.choices = Once(self._choices)
        self.gateway = Once(self._gateway)
        self.toolset = Once(self._toolset)
        self.steps = Once(self._steps)
        self._damage = {name: Once(self._damage_of(name)) for name in ToolName}
        self.taken = Once(self._taken)
        self.parsed = Once(self._parsed)
        self._probes = {name: Once(self._prober(name)) for name in ToolName}

    # Tools ----------------------------------------------------------------------------------------------------

    def program(self, name: ToolName) -> Probed | None:
        """The tool on the PATH."""
        return self._probes[name]()

    def chosen(self, name: ToolName) -> Tool | None:
        """The tool that a build would use, or if there is no complete set, one in hgw's store that fits."""
        toolset, _problem = self.toolset()
        if toolset is not None:
            return next((tool for tool in toolset.tools if tool.name == name), None)
        stored = [entry.tool() for entry in Store(self.session.dirs.tools).entries(name)]
        fitting = [tool for tool in stored if not misfits(profile=self.profile(), **{name: tool.version})]
        return fitting[-1] if fitting else None

    def damage(self, name: ToolName) -> Damage | None:
        """How the chosen tool is damaged; None for one of the machine, which hgw did not install."""
        return self._damage[name]()

    def _damage_of(self, name: ToolName) -> Callable[[], Damage | None]:
        def look() -> Damage | None:
            tool, store = self.chosen(name), Store(self.session.dirs.tools)
            entry = store.entry_of(tool) if tool is not None else None
            return store.damage(entry, self.session.variables) if entry is not None else None

        return look

    def _prober(self, name: ToolName) -> Callable[[], Probed | None]:
        return lambda: probe(name, self.session)

    def _toolset(self) -> tuple[Toolset | None, HgwError | None]:
        request = request_for(self.profile(), wanted=wanted_tools(self.settings()))
        try:
            found = find_toolset(self.session, request)
        except ToolError as error:
            return None, error
        return found, None

    # Project --------------------------------------------------------------------------------------------------

    def _project(self) -> Project | None:
        directory = self.session.directory
        return open_project(directory, needs_source=False) if looks_like_project(directory) else None

    def project_or_bare(self) -> Project | None:
        """The project, without settings if its hgw.yaml is invalid, which the check `project` reports."""
        try:
            return self.project()
        except InvalidInput:
            return Project(directory=self.session.directory)

    def _settings(self) -> Resolver:
        return settings_of(self.project_or_bare() or Project(directory=self.session.directory), self.session)

    def _choices(self) -> Choices:
        return choose(self.settings(), directory=self.session.directory)

    def profile(self) -> Profile:
        """The profile of the plugin; the default one if the variable is invalid."""
        try:
            return self.settings().choose(PROFILE).value
        except UsageError:
            return Profile.TINYGO

    def abi(self) -> Abi:
        """The ABI that the project is built for, the first if it is built for all."""
        return self.choices().abis[0]

    def config(self, project: Project) -> tuple[PluginConfig | None, Path]:
        """The plugin's configuration (None if it has none), and the path of its file.

        Raises:
            InvalidInput: it is invalid, or was named explicitly and does not exist.
        """
        choice = self.gateway().config
        return gateway_settings.load_config(project, choice), gateway_settings.config_path(project, choice)

    def plugin_names(self, project: Project) -> PluginNames:
        """How files for a gateway may name the plugin."""
        chosen = self.choices()
        named = ""
        with contextlib.suppress(InvalidInput):
            named = read_go_mod(project.go_mod).name if project.go_mod.is_file() else ""
        modules = {path for abi in Abi for path in (chosen.output(abi), chosen.twin(abi))}
        return PluginNames(
            names=frozenset({chosen.name.value, project.directory.name, named}),
            modules=frozenset(path.name for path in modules),
            mounts=mounts_in(project.directory),
            digests=_digests(modules),
        )

    def _steps(self) -> tuple[Compilation, ...]:
        """What a build of the plugin would compile; empty if there are no tools or no source."""
        toolset, _problem = self.toolset()
        project = self.project_or_bare()
        if toolset is None or project is None or not project.has_source:
            return ()
        return look(self.session, self._job(toolset))

    def _job(self, toolset: Toolset) -> Job:
        equipment = Equipment(tools=toolset.tools, variables=toolset.environment(self.session.variables))
        return Job(choices=self.choices(), equipment=equipment)

    def source(self) -> Mapping[Abi, tuple[GoFile, ...]]:
        """The plugin's own Go files that a build for each ABI reads; empty if there are no tools."""
        return {step.recipe.abi: own_source(step) for step in self.steps()}

    def _parsed(self) -> tuple[GoFile, ...]:
        """The plugin's own Go files, with paths relative to its folder.

        Those that a build reads, and those in the folder itself that every build should read: the go command leaves
        out what it cannot parse.
        """
        directory = self.session.directory
        compiled: dict[Path, GoFile] = {}
        with contextlib.suppress(HgwError):
            compiled = {file.path: file for files in self.source().values() for file in files}
        for file in package_files(directory):
            path = file.path.relative_to(directory)
            if path not in compiled and (not compiled or is_for_every_build(file)):
                compiled[path] = replace(file, path=path)
        return tuple(compiled.values())

    def usage(self) -> Usage:
        """What the plugin's source reveals about its Go modules."""
        return usage_of(self.parsed())

    def uncovered(self) -> frozenset[str] | None:
        """The imports that the go command does not find; None if it cannot be asked."""
        try:
            steps = self.steps()
        except HgwError:
            return None
        if not steps or any(step.listing.problem for step in steps):
            return None
        return frozenset(package for step in steps for package in step.listing.uncovered(None))

    def module_cache(self) -> Path | None:
        """The go command's module cache; None if it cannot be asked."""
        with contextlib.suppress(HgwError):
            return next((step.cache for step in self.steps()), None)
        return None

    def go_work(self, directory: Path) -> Path | None:
        """The go.work that Go would use in `directory`."""
        toolset, _problem = self.toolset()
        if toolset is None:
            return find_go_work(directory, self.session.variables)
        return go_work_in_use(directory=directory, variables=toolset.environment(self.session.variables))

    def module(self, project: Project) -> ModuleFile:
        """What is at the module's path."""
        chosen = self.choices()
        path = chosen.output(chosen.abis[0])
        if not path.exists():
            return ModuleFile(path=path, exists=False)
        if path.is_dir():
            return ModuleFile(path=path, exists=True, entries=sum(1 for _entry in path.iterdir()))
        content = read_bytes(path)
        module = read_module(content, path=path)
        return ModuleFile(
            path=path,
            exists=True,
            bytes=len(content),
            abi=abi_of(module).version,
            fault=_worst(self._module_faults(project, module, chosen, size=len(content))),
            stale=self._staleness(chosen) if project.has_source else None,
        )

    def _staleness(self, chosen: Choices) -> str | None:
        """Why the module is not what a build would make now; None if it is."""
        toolset, _problem = self.toolset()
        job = self._job(toolset) if toolset else None
        seen = standing(self.session, chosen, chosen.abis[0], job=job)
        return (confirmed(self.session, job, chosen.abis[0], seen) if job else seen).freshness.reason

    def _module_faults(self, project: Project, module: Module, chosen: Choices, *, size: int) -> Sequence[Fault]:
        """The faults that a build would find; for a module without source, those for the gateway that was asked for."""
        gateway = chosen.gateway
        if not project.has_source:
            return () if gateway.source.kind is SourceKind.DEFAULT else for_gateway(module, gateway=gateway.value)
        wanted = Wanted(profile=chosen.profile.value, abi=chosen.abis[0], gateway=gateway.value)
        return (*findings(module, wanted), *size_faults(size, chosen.size_budget))

    # Machine --------------------------------------------------------------------------------------------------

    def _gateway(self) -> GatewaySettings:
        return gateway_settings.choose(self.settings())

    def port(self, option: str) -> PortFacts | None:
        """The port on which `hgw run` would start the gateway (`--port`) or the upstream (`--upstream-port`).

        None if hgw does not start the upstream.
        """
        at = next((found for found in self._listens() if found.option == option), None)
        if at is None:
            return None
        taken = {one.at: one for one in self.taken()}
        found = taken.get(at)
        return PortFacts(
            bind=at.bind,
            port=at.port,
            source=str(at.source),
            free=found is None,
            refusal=None if found is None else ports.refusal(at.bind, at.port),
            holder=None if found is None else found.holder,
            command=taken_error(self.taken()).hint if found is not None else None,
        )

    def _listens(self) -> tuple[Listening, ...]:
        """The addresses that `hgw run` would listen on, apart from the admin API."""
        settings = self.gateway()
        listen = Listen.as_set(settings)
        return (listen.gateway, *((listen.upstream,) if settings.upstream.value == HTTPBIN else ()))

    def _taken(self) -> tuple[PortTaken, ...]:
        """Those of them that another program, or another `hgw run`, has."""
        runs = self.session.dirs.runs
        return tuple(PortTaken.of(at, runs=runs) for at in self._listens() if not ports.is_free(at.bind, at.port))

    def envoy(self) -> EnvoyFacts:
        """The installed Envoy, or why there is none, and what `hgw run` would do."""
        found = engine("envoy")
        obstacle = found.obstacle(self.session.host) if found else None
        try:
            chosen = check_machine(self.gateway(), host=self.session.host)
        except ToolError as error:
            return EnvoyFacts(obstacle=obstacle, problem=error)
        return EnvoyFacts(
            package=_installed(found.packages if found else ()), obstacle=obstacle, used=chosen.engine.name
        )

    def builtin(self) -> HgwError | None:
        """The error that `hgw run --engine builtin` would raise."""
        found = engine("builtin")
        return found.obstacle(self.session.host) if found else None

    def docker(self) -> DockerFacts:
        """Whether Docker is installed and its daemon answers."""
        if process.find_program("docker", self.session.variables) is None:
            return DockerFacts(client=False)
        try:
            answer = self._docker("version", "--format", "{{.Server.Version}}")
            server = answer.stdout.strip()
            if answer.returncode != 0 or not server:
                problem = answer.output.strip()
                return DockerFacts(client=True, too_old=_CLIENT_TOO_OLD in problem, problem=problem)
            compose = self._docker("compose", "version")
        except ToolError as error:
            return DockerFacts(client=True, problem=error.message)
        if compose.returncode != 0:
            return DockerFacts(client=True, server=server, too_old=True, problem=compose.output.strip())
        return DockerFacts(client=True, server=server)

    def _docker(self, *words: str) -> process.Completed:
        return process.run(["docker", *words], variables=self.session.variables, timeout=_DOCKER_SECONDS)


def _installed(packages: Sequence[str]) -> str | None:
    """The packages with their installed versions; None if nothing is known of them."""
    from importlib import metadata

    found = []
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found.append(f"{package} {metadata.version(package)}")
    return listed(found) or None


def _worst(faults: Sequence[Fault]) -> Fault | None:
    return min(faults, key=lambda fault: not fault.fatal, default=None)


def _digests(paths: Iterable[Path]) -> Mapping[Sha256, str]:
    """The digest of each file that can be read, with its name."""
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            if path.is_file():
                found[sha256_of(path)] = path.name
    return found
