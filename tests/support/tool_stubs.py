"""Programs that answer their version as Go, TinyGo and wasm-opt do, and which files a build reads, and nothing else.

The answers are those of Go 1.20.14, TinyGo 0.30.0 and binaryen 108 with other numbers filled in.
"""

import sys
from pathlib import Path

_GO = """\
if [ "$1" = env ]; then shift; for name; do case "$name" in
  GOROOT) echo "{folder}/goroot";;
  GOVERSION) echo "go{version}";;
  *) echo;;
esac; done; exit 0; fi
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit 0; fi
if [ "$1" = list ]; then echo "Pplugin"; echo "D$PWD"; for file in *.go; do echo "F$file"; done; echo M; exit 0; fi
echo "go $1: not in this stub" >&2; exit 2
"""
_TINYGO = """\
if [ "$1" = version ]; then
  echo "tinygo version {version} linux/amd64 (using go version go1.20.14 and LLVM version 16.0.6)"; exit 0
fi
if [ "$1" = info ]; then echo '{"goos": "linux", "goarch": "arm", "build_tags": ["tinygo.wasm"]}'; exit 0; fi
echo "tinygo $1: not in this stub" >&2; exit 1
"""
_WASM_OPT = """\
if [ "$1" = --version ]; then echo "wasm-opt version {version} (version_{version})"; exit 0; fi
exit 1
"""


def write_program(path: Path, script: str) -> Path:
    """An executable shell script at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    path.chmod(0o755)
    return path


def stub_tools(folder: Path, *, go: str | None = None, tinygo: str | None = None, wasm_opt: str | None = None) -> str:
    """A PATH with these tools at these versions, and no others."""
    assert sys.platform != "win32", "the stubs are shell scripts"
    for name, version, script in (("go", go, _GO), ("tinygo", tinygo, _TINYGO), ("wasm-opt", wasm_opt, _WASM_OPT)):
        if version is not None:
            text = script.replace("{version}", version).replace("{folder}", str(folder))
            write_program(folder / name, text)
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
