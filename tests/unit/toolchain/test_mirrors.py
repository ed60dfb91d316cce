"""Where archives come from, as settings."""

from dataclasses import replace

import pytest

from higress_cli.errors import UsageError
from higress_cli.session import Session
from higress_cli.settings.machine import MIRROR_GITHUB, MIRROR_GO, MIRROR_GOPROXY
from higress_cli.toolchain.mirrors import addresses, goproxy, mirror
from tests.support.reporter import SilentReporter
from tests.support.sessions import bare_session


def session(**variables: str) -> Session:
    return bare_session(variables=variables)


def test_archives_come_from_their_official_addresses() -> None:
    assert addresses(session(), tool="go", version="1.20.14", file="go1.20.14.linux-amd64.tar.gz") == (
        "https://go.dev/dl/go1.20.14.linux-amd64.tar.gz",
    )
    assert addresses(session(), tool="tinygo", version="0.29.0", file="t.tar.gz") == (
        "https://github.com/tinygo-org/tinygo/releases/download/v0.29.0/t.tar.gz",
    )
    assert addresses(session(), tool="binaryen", version="123", file="b.tar.gz") == (
        "https://github.com/WebAssembly/binaryen/releases/download/version_123/b.tar.gz",
    )


def test_a_preset_is_a_name() -> None:
    chosen = mirror(session(HGW_MIRROR_GO="china"), "go")
    assert chosen.value == ("https://golang.google.cn/dl",)
    assert str(chosen.source) == "HGW_MIRROR_GO"
    assert goproxy(session(HGW_MIRROR_GOPROXY="china")) == "https://proxy.golang.com.cn,direct"
    assert goproxy(session(HGW_MIRROR_GOPROXY="official")) is None


def test_prefixes_are_tried_in_their_order_and_any_slash_at_their_end_is_left_out() -> None:
    found = addresses(
        session(HGW_MIRROR_GITHUB="https://mirror.example/gh/, file:///mnt/releases"),
        tool="tinygo",
        version="0.30.0",
        file="t.tar.gz",
    )
    assert found == (
        "https://mirror.example/gh/tinygo-org/tinygo/releases/download/v0.30.0/t.tar.gz",
        "file:///mnt/releases/tinygo-org/tinygo/releases/download/v0.30.0/t.tar.gz",
    )


@pytest.mark.parametrize("variable", ["HGW_MIRROR_GO", "HGW_MIRROR_GITHUB", "HGW_MIRROR_GOPROXY"])
def test_what_is_neither_preset_nor_url_is_refused(variable: str) -> None:
    kind = variable.removeprefix("HGW_MIRROR_").lower()
    given = session(**{variable: "mirrors"})
    with pytest.raises(UsageError) as caught:
        goproxy(given) if kind == "goproxy" else mirror(given, kind)
    assert caught.value.code == "mirror-invalid"
    assert variable in caught.value.message
    assert "official" in caught.value.message


def test_china_is_offered_only_where_it_changes_something() -> None:
    assert mirror(session(HGW_MIRROR_GITHUB="china"), "github").value == ("https://github.com",)
    offering = {item.variable for item in (MIRROR_GO, MIRROR_GITHUB, MIRROR_GOPROXY) if "china" in item.kind.metavar}
    assert offering == {"HGW_MIRROR_GO", "HGW_MIRROR_GOPROXY"}


def test_a_preset_that_changes_nothing_is_told_where_it_is_used() -> None:
    heard: list[str] = []

    class Hearing(SilentReporter):
        def warn(self, text: str, *, once: bool = False) -> None:
            heard.append(text)

    given = replace(session(HGW_MIRROR_GITHUB="china", HGW_MIRROR_GO="china"), reporter=Hearing())
    mirror(given, "go")
    assert heard == []
    mirror(given, "github")
    assert heard == [
        "`china` (from HGW_MIRROR_GITHUB) changes nothing: hgw knows no public mirror of https://github.com"
    ]


def test_the_go_commands_own_proxy_holds_where_none_was_chosen() -> None:
    assert goproxy(session()) is None
    assert goproxy(session(HGW_MIRROR_GOPROXY="off")) == "off"
