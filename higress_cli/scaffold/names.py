"""Names that Go and Kubernetes accept, checked before anything is written."""

import re
from typing import Final

from higress_cli.choice import Choice, SourceKind
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.fault import Fault, Severity
from higress_cli.i18n import _
from higress_cli.settings.project import NAME

_LABEL_LENGTH: Final = 63
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
# The names of objects, WasmPlugin among them: https://kubernetes.io/docs/concepts/overview/working-with-objects/names
_OBJECT_LENGTH: Final = 253
_OBJECT: Final = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})*")
_ELEMENT: Final = re.compile(r"[A-Za-z0-9._~-]+")
# https://github.com/golang/mod/blob/master/module/module.go, badWindowsNames
_WINDOWS_NAMES: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
)

# The folders at the top of Go's own src (1.18 to 1.26) and of TinyGo's: they would hide a Go module with such a name.
_GO_PACKAGES: Final = frozenset({
    "archive", "arena", "bufio", "builtin", "bytes", "cmd", "cmp", "compress", "container", "context", "crypto",
    "database", "debug", "device", "embed", "encoding", "errors", "examples", "expvar", "flag", "fmt", "go",
    "hash", "html", "image", "index", "internal", "io", "iter", "log", "machine", "maps", "math", "mime", "net",
    "os", "path", "plugin", "reflect", "regexp", "runtime", "simd", "slices", "sort", "strconv", "strings",
    "structs", "sync", "syscall", "testdata", "testing", "text", "time", "tinygo", "unicode", "unique",
    "unsafe", "vendor", "weak",
})  # fmt: skip


def check_name(name: str, *, source: str) -> str:
    """Return `name` if Kubernetes accepts it as the name of a resource (an RFC 1123 label).

    Raises:
        UsageError: `name-invalid`.
    """
    if len(name) > _LABEL_LENGTH or not _LABEL.fullmatch(name):
        raise UsageError(
            _("`{name}` (from {source}) is not a plugin name: up to 63 lower-case letters, digits and `-`").format(
                name=name, source=source
            ),
            code="name-invalid",
            again=(NAME.flag, name_from(name) or "my-plugin"),
            details={"name": name},
        )
    return name


def object_name_fault(name: Choice[str]) -> Fault | None:
    """What is wrong about a name in hgw.yaml, if Kubernetes takes no WasmPlugin of that name.

    It takes more than `check_name` (an RFC 1123 subdomain: up to 253 characters, dots), and all of it may be the
    repository of an image. A name that follows from go.mod or the folder is nobody's choice.
    """
    is_object_name = len(name.value) <= _OBJECT_LENGTH and _OBJECT.fullmatch(name.value)
    if name.source.kind is not SourceKind.FILE or is_object_name:
        return None
    return Fault(
        id="name-unfit",
        severity=Severity.WARNING,
        message=_("Kubernetes takes no WasmPlugin called `{name}`").format(name=name.value),
        places=(name.source.place,),
        found=name.value,
        expected=_("lower-case letters, digits, `-` and `.`, with a letter or digit at both ends"),
        hint=_("write `name: {name}`").format(name=name_from(name.value) or "my-plugin"),
        error=InvalidInput,
    )


def name_from(text: str) -> str:
    """The plugin name nearest to `text`; empty if none of its characters can be used."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LABEL_LENGTH].strip("-")


def proposes_name(text: str) -> bool:
    """Whether the name nearest to `text` still tells what is meant: it is all of it, or has a letter."""
    name = name_from(text)
    return bool(name) and (name == text or any("a" <= character <= "z" for character in name))


def module_from(name: str) -> str:
    """The default Go module path of a plugin called `name`."""
    return f"{name}-plugin" if name in _GO_PACKAGES else name


def check_module_path(path: str, *, source: str) -> str:
    """Return `path` if Go accepts it as a module path (golang.org/x/mod/module, CheckPath, except its dot rule).

    Raises:
        UsageError: `module-invalid`, which names the invalid part.
    """
    problem = _module_problem(path)
    if problem:
        raise UsageError(
            _("`{path}` (from {source}) is not a Go module path: {problem}").format(
                path=path, source=source, problem=problem
            ),
            code="module-invalid",
            hint=_("such as --module example.com/my-plugin or --module my-plugin"),
            details={"module": path},
        )
    return path


def _module_problem(path: str) -> str | None:
    if not path:
        return _("it is empty")
    if path.startswith("-"):
        return _("it begins with `-`")
    elements = path.split("/")
    for element in elements:
        problem = _element_problem(element)
        if problem:
            return problem
    if elements[0] in _GO_PACKAGES:
        return _("`{part}` is a package of Go itself").format(part=elements[0])
    if re.fullmatch(r"v([01]|0\d+)", elements[-1]) and len(elements) > 1:
        return _("it ends in `/{version}`; only v2 and later are written there").format(version=elements[-1])
    return None


def _element_problem(element: str) -> str | None:
    if not element:
        return _("it has an empty part (`/` at an end, or `//`)")
    if element.startswith(".") or element.endswith("."):
        return _("its part `{part}` begins or ends with a dot").format(part=element)
    if not _ELEMENT.fullmatch(element):
        return _("its part `{part}` has characters other than letters, digits and - . _ ~").format(part=element)
    short = element.partition(".")[0].lower()
    if short in _WINDOWS_NAMES or re.search(r"~\d+$", short):
        return _("its part `{part}` cannot be a folder on Windows").format(part=element)
    return None
