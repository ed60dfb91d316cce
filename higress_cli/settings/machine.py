"""The settings of a machine: mirrors, language, output, what every command takes. They are never in hgw.yaml."""

from typing import Final

from higress_cli.i18n import LANGUAGES, N_, _
from higress_cli.settings.kinds import REGISTRY_HOST, Mirror, Secret, Switch, Text, Word
from higress_cli.settings.setting import EVERY_COMMAND, Scope, Setting

_PRESETS: Final = ("official", "china")

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
    help=N_("language of texts"),
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
    # Whoever sets all mirrors to `china` is not refused; there is no public mirror of GitHub to offer (mirrors.toml).
    kind=Mirror(("official",), also=_PRESETS),
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
    otherwise=N_("official, which is the go command's own GOPROXY"),
    scope=Scope.MACHINE,
    variable="HGW_MIRROR_GOPROXY",
    commands=_FETCHING,
)
COMPILER_CACHE: Final = Setting[str | None](
    key="compiler_cache",
    kind=Text("DIR"),
    help=N_("the folder for what Go and TinyGo keep between builds, such as one that a pipeline saves"),
    default=None,
    otherwise=N_("the places that Go and TinyGo choose"),
    scope=Scope.MACHINE,
    variable="HGW_COMPILER_CACHE",
    commands=("quickstart", "build", "run", "verify"),
)
_WITH_REGISTRIES: Final = ("push", "run", "verify", "inspect")
REGISTRY: Final = Setting[str | None](
    key="registry.host",
    kind=Text(
        "HOST[:PORT]",
        pattern=REGISTRY_HOST,
        problem=lambda: _("is not the host of a registry; one looks like {example}").format(
            example="registry.example.com:5000"
        ),
    ),
    help=N_("the only registry that gets the user name and the password below"),
    default=None,
    otherwise=N_("the one that hgw push pushes to; none when hgw only reads"),
    scope=Scope.MACHINE,
    variable="HGW_REGISTRY",
    commands=_WITH_REGISTRIES,
)
REGISTRY_USERNAME: Final = Setting[str | None](
    key="registry.username",
    kind=Text("NAME"),
    help=N_("the user at the registry that images are pushed to or pulled from"),
    default=None,
    otherwise=N_("as docker's configuration says"),
    scope=Scope.MACHINE,
    variable="HGW_REGISTRY_USERNAME",
    commands=_WITH_REGISTRIES,
)
REGISTRY_PASSWORD: Final = Setting[str | None](
    key="registry.password",
    kind=Secret("PASSWORD"),
    help=N_("that user's password or token"),
    default=None,
    otherwise=N_("as docker's configuration says"),
    scope=Scope.MACHINE,
    variable="HGW_REGISTRY_PASSWORD",
    commands=_WITH_REGISTRIES,
)
PLAIN_HTTP: Final = Setting[bool](
    key="registry.plain_http",
    kind=Switch(),
    help=N_("talk to registries without TLS; those on this machine are tried both ways"),
    default=False,
    scope=Scope.MACHINE,
    flag="--plain-http",
    variable="HGW_PLAIN_HTTP",
    commands=_WITH_REGISTRIES,
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

MACHINE: Final[tuple[Setting[object], ...]] = (
    *(
        MIRROR_GO,
        MIRROR_GITHUB,
        MIRROR_GOPROXY,
        COMPILER_CACHE,
        REGISTRY,
        REGISTRY_USERNAME,
        REGISTRY_PASSWORD,
        PLAIN_HTTP,
        SOURCE,
        TEMPLATE,
        HOME,
    ),
    *(DIRECTORY, OUTPUT, LANG, COLOR, QUIET, VERBOSE, DEBUG, OFFLINE, YES),
)
"""In the order of help."""
