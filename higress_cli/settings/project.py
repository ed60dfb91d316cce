"""The settings of a project, in the order of hgw.yaml."""

from collections.abc import Mapping
from typing import Any, Final

from higress_cli.abi import ABI_CHOICES, Abi
from higress_cli.i18n import N_, _
from higress_cli.profile import Profile
from higress_cli.settings.kinds import (
    Address,
    GatewayVersion,
    Pairs,
    Scenarios,
    Several,
    Size,
    Text,
    ToolVersion,
    Whole,
    Word,
    as_a_shell_does,
    by_commas_or_spaces,
)
from higress_cli.settings.setting import Setting

_HIGHEST_PORT: Final = 65535
_MOST_BUFFERED: Final = 2**32 - 1

UNKNOWN_VERSION: Final = "0.0.0"
"""The version of an image whose source git knows no version of."""
_IMAGE_COMMANDS: Final = ("package", "push")

NAME: Final = Setting[str](
    key="name",
    kind=Text("NAME"),
    help=N_("the plugin's name"),
    default="plugin",
    otherwise=N_("that of its Go module, else of the folder"),
    flag="--name",
    variable="HGW_NAME",
    commands=("init", *_IMAGE_COMMANDS),
    inherited=False,
)
VERSION: Final = Setting[str | None](
    key="version",
    kind=Text(
        "VERSION",
        pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}",
        problem=lambda: _("is not a valid image tag; one looks like {example}").format(example="1.0.0"),
    ),
    help=N_("the version of the plugin's image"),
    default=None,
    otherwise=N_("what git describe says, else {version}"),
    values=lambda: {"version": UNKNOWN_VERSION},
    flag="--image-version",
    variable="HGW_IMAGE_VERSION",
    commands=_IMAGE_COMMANDS,
    inherited=False,
)
PROFILE: Final = Setting[Profile](
    key="profile",
    kind=Word(Profile),
    help=N_("the compiler"),
    default=Profile.TINYGO,
    otherwise=N_("inferred from go.mod, else {profile}"),
    values=lambda: {"profile": Profile.TINYGO},
    flag="--profile",
    variable="HGW_PROFILE",
    commands=("install", "init", "build", *_IMAGE_COMMANDS),
)
ABI: Final = Setting[str](
    key="abi",
    kind=Word(ABI_CHOICES),
    help=N_("the ABI to build for"),
    default=Abi.V0_2_1,
    otherwise=N_("{abi}, or {other} in profile {profile}"),
    values=lambda: {"abi": Profile.TINYGO.abis[0], "other": Profile.GO.abis[0], "profile": Profile.GO},
    flag="--abi",
    variable="HGW_ABI",
    commands=("init", "build", "run", "verify", *_IMAGE_COMMANDS),
)
GATEWAY: Final = Setting[str](
    key="gateway",
    kind=GatewayVersion(),
    help=N_("the gateway version to target"),
    default="",
    otherwise=N_("{gateway}, or {other} in profile {profile}"),
    values=lambda: {"gateway": Profile.TINYGO.gateway, "other": Profile.GO.gateway, "profile": Profile.GO},
    flag="--gateway",
    variable="HGW_GATEWAY",
    commands=("init", "build", *_IMAGE_COMMANDS),
)
TOOLCHAIN_GO: Final = Setting[str | None](
    key="toolchain.go",
    kind=ToolVersion(),
    help=N_("the version of Go to build with"),
    default=None,
    otherwise=N_("any that fits the other tools"),
)
TOOLCHAIN_TINYGO: Final = Setting[str | None](
    key="toolchain.tinygo",
    kind=ToolVersion(),
    help=N_("the version of TinyGo to build with"),
    default=None,
    otherwise=N_("any that fits the other tools"),
)
TOOLCHAIN_BINARYEN: Final = Setting[str | None](
    key="toolchain.binaryen",
    kind=ToolVersion(),
    help=N_("the version of binaryen (wasm-opt) to build with"),
    default=None,
    otherwise=N_("any that fits the other tools"),
)
OUT_FILE: Final = Setting[str](
    key="build.out_file",
    kind=Text("FILE"),
    help=N_("where to write the module, relative to the plugin's folder"),
    default="main.wasm",
    flag="--out-file",
    variable="HGW_OUT_FILE",
    commands=("build",),
)
TAGS: Final = Setting[tuple[str, ...]](
    key="build.tags",
    kind=Several("TAGS", split=by_commas_or_spaces),
    help=N_("extra build tags"),
    default=(),
    otherwise=N_("none"),
    flag="--tags",
    variable="HGW_TAGS",
    commands=("build",),
)
FLAGS: Final = Setting[tuple[str, ...]](
    key="build.flags",
    kind=Several("FLAGS", split=as_a_shell_does),
    help=N_("extra compiler arguments; on the command line they follow --"),
    default=(),
    otherwise=N_("none"),
    variable="HGW_FLAGS",
    commands=("build",),
)
SIZE_BUDGET: Final = Setting[int | None](
    key="build.size_budget",
    kind=Size(),
    help=N_("the largest size that the module may have, such as 3MB"),
    default=None,
    otherwise=N_("no limit"),
    flag="--size-budget",
    variable="HGW_SIZE_BUDGET",
    commands=("build",),
)
_GATEWAY_COMMANDS: Final = ("run", "verify")
EVERY_ENGINE: Final = "all"
_ONE_ENGINE: Final = ("auto", "envoy", "builtin", "docker")
ENGINE: Final = Setting[str](
    key="run.engine",
    kind=Word((*_ONE_ENGINE, EVERY_ENGINE)),
    help=N_("the engine that runs the plugin; all: every one, for `hgw verify`"),
    default="auto",
    flag="--engine",
    variable="HGW_ENGINE",
    commands=_GATEWAY_COMMANDS,
    metavars={"run": "|".join(_ONE_ENGINE)},
)
BIND: Final = Setting[str](
    key="run.bind",
    kind=Address(),
    help=N_("address of the gateway"),
    default="127.0.0.1",
    flag="--bind",
    variable="HGW_BIND",
    commands=("run",),
)
PORT: Final = Setting[int](
    key="run.port",
    kind=Whole("PORT", least=0, most=_HIGHEST_PORT),
    help=N_("port of the gateway; 0: any"),
    default=10000,
    flag="--port",
    short="-p",
    variable="HGW_PORT",
    commands=("run",),
)
ADMIN_PORT: Final = Setting[int](
    key="run.admin_port",
    kind=Whole("PORT", least=0, most=_HIGHEST_PORT),
    help=N_("port of Envoy's admin API; 0: any"),
    default=0,
    flag="--admin-port",
    variable="HGW_ADMIN_PORT",
    commands=("run",),
)
HTTPBIN: Final = "httpbin"
UPSTREAM: Final = Setting[str](
    key="run.upstream",
    kind=Text("httpbin|URL"),
    help=N_("the upstream behind the gateway"),
    default=HTTPBIN,
    flag="--upstream",
    variable="HGW_UPSTREAM",
    commands=_GATEWAY_COMMANDS,
)
UPSTREAM_PORT: Final = Setting[int](
    key="run.upstream_port",
    kind=Whole("PORT", least=0, most=_HIGHEST_PORT),
    help=N_("port of httpbin; 0: any"),
    default=12345,
    flag="--upstream-port",
    variable="HGW_UPSTREAM_PORT",
    commands=("run",),
)
CONFIG: Final = Setting[str](
    key="run.config",
    kind=Text("FILE"),
    help=N_("the plugin's configuration"),
    default="config.yaml",
    flag="--config",
    variable="HGW_CONFIG",
    commands=_GATEWAY_COMMANDS,
)
SERVICES: Final = Setting[Mapping[str, str]](
    key="run.services",
    kind=Pairs("NAME:PORT=HOST:PORT", code="service-invalid", example="--service my-svc.dns:80=127.0.0.1:8080"),
    help=N_("a service that the plugin calls"),
    default={},
    otherwise=N_("none"),
    flag="--service",
    variable="HGW_SERVICES",
    commands=_GATEWAY_COMMANDS,
)
ENV: Final = Setting[Mapping[str, str]](
    key="run.env",
    kind=Pairs("NAME=VALUE", code="choice-invalid", example="--env ZONE=north"),
    help=N_("an environment variable that the plugin sees"),
    default={},
    otherwise=N_("none"),
    flag="--env",
    variable="HGW_ENV",
    commands=_GATEWAY_COMMANDS,
)
BUFFER_LIMIT: Final = Setting[int](
    key="run.buffer_limit",
    kind=Whole("BYTES", least=1, most=_MOST_BUFFERED),
    help=N_("how many bytes of a body the gateway buffers for the plugin"),
    default=32768,
    flag="--buffer-limit",
    variable="HGW_BUFFER_LIMIT",
    commands=_GATEWAY_COMMANDS,
)
IGNORE: Final = Setting[tuple[str, ...]](
    key="doctor.ignore",
    kind=Several("ID", split=by_commas_or_spaces),
    help=N_("ids of `hgw doctor` findings to ignore"),
    default=(),
    otherwise=N_("none"),
    flag="--ignore",
    variable="HGW_IGNORE",
    commands=("doctor",),
)
VERIFY: Final = Setting[tuple[Any, ...]](
    key="verify",
    kind=Scenarios(),
    help=N_("what `hgw verify` checks"),
    default=(),
    otherwise=N_("one scenario: a request is answered"),
    inherited=False,
)

PROJECT: Final[tuple[Setting[object], ...]] = (
    *(NAME, VERSION, PROFILE, ABI, GATEWAY, TOOLCHAIN_GO, TOOLCHAIN_TINYGO, TOOLCHAIN_BINARYEN),
    *(OUT_FILE, TAGS, FLAGS, SIZE_BUDGET),
    *(ENGINE, BIND, PORT, ADMIN_PORT, UPSTREAM, UPSTREAM_PORT, CONFIG, SERVICES, ENV, BUFFER_LIMIT),
    *(IGNORE, VERIFY),
)
"""In the order of hgw.yaml."""
