import errno
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from higress_cli.choice import Source, SourceKind
from higress_cli.commands.run_events import Narrator
from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Change, Place
from higress_cli.gateway.events import PluginLine
from higress_cli.gateway.listening import Listening
from higress_cli.gateway.live_gateway import ChangeRefused, Live, Loaded
from higress_cli.gateway.plugin import read_plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint, service_key
from higress_cli.gateway.wrapper_lines import called_cluster, is_recovered_panic
from tests.support.modules import wasm
from tests.support.reporter import SilentReporter
from tests.support.toy_engine import ToyGateway

CALL = "http call start, id: 1, cluster: {cluster}, method: GET, url: /who, body: , timeout: 1000"


class Reporter(SilentReporter):
    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.notes: list[str] = []
        self.details: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str, *, once: bool = False) -> None:
        self.warnings.append(text)

    def advise(self, hint: str) -> None:
        self.notes.append(f"hint: {hint}")

    def detail(self, text: str) -> None:
        self.details.append(text)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs")


@pytest.fixture
def change(tmp_path: Path) -> Change:
    (tmp_path / "main.wasm").write_bytes(wasm(exports=["proxy_abi_version_0_2_1"]))
    return Change(
        plugin=read_plugin(tmp_path / "main.wasm"),
        config=None,
        config_file=tmp_path / "config.yaml",
        services={"outbound|80||known.dns": Endpoint(host="127.0.0.1", port=1)},
        buffer_limit=1,
    )


def refused_edit(load: Callable[[], Loaded], *, change: Change, folder: RunFolder) -> ChangeRefused:
    """What comes of an edit of the configuration with which `load` does not work."""
    anywhere = Listening(bind="127.0.0.1", port=0, option="--port", source=Source(SourceKind.FLAG, "--port"))
    place = Place(listening=anywhere, admin=anywhere, upstream=Endpoint(host="127.0.0.1", port=1), plugin_name="p")
    with ToyGateway(place, folder) as gateway:
        live = Live(gateway, load=load)
        live.start()
        change.config_file.write_text("answer: 42\n")
        return next(event for events in live.events() for event in events if isinstance(event, ChangeRefused))


def test_a_service_that_nothing_maps_is_named_once_with_its_option(change, folder):
    reporter = Reporter()
    narrate = Narrator(reporter, change=change, folder=folder)
    for cluster in ("outbound|80||known.dns", "outbound|8080||auth.static", "outbound|8080||auth.static"):
        text = CALL.format(cluster=cluster)
        narrate(PluginLine(at=datetime.now(UTC), level="debug", text=text))
    assert len(reporter.warnings) == 1
    assert "--service auth.static:8080=127.0.0.1:8080" in reporter.warnings[0]


def test_what_to_do_about_a_refused_change_is_a_hint(change, folder):
    reporter = Reporter()
    error = GatewayError("config.yaml is refused", code="x", hint="correct config.yaml")
    Narrator(reporter, change=change, folder=folder)(ChangeRefused(at=datetime.now(UTC), error=error))
    assert reporter.warnings == ["config.yaml is refused"]
    assert reporter.notes == ["hint: correct config.yaml", "the gateway continues with what it had before"]


def test_a_bug_in_a_change_keeps_its_traceback_and_says_where_to_report_it(change, folder):
    reporter = Reporter()

    def load() -> Loaded:
        if change.config_file.exists():
            raise ZeroDivisionError("division by zero")
        return Loaded(change=change, files=(change.config_file,))

    Narrator(reporter, change=change, folder=folder)(refused_edit(load, change=change, folder=folder))

    log = folder.path / "bugs.log"
    assert reporter.warnings == ["this is a bug in hgw: ZeroDivisionError: division by zero"]
    assert f"with the end of {log}, at https://" in reporter.notes[0]
    for kept in (log.read_text("utf-8"), *reporter.details):
        assert "Traceback (most recent call last):" in kept
        assert "in load" in kept
    assert reporter.details


@pytest.mark.parametrize(
    ("error", "warning"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/d/x"), "/d/x cannot be written: the disk is full"),
        (OSError(errno.ENOSPC, "No space left on device"), "a file of the run cannot be written: the disk is full"),
        (
            OSError(errno.EDQUOT, "Disk quota exceeded"),
            "a file of the run cannot be written: the disk quota is used up",
        ),
        (OSError(errno.EIO, "Input/output error"), "the system could not read or write a file: Input/output error"),
        (OSError(errno.EIO, "Input/output error", "/d/main.wasm"), "/d/main.wasm cannot be read: Input/output error"),
        (OSError(errno.EMFILE, "Too many open files"), "hgw cannot open one more file: too many are open"),
        (MemoryError(), "there is no memory left for hgw"),
    ],
)
def test_what_the_machine_refuses_is_no_bug(change, folder, error, warning):
    reporter = Reporter()

    def load() -> Loaded:
        if change.config_file.exists():
            raise error
        return Loaded(change=change, files=(change.config_file,))

    Narrator(reporter, change=change, folder=folder)(refused_edit(load, change=change, folder=folder))

    assert reporter.warnings == [warning]
    assert reporter.notes[-1].startswith("the gateway continues with what it had before")
    assert ("when there is space" in reporter.notes[-1]) == ("full" in warning or "quota" in warning)
    assert not (folder.path / "bugs.log").exists()


@pytest.mark.parametrize(
    ("text", "cluster"),
    [
        (CALL.format(cluster="outbound|80||a.dns"), "outbound|80||a.dns"),
        ("http call end, id: 1, code: 200, normal: true, body: cluster: outbound|80||a.dns", None),
        ("cluster: outbound|80||a.dns", None),
    ],
)
def test_a_call_is_read_from_the_wrappers_line(text, cluster):
    assert called_cluster(text) == cluster


def test_a_panic_that_the_wrapper_caught_is_known_by_its_words():
    assert is_recovered_panic("[demo] [nil] recovered from panic runtime error: index out of range")
    assert not is_recovered_panic("no panic")


@pytest.mark.parametrize(
    ("cluster", "key"),
    [
        ("outbound|80||a.dns", "a.dns:80"),
        ("outbound|80|v1|a.ns.svc.cluster.local", "outbound|80|v1|a.ns.svc.cluster.local"),
        ("other", "other"),
    ],
)
def test_the_key_of_a_cluster(cluster, key):
    assert service_key(cluster) == key
