"""The files of a run that Envoy watches, each with a version of its own."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from higress_cli.digest import Sha256
from higress_cli.document import JsonObject
from higress_cli.gateway.contract import Change, Place
from higress_cli.gateway.engines.envoy import bootstrap
from higress_cli.gateway.engines.envoy.facts import route_names_module
from higress_cli.gateway.identity import plugin_part
from higress_cli.gateway.run_folder import RunFolder

if TYPE_CHECKING:
    from higress_cli.gateway.services import Endpoint


Step = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The files of a change: each call puts one in its place, where Envoy sees it, and needs no space for that."""

    clusters: Step
    plugin: Step
    listener: Step
    identity: Step


class WatchedFiles:
    """Writes them where they change. `listener` and `clusters` are the versions written last."""

    def __init__(self, folder: RunFolder, place: Place) -> None:
        self._folder = folder
        self._place = place
        self._port = place.listening.port
        self._services: Mapping[str, Endpoint] | None = None
        self._listener_plan: bootstrap.ListenerPlan | None = None
        self.clusters = 0
        self.listener = 0
        self.access_log, self.streams_log = folder.path / "access.log", folder.path / "streams.log"

    def path(self, name: str) -> Path:
        """The file of `clusters`, `listener`, `plugin` or `identity`."""
        return self._folder.path / f"{name}.json"

    def begin_again(self, *, port: int) -> None:
        """Write everything anew for another Envoy, which listens on `port`."""
        self._port = port
        self._services = self._listener_plan = None

    def forget_clusters(self) -> None:
        """They were refused: the next ones are new, whatever they are."""
        self._services = None

    @contextlib.contextmanager
    def prepared(self, change: Change, *, version: int, module: Path, buffer_limit: int) -> Iterator[Prepared]:
        """The files of a change, all of them written: a disk that is full is found before any has taken effect.

        Raises:
            ConflictError: one of them cannot be written.
        """
        with contextlib.ExitStack() as stack:
            yield Prepared(
                clusters=stack.enter_context(self._clusters(change)),
                plugin=stack.enter_context(self._plugin(change, version=version, module=module)),
                listener=stack.enter_context(self._listener(change, buffer_limit=buffer_limit)),
                identity=stack.enter_context(self.identity(version=version, sha256=change.plugin.sha256)),
            )

    @contextlib.contextmanager
    def _clusters(self, change: Change) -> Iterator[Step]:
        named = {change.cluster: change.upstream or self._place.upstream, **change.services}
        if self._services == named:
            yield _nothing
            return
        certificates = self._place.certificates
        resources = [bootstrap.cluster(name, at, certificates=certificates) for name, at in named.items()]

        def write(reveal: Step) -> None:
            reveal()
            self.clusters += 1
            self._services = named

        with self._staged("clusters", self.clusters + 1, *resources) as reveal:
            yield functools.partial(write, reveal)

    def _plugin(self, change: Change, *, version: int, module: Path) -> contextlib.AbstractContextManager[Step]:
        plan = bootstrap.PluginPlan(
            version=version,
            name=self._place.plugin_name,
            module=module,
            configuration=change.config.json if change.config else "",
            stops_on_headers=change.plugin.stops_on_headers,
            env=change.env,
        )
        return self._staged("plugin", version, bootstrap.plugin(plan))

    def identity(self, *, version: int, sha256: Sha256 | None) -> contextlib.AbstractContextManager[Step]:
        """The file with the header that names the version, written; the step lets Envoy see it."""
        return self._staged("identity", version, bootstrap.identity(plugin_part(version=version, sha256=sha256)))

    @contextlib.contextmanager
    def _listener(self, change: Change, *, buffer_limit: int) -> Iterator[Step]:
        """The listener where it differs from the current one, as it hardly ever does."""
        plan = bootstrap.ListenerPlan(
            run=self._folder.id,
            bind=self._place.listening.bind,
            port=self._port,
            upstream=change.upstream or self._place.upstream,
            access_log=self.access_log,
            streams_log=self.streams_log,
            helper=self._folder.store("route_names.wasm", route_names_module()),
            plugin_file=self.path("plugin"),
            identity_file=self.path("identity"),
            route=change.route,
            cluster=change.cluster,
            buffer_limit=buffer_limit,
        )
        if plan == self._listener_plan:
            yield _nothing
            return

        def write(reveal: Step) -> None:
            reveal()
            self.listener += 1
            self._listener_plan = plan

        with self._staged("listener", self.listener + 1, bootstrap.listener(plan)) as reveal:
            yield functools.partial(write, reveal)

    def _staged(self, name: str, version: int, *resources: JsonObject) -> contextlib.AbstractContextManager[Step]:
        return self._folder.staged(self.path(name).name, bootstrap.discovery(version, *resources))


def _nothing() -> None:
    """The file is in its place already."""
