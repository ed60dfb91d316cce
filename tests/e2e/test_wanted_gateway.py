"""The real compiler's imports against the gateway that hgw.yaml names."""

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import HgwProcess

pytestmark = pytest.mark.e2e

READS_FILES = """\
package main

import (
	"os"

	"github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"
	"github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"
)

type settings struct{}

func main() {
	wrapper.SetCtx("notes", wrapper.ProcessRequestHeadersBy(onHeaders))
}

func onHeaders(ctx wrapper.HttpContext, config settings, log wrapper.Log) types.Action {
	if err := os.MkdirAll("/notes", 0o755); err != nil {
		log.Warnf("no folder: %v", err)
	}
	if entries, err := os.ReadDir("/notes"); err == nil {
		log.Infof("%d notes", len(entries))
	}
	return types.ActionContinue
}
"""


def test_a_plugin_that_reads_files_is_refused_for_a_gateway_without_them(
    real_hgw: HgwProcess, basic_plugin: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in ("go.mod", "go.sum"):
        (folder / name).write_bytes((basic_plugin / name).read_bytes())
    (folder / "main.go").write_text(READS_FILES, "utf-8")
    (folder / "hgw.yaml").write_text("gateway: v2.0.7\n", "utf-8")

    built = real_hgw("build", "--output", "json", cwd=folder)

    error = built.document["error"]
    assert (built.code, error["code"]) == (1, "import-missing"), built.err
    missing = set(error["details"]["imports"])
    assert {f"wasi_snapshot_preview1.{name}" for name in ("path_create_directory", "fd_readdir")} <= missing
    assert "wasi_snapshot_preview1.fd_write" not in missing
    assert error["details"]["since"] == "v2.1.2"
    assert "v2.0.7" in error["message"]
    assert not (folder / "main.wasm").exists()
    assert json.loads(built.out)["data"] == {}
