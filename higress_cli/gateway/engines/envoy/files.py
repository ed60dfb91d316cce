"""The files of a run that Envoy watches, each with a version of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from higress_cli.gateway.contract import Change, Place
from higress_cli.gateway.engines.envoy import bootstrap
from higress_cli.gateway.engines.envoy.facts import route_names_module
from higress_cli.gateway.identity import plugin_part
from higress_cli.gateway.run_folder import RunFolder

if TYPE_CHECKING:
    from higress_cli.gateway.services import Endpoint


class WatchedFiles:
    """Writes them where they change. `listener` and `clusters` are the versions written last."""

    def __init__(self, folder: RunFolder, place: Place) -> None:
        self._folder = folder
        self._place = place
        self._port = place.listening.port
        self._services: Mapping[str, Endpoint] | None = None
        self._listener: bootstrap.ListenerPlan | None = None
        self.clusters = 0
        self.listener = 0
        self.access_log, self.streams_log = folder.path / "access.log", folder.path / "streams.log"

    def path(self, name: str) -> Path:
        """The file of `clusters`, `listener`, `plugin` or `identity`."""
        return self._folder.path / f"{name}.json"

    def begin_again(self, *, port: int) -> None:
        """Write everything anew for another Envoy, which listens on `port`."""
        self._port = port
        self._services = self._listener = None

    def forget_clusters(self) -> None:
        """They were refused: the next ones are new, whatever they are."""
        self._services = None

    def store(self, name: str, content: bytes) -> Path:
        """A module in the run's folder: a rebuild of the project cannot change it under the gateway."""
        path = self._folder.path / name
        return path if path.exists() else self._folder.write(name, content)

    def forget_modules(self, current: Path) -> None:
        """Envoy has read what it runs: a day of rebuilding need not fill the disk."""
        for path in self._folder.path.glob("module-*.wasm"):
            if path != current:
                path.unlink(missing_ok=True)

    def write_clusters(self, change: Change) -> None:
        named = {change.cluster: change.upstream or self._place.upstream, **change.services}
        if self._services == named:
            return
        self.clusters += 1
        certificates = self._place.certificates
        resources = [bootstrap.cluster(name, at, certificates=certificates) for name, at in named.items()]
        self._write("clusters", self.clusters, *resources)
        self._services = named

    def write_plugin(self, change: Change, *, version: int, module: Path) -> None:
        plan = bootstrap.PluginPlan(
            version=version,
            name=self._place.plugin_name,
            module=module,
            configuration=change.config.json if change.config else "",
            stops_on_headers=change.plugin.stops_on_headers,
            env=change.env,
        )
        self._write("plugin", version, bootstrap.plugin(plan))

    def write_identity(self, *, version: int, sha256: str) -> None:
        self._write("identity", version, bootstrap.identity(plugin_part(version=version, sha256=sha256)))

    def write_listener(self, change: Change, *, buffer_limit: int) -> None:
        """Write the listener where it differs from the current one, as it hardly ever does."""
        plan = bootstrap.ListenerPlan(
            run=self._folder.id,
            bind=self._place.listening.bind,
            port=self._port,
            upstream=change.upstream or self._place.upstream,
            access_log=self.access_log,
            streams_log=self.streams_log,
            helper=self.store("route_names.wasm", route_names_module()),
            plugin_file=self.path("plugin"),
            identity_file=self.path("identity"),
            route=change.route,
            cluster=change.cluster,
            buffer_limit=buffer_limit,
        )
        if plan == self._listener:
            return
        self._write("listener", self.listener + 1, bootstrap.listener(plan))
        self.listener += 1
        self._listener = plan

    def _write(self, name: str, version: int, *resources: Mapping[str, Any]) -> None:
        self._folder.write_json(self.path(name).name, bootstrap.discovery(version, *resources))
