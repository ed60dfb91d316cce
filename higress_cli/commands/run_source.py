"""Reads a plugin's files again whenever they change, for a gateway that reloads them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from higress_cli.choice import Choice
from higress_cli.commands.plugin_module import modules_beside
from higress_cli.gateway.engine import choose_engine
from higress_cli.gateway.live_gateway import Loaded
from higress_cli.gateway.opening import Opened
from higress_cli.gateway.plugin import GivenModule, Plugin, read_plugin
from higress_cli.gateway.settings import choose, config_path
from higress_cli.project.project import open_project
from higress_cli.project.resolution import settings_of
from higress_cli.project.settings import FILE_NAME
from higress_cli.session import Session
from higress_cli.system.fs import sha256_of

if TYPE_CHECKING:
    from higress_cli.digest import Sha256

# The settings that a gateway only reads at start.
_AT_START: Final = ("name", "engine", "bind", "port", "admin_port", "upstream", "upstream_port")


class RunSource:
    """The files of a plugin. `module` is the one that the gateway is started with.

    `is_own` says whether it is the project's own module, which a build may write under another name.
    """

    def __init__(
        self, session: Session, directory: Path, *, opened: Opened, module: GivenModule, is_own: bool = True
    ) -> None:
        self._is_own = is_own
        self._session = session
        self._directory = directory
        self._opened = opened
        self._module = module.path
        self._image = module.image
        self._digests: dict[Path, Sha256] = {}

    def load(self) -> Loaded:
        """What hgw.yaml, the plugin's configuration and the module that matches the source say now.

        Raises:
            HgwError: one of them is invalid, or the engine cannot run the module.
        """
        project = open_project(self._directory, needs_source=False)
        settings = choose(settings_of(project, self._session))
        modules = modules_beside(self._session, project, self._module) if self._is_own else (self._module,)
        plugin = self._plugin(self._newest(modules))
        return Loaded(
            change=self._opened.change(project, settings, plugin),
            files=(
                project.directory / FILE_NAME,
                *((project.inherited.file,) if project.inherited else ()),
                config_path(project, settings.config),
                *modules,
            ),
            restart=tuple(
                f"run.{name}" if name != "name" else name
                for name in _AT_START
                if getattr(settings, name).value != getattr(self._opened.settings, name).value
            ),
        )

    def _newest(self, modules: Sequence[Path]) -> Path:
        """The module that was written since the last look; if there are several, the first; if none, the same again."""
        before, self._digests = self._digests, {path: sha256_of(path) for path in modules if path.is_file()}
        written = [path for path, digest in self._digests.items() if before and before.get(path) != digest]
        if written:
            self._module = written[0]
        return self._module if self._module in self._digests else modules[0]

    def _plugin(self, module: Path) -> Plugin:
        plugin = read_plugin(module, image=self._image)
        choose_engine(Choice(self._opened.engine.name), host=self._session.host, plugin=plugin)
        return plugin
