"""Programs that answer their version as Go, TinyGo and wasm-opt do, and which files a build reads, and nothing else.

The answers are those of Go 1.20.14, TinyGo 0.30.0 and binaryen 108 with other numbers filled in.
"""

import sys
from pathlib import Path
from typing import Final

# The rest of each script, after what it answers by itself, is for `stub_compilers`.
_GO = """\
case "$1" in
env) shift
  if [ "$1" != -json ]; then
    for name; do case "$name" in
      GOROOT) echo "{goroot}";;
      GOVERSION) echo "go{version}";;
      GOWORK) folder=$PWD; work=$GOWORK
        while [ -z "$work" ] && [ -n "$folder" ]; do
          [ -e "$folder/go.work" ] && work=$folder/go.work
          folder=${folder%/*}
        done
        echo "$work";;
      *) echo;;
    esac; done
    exit 0
  fi
  shift; printf '{'; between=
  for name; do case "$name" in
    GOMODCACHE) value=${GOMODCACHE:-$HOME/go/pkg/mod};;
    GOPROXY) value=${GOPROXY:-off};;
    *) eval "value=\\${$name}";;
  esac; printf '%s"%s": "%s"' "$between" "$name" "$value"; between=', '; done
  echo '}'; exit 0;;
version) echo "go version go{version} linux/amd64"; exit 0;;
esac
"""
_TINYGO = """\
case "$1" in
version) echo "tinygo version {version} linux/amd64 (using go version go1.20.14 and LLVM version 16.0.6)"; exit 0;;
info) tags=
  for flag; do case "$flag" in -tags=*) tags=${flag#-tags=};; esac; done
  printf '{"goos": "linux", "goarch": "arm", "build_tags": ["tinygo.wasm"'
  (IFS=', '; for tag in $tags; do printf ', "%s"' "$tag"; done)
  echo ']}'; exit 0;;
esac
"""
_WASM_OPT = """\
if [ "$1" = --version ]; then echo "wasm-opt version {version} (version_{version})"; exit 0; fi
"""
_SCRIPTS: Final = {"go": _GO, "tinygo": _TINYGO, "wasm-opt": _WASM_OPT}
_LIST = """\
if [ "$1" = list ]; then echo "Pplugin"; echo "D$PWD"; for file in *.go; do echo "F$file"; done; echo M; exit 0; fi
"""


def write_program(path: Path, script: str) -> Path:
    """An executable shell script at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    path.chmod(0o755)
    return path


def answers(name: str, version: str, *, goroot: str = "") -> str:
    """The script of the tool `name` as far as it says what it is: its version, its environment and its target."""
    return _SCRIPTS[name].replace("{version}", version).replace("{goroot}", goroot)


def stub_tools(folder: Path, *, go: str | None = None, tinygo: str | None = None, wasm_opt: str | None = None) -> str:
    """A PATH with these tools at these versions, and no others."""
    assert sys.platform != "win32", "the stubs are shell scripts"
    for name, version in (("go", go), ("tinygo", tinygo), ("wasm-opt", wasm_opt)):
        if version is not None:
            more = _LIST if name == "go" else ""
            end = f'echo "{name} $1: not in this stub" >&2; exit 2\n'
            write_program(folder / name, f"{answers(name, version, goroot=f'{folder}/goroot')}{more}{end}")
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
