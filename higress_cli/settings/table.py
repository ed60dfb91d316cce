"""Every setting, one row each: the only place with its key, option, variable, kind of value, default and help.

Options, their help, the keys of hgw.yaml, validation, `hgw help settings` and the sources in JSON all come from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from higress_cli.abi import ABI_CHOICES, NEW_ABI_TAG, Abi
from higress_cli.i18n import LANGUAGES, N_, _
from higress_cli.profile import Profile
from higress_cli.settings.kinds import (
    Address,
    GatewayVersion,
    Kind,
    Mirror,
    Pairs,
    Scenarios,
    Several,
    Size,
    Switch,
    Text,
    Whole,
    Word,
    as_a_shell_does,
    by_commas_or_spaces,
)

T = TypeVar("T")

EVERY_COMMAND: Final = ("*",)
VARIABLE_PREFIX: Final = "HGW_"
_HIGHEST_PORT: Final = 65535
_MOST_BUFFERED: Final = 2**32 - 1
_PRESETS: Final = ("official", "china")


class Scope(StrEnum):
    """Whether a setting belongs to a project (in hgw.yaml) or to a machine (in the user's configuration)."""

    MACHINE = "machine"
    PROJECT = "project"


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting(Generic[T]):
    """One setting. `key` is its place in a file, such as `run.port`; `flag` and `variable` are empty if it has none.

    `default` is the value if nothing else provides one; `otherwise` describes the default in words if it depends on
    something. `commands` are the commands that use the setting, and take its option if it has one. A setting that is
    not `inherited` is ignored in the hgw.yaml of a parent folder.
    """

    key: str
    kind: Kind[Any]
    help: str
    default: T
    otherwise: str = ""
    scope: Scope = Scope.PROJECT
    flag: str = ""
    short: str = ""
    variable: str = ""
    commands: tuple[str, ...] = ()
    inherited: bool = True

    def counts_in(self, command: str) -> bool:
        """Whether the command with this id uses the setting."""
        return self.commands == EVERY_COMMAND or command in self.commands


@dataclass(frozen=True, kw_only=True)
class Implication(Generic[T]):
    """How the value of another setting also determines this one, in each place that does not set this one."""

    setting: Setting[Any]
    of: Callable[[Any], T | None]


# Machine settings -------------------------------------------------------------------------------------------------

DIRECTORY: Final = Setting[str | None](
    key="directory",
    kind=Text("DIR"),
    help=N_("work as if started in DIR"),
    default=None,
    otherwise=N_("the current folder"),
    scope=Scope.MACHINE,
    flag="--directory",
    short="-C",
    variable="HGW_DIRECTORY",
    commands=EVERY_COMMAND,
)
OUTPUT: Final = Setting[str](
    key="output",
    kind=Word(("text", "json")),
    help=N_("result as text, or one JSON document on stdout"),
    default="text",
    scope=Scope.MACHINE,
    flag="--output",
    variable="HGW_OUTPUT",
    commands=EVERY_COMMAND,
)
LANG: Final = Setting[str | None](
    key="lang",
    kind=Word(LANGUAGES),
    help=N_("language; default from the locale"),
    default=None,
    otherwise=N_("from the locale"),
    scope=Scope.MACHINE,
    flag="--lang",
    variable="HGW_LANG",
    commands=EVERY_COMMAND,
)
COLOR: Final = Setting[str](
    key="color",
    kind=Word(("auto", "always", "never")),
    help=N_("when to use colour"),
    default="auto",
    scope=Scope.MACHINE,
    flag="--color",
    variable="HGW_COLOR",
    commands=EVERY_COMMAND,
)
QUIET: Final = Setting[bool](
    key="quiet",
    kind=Switch(),
    help=N_("only results and errors"),
    default=False,
    scope=Scope.MACHINE,
    flag="--quiet",
    short="-q",
    variable="HGW_QUIET",
    commands=EVERY_COMMAND,
)
VERBOSE: Final = Setting[bool](
    key="verbose",
    kind=Switch(),
    help=N_("also show the commands that are run"),
    default=False,
    scope=Scope.MACHINE,
    flag="--verbose",
    short="-v",
    variable="HGW_VERBOSE",
    commands=EVERY_COMMAND,
)
DEBUG: Final = Setting[bool](
    key="debug",
    kind=Switch(),
    help=N_("also show tracebacks and everything that child programs print"),
    default=False,
    scope=Scope.MACHINE,
    flag="--debug",
    variable="HGW_DEBUG",
    commands=EVERY_COMMAND,
)
OFFLINE: Final = Setting[bool](
    key="offline",
    kind=Switch(),
    help=N_("never use the network"),
    default=False,
    scope=Scope.MACHINE,
    flag="--offline",
    variable="HGW_OFFLINE",
    commands=EVERY_COMMAND,
)
YES: Final = Setting[bool](
    key="yes",
    kind=Switch(),
    help=N_("answer yes to every question"),
    default=False,
    scope=Scope.MACHINE,
    flag="--yes",
    short="-y",
    variable="HGW_YES",
    commands=EVERY_COMMAND,
)
HOME: Final = Setting[str | None](
    key="home",
    kind=Text("DIR"),
    help=N_("the folder for everything that hgw keeps: tools, caches, runs"),
    default=None,
    otherwise=N_("the platform's own places"),
    scope=Scope.MACHINE,
    variable="HGW_HOME",
    commands=EVERY_COMMAND,
)
_FETCHING: Final = ("quickstart", "install", "build", "run", "verify")
MIRROR_GO: Final = Setting[tuple[str, ...]](
    key="mirror.go",
    kind=Mirror(_PRESETS),
    help=N_("where Go's releases are downloaded from"),
    default=("official",),
    scope=Scope.MACHINE,
    variable="HGW_MIRROR_GO",
    commands=_FETCHING,
)
MIRROR_GITHUB: Final = Setting[tuple[str, ...]](
    key="mirror.github",
    kind=Mirror(_PRESETS),
    help=N_("where releases on GitHub are downloaded from: TinyGo, binaryen"),
    default=("official",),
    scope=Scope.MACHINE,
    variable="HGW_MIRROR_GITHUB",
    commands=_FETCHING,
)
MIRROR_GOPROXY: Final = Setting[tuple[str, ...]](
    key="mirror.goproxy",
    kind=Mirror(_PRESETS, words=("direct", "off")),
    help=N_("where Go modules are downloaded from"),
    default=("official",),
    otherwise=N_("the go command's own GOPROXY"),
    scope=Scope.MACHINE,
    variable="HGW_MIRROR_GOPROXY",
    commands=_FETCHING,
)
SOURCE: Final = Setting[str | None](
    key="source",
    kind=Text("NAME"),
    help=N_("use only this source: system, archive, module, package or npm; a tool without it uses its own"),
    default=None,
    otherwise=N_("each in turn"),
    scope=Scope.MACHINE,
    flag="--source",
    variable="HGW_SOURCE",
    commands=("install",),
)
TEMPLATE: Final = Setting[str](
    key="template",
    kind=Text("NAME|DIR"),
    help=N_("a template's name, or a folder with a template"),
    default="basic",
    scope=Scope.MACHINE,
    flag="--template",
    short="-t",
    variable="HGW_TEMPLATE",
    commands=("init",),
)

# Project settings ---------------------------------------------------------------------------------------------------

NAME: Final = Setting[str](
    key="name",
    kind=Text("NAME"),
    help=N_("the plugin's name; default: that of the folder"),
    default="plugin",
    otherwise=N_("that of the folder"),
    flag="--name",
    variable="HGW_NAME",
    commands=("init",),
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
    otherwise=N_("none"),
    inherited=False,
)
PROFILE: Final = Setting[str](
    key="profile",
    kind=Word(Profile),
    help=N_("the compiler"),
    default=Profile.TINYGO,
    otherwise=N_("inferred from go.mod, else tinygo"),
    flag="--profile",
    variable="HGW_PROFILE",
    commands=("install", "init", "build"),
)
ABI: Final = Setting[str](
    key="abi",
    kind=Word(ABI_CHOICES),
    help=N_("the ABI to build for"),
    default=Abi.V0_2_1,
    otherwise=N_("0.2.1; 0.2.100 in profile go"),
    flag="--abi",
    variable="HGW_ABI",
    commands=("init", "build"),
)
GATEWAY: Final = Setting[str](
    key="gateway",
    kind=GatewayVersion(),
    help=N_("the gateway version to target, such as v2.0.7"),
    default="",
    otherwise=N_("depends on the profile"),
    flag="--gateway",
    variable="HGW_GATEWAY",
    commands=("init", "build"),
)
TOOLCHAIN_GO: Final = Setting[str | None](
    key="toolchain.go",
    kind=Text("VERSION"),
    help=N_("the version of Go to build with"),
    default=None,
    otherwise=N_("any that fits the other tools"),
)
TOOLCHAIN_TINYGO: Final = Setting[str | None](
    key="toolchain.tinygo",
    kind=Text("VERSION"),
    help=N_("the version of TinyGo to build with"),
    default=None,
    otherwise=N_("any that fits the other tools"),
)
TOOLCHAIN_BINARYEN: Final = Setting[str | None](
    key="toolchain.binaryen",
    kind=Text("VERSION"),
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
ENGINE: Final = Setting[str](
    key="run.engine",
    kind=Word(("auto", "envoy", "builtin", "docker")),
    help=N_("the engine that runs the plugin"),
    default="auto",
    flag="--engine",
    variable="HGW_ENGINE",
    commands=_GATEWAY_COMMANDS,
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

SETTINGS: Final[tuple[Setting[Any], ...]] = (
    *(NAME, VERSION, PROFILE, ABI, GATEWAY, TOOLCHAIN_GO, TOOLCHAIN_TINYGO, TOOLCHAIN_BINARYEN),
    *(OUT_FILE, TAGS, FLAGS, SIZE_BUDGET),
    *(ENGINE, BIND, PORT, ADMIN_PORT, UPSTREAM, UPSTREAM_PORT, CONFIG, SERVICES, ENV, BUFFER_LIMIT),
    *(IGNORE, VERIFY),
    *(MIRROR_GO, MIRROR_GITHUB, MIRROR_GOPROXY, SOURCE, TEMPLATE, HOME),
    *(DIRECTORY, OUTPUT, LANG, COLOR, QUIET, VERBOSE, DEBUG, OFFLINE, YES),
)
"""In the order of help: project settings as in hgw.yaml, then machine settings."""

IMPLICATIONS: Final[Mapping[Setting[Any], Implication[Any]]] = {
    ABI: Implication(setting=TAGS, of=lambda tags: Abi.V0_2_100 if NEW_ABI_TAG in tags else None),
}
