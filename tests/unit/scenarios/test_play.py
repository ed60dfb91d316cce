"""What a gateway says of itself while a scenario is played, and that is not the plugin's doing."""

from datetime import UTC, datetime

import pytest

from higress_cli.errors import ConflictError
from higress_cli.gateway.events import Event, FilesExhausted
from higress_cli.project.scenario import Turn
from higress_cli.scenarios.play import Ground, play


def test_a_gateway_without_files_for_a_connection_is_an_error_and_no_failed_step() -> None:
    happened: list[tuple[Event, ...]] = [(), (FilesExhausted(at=datetime.now(UTC)),)]
    ground = Ground(
        url="http://127.0.0.1:1",
        upstream_url=None,
        events=lambda: happened.pop(0) if happened else (),
        seen=lambda: (),
        check_alive=lambda: None,
    )
    with pytest.raises(ConflictError) as caught:
        play(Turn(), ground)
    assert caught.value.code == "too-many-files"
