"""The facts that `hgw doctor` judges, each gathered once, when the first check asks for it."""

from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Final, TypeVar

from packaging.requirements import Requirement

from higress_cli.build.choices import Choices, Given, choose
from higress_cli.build.freshness import is_stale
from higress_cli.choice import Choice
from higress_cli.doctor.machine import DockerFacts, PortFacts
from higress_cli.doctor.plugin_files import ModuleFile, looks_like_project
from higress_cli.doctor.runner import Once
from higress_cli.doctor.tools import Chosen, Program
from higress_cli.errors import HgwError, InvalidInput, ToolError
from higress_cli.gateway.engine import choose_engine
from higress_cli.knowledge.compatibility import misfits
from higress_cli.project.go_mod import read_go_mod
from higress_cli.project.project import Project, open_project
from higress_cli.project.settings import PROFILES, Settings
from higress_cli.session import Session
from higress_cli.system import ports, process
from higress_cli.toolchain.probe import Probed, probe
from higress_cli.toolchain.select import find_toolset
from higress_cli.toolchain.store import Store
from higress_cli.toolchain.toolset import Tool
from higress_cli.wasm.abi import abi_of
from higress_cli.wasm.module import read_module

T = TypeVar("T")
_DISTRIBUTION: Final = "higress-cli"
_DOCKER_SECONDS: Final = 2.0
_PORT: Final = 10000
_UPSTREAM_PORT: Final = 12345


class Facts:
    """What is known of one machine and one folder. Safe to ask from several threads."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.project = Once(self._project)
        self.choices = Once(self._choices)
        self.toolset = Once(self._toolset)
        self._probes = {name: Once(self._prober(name)) for name in ("go", "tinygo", "binaryen")}

    # Tools ----------------------------------------------------------------------------------------------------

    def program(self, name: str) -> Program | None:
        """The tool on the PATH."""
        found = self._probes[name]()
        return None if found is None else Program(path=found.path, version=found.version, raw=found.raw)

    def chosen(self, name: str) -> Chosen | None:
        """The tool that a build would use, or where there is no whole set, a fitting one in hgw's store."""
        chosen, _problem = self.toolset()
        if chosen:
            return next((tool for tool in chosen if tool.name == name), None)
        stored = [entry.tool() for entry in Store(self.session.dirs.tools).entries(name)]
        fitting = [tool for tool in stored if not misfits(profile=self.profile(), **{name: tool.version})]
        return _chosen(fitting[-1]) if fitting else None

    def _prober(self, name: str) -> Callable[[], Probed | None]:
        return lambda: probe(name, self.session)

    def _toolset(self) -> tuple[tuple[Chosen, ...], HgwError | None]:
        project = self.project_or_bare()
        wanted = project.own.toolchain if project and project.own else {}
        try:
            found = find_toolset(self.session, profile=self.profile(), wanted=wanted)
        except ToolError as error:
            return (), error
        return tuple(_chosen(tool) for tool in found.tools), None

    # Project --------------------------------------------------------------------------------------------------

    def _project(self) -> Project | None:
        directory = self.session.directory
        return open_project(directory, needs_source=False) if looks_like_project(directory) else None

    def project_or_bare(self) -> Project | None:
        """The project; where its hgw.yaml does not read, a project without settings: the check `project` tells."""
        try:
            return self.project()
        except InvalidInput:
            return Project(directory=self.session.directory)

    def _choices(self) -> Choices:
        project = self.project_or_bare() or Project(directory=self.session.directory)
        go_mod = read_go_mod(project.go_mod) if project.go_mod.is_file() else None
        return choose(project, given=Given(), variables=self.session.variables, go_mod=go_mod)

    def profile(self) -> str:
        """What compiles the plugin; where the settings contradict each other, the usual."""
        try:
            return self.choices().profile.value
        except HgwError:
            return PROFILES[0]

    def abi(self) -> str:
        """The ABI that the project is built for."""
        return self.choices().abi.value

    def config_file(self, project: Project) -> tuple[Path, bool]:
        """The file with the plugin's configuration, and whether somebody named it."""
        found = project.choose(
            lambda settings: settings.config,
            flag=(None, ""),
            variable=(self.session.variable("HGW_CONFIG"), "HGW_CONFIG"),
            default="config.yaml",
        )
        return project.directory / found.value, found.source != "default"

    def module(self, project: Project) -> ModuleFile:
        """What is at the place where the module belongs."""
        path = project.directory / self.choices().out_file.value
        if not path.exists():
            return ModuleFile(path=path, exists=False)
        if path.is_dir():
            return ModuleFile(path=path, exists=True, entries=sum(1 for _entry in path.iterdir()))
        content = path.read_bytes()
        return ModuleFile(
            path=path,
            exists=True,
            bytes=len(content),
            abi=abi_of(read_module(content, path=path)),
            stale=project.has_source and is_stale(project.directory, path),
        )

    def _choose(self, variable: str, read: Callable[[Settings], str | None], default: str) -> Choice[str]:
        project = self.project_or_bare() or Project(directory=self.session.directory)
        value = self.session.variable(variable)
        return project.choose(read, flag=(None, ""), variable=(value, variable), default=default)

    # Machine --------------------------------------------------------------------------------------------------

    def gateway_port(self) -> PortFacts:
        """Where `hgw run` would listen."""
        return self._port("HGW_PORT", "--port", lambda settings: settings.port, _PORT)

    def upstream_port(self) -> PortFacts:
        """Where the upstream of `hgw run` would listen."""
        return self._port(
            "HGW_UPSTREAM_PORT", "--upstream-port", lambda settings: settings.upstream_port, _UPSTREAM_PORT
        )

    def _port(self, variable: str, option: str, read: Callable[[Settings], int | None], default: int) -> PortFacts:
        found = self._choose(variable, lambda settings: _text(read(settings)), str(default))
        port = int(found.value)
        bind = self._choose("HGW_BIND", lambda settings: settings.bind, "127.0.0.1").value
        free = ports.is_free(bind, port)
        return PortFacts(
            bind=bind,
            port=port,
            option=option,
            source=found.source,
            free=free,
            refusal=None if free else ports.refusal(bind, port),
            holder=None if free else ports.holder(port),
            other=None if free else ports.free_port(bind, above=port),
        )

    def envoy(self) -> tuple[tuple[tuple[str, str], ...], HgwError | None]:
        """What is installed of the extra that brings a gateway, and what `hgw run` would end with."""
        try:
            choose_engine(Choice("envoy", "default"), host=self.session.host)
        except ToolError as error:
            return (), error
        needed = [Requirement(text) for text in metadata.requires(_DISTRIBUTION) or () if "extra ==" in text]
        versions = [(item.name, _installed(item.name)) for item in needed]
        return tuple((name, version) for name, version in versions if version is not None), None

    def docker(self) -> DockerFacts:
        """Whether there is a Docker that answers."""
        if process.find_program("docker", self.session.variables) is None:
            return DockerFacts(client=False)
        argv = ["docker", "version", "--format", "{{.Server.Version}}"]
        try:
            answer = process.run(argv, variables=self.session.variables, timeout=_DOCKER_SECONDS)
        except ToolError as error:
            return DockerFacts(client=True, problem=error.message)
        if answer.returncode != 0 or not answer.stdout.strip():
            return DockerFacts(client=True, problem=answer.output.strip())
        return DockerFacts(client=True, server=answer.stdout.strip())


def _chosen(tool: Tool) -> Chosen:
    return Chosen(name=tool.name, version=tool.version, path=tool.path, own=tool.source != "system")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
