"""Docker as an engine: the guide's set-up, with Higress's own gateway in a container."""

from collections.abc import Mapping
from typing import Final

from higress_cli.errors import HgwError, ToolError
from higress_cli.gateway.contract import Engine, Gateway, Place
from higress_cli.gateway.engines.docker.client import find_docker
from higress_cli.gateway.engines.docker.gateway import NAME, DockerGateway
from higress_cli.gateway.engines.envoy import details
from higress_cli.gateway.events import AnsweredBy
from higress_cli.gateway.plugin import Plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.knowledge.images import gateway_image
from higress_cli.project.scenario import Key
from higress_cli.system.host import Host


class DockerEngine:
    """The real gateway, as deployed."""

    name: Final = NAME
    carries: Final = frozenset(Key) - {Key.PROPERTIES, Key.CLOCK, Key.STATE}
    packages: Final[tuple[str, ...]] = ()

    def obstacle(self, host: Host) -> HgwError | None:
        try:
            find_docker(host.variables)
        except ToolError as error:
            return error
        return None

    def lacks(self, _functions: frozenset[str]) -> frozenset[str]:
        """What a version of the gateway lacks is judged for every engine, before this one is asked."""
        return frozenset()

    def ignores(self, _plugin: Plugin) -> frozenset[str]:
        return frozenset()

    def answered_by(self, word: str) -> AnsweredBy | None:
        return details.answered_by(word)

    def open(self, place: Place, folder: RunFolder, *, variables: Mapping[str, str]) -> Gateway:
        """A gateway whose image is on this machine.

        Raises:
            ToolError: `engine-missing`, `docker-not-running`, `docker-too-old`. DownloadError: `image-unavailable`.
        """
        docker = find_docker(variables)
        image = gateway_image(place.version)
        docker.image(image)
        return DockerGateway(docker=docker, image=image, place=place, folder=folder)


ENGINE: Final[Engine] = DockerEngine()
