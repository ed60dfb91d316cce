"""The error for Go modules that cannot be fetched: which module, who imports it, who was asked, and what helps."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import CheckFailed, DownloadError, ExitCode, HgwError, InvalidInput
from higress_cli.go.misspelt_imports import in_own_wrapper, known_modules, meant, read_go_sum
from higress_cli.go.mod import escaped_path, go_mod_at, read_go_mod
from higress_cli.go.requirements import provides
from higress_cli.i18n import _, chained, joined, noted
from higress_cli.knowledge.catalogue import Match, advice, entry, recognise, shortened
from higress_cli.settings.machine import MIRROR_GOPROXY
from higress_cli.system.urls import shown

UNREACHABLE: Final = "go-modules-unreachable"
_TAIL_LINES: Final = 40
# `MODULE@VERSION: reading URL: STATUS`, `module PATH: Get "URL": REASON` and the like (cmd/go/internal/modfetch).
_REQUEST: Final = re.compile(
    r'(?:module (?P<listed>\S+)|(?<![^\s@":])(?P<module>[^\s@":]+)@(?P<version>v[^\s:]+)): [^\n]*?'
    r'(?:reading |Get "|Post ")(?P<url>https?://[^\s"]+?)"?: (?P<answer>[^\n]+)'
    r"(?:\n\s*server response: (?P<said>[^\n]+))?"
)
_REFUSAL: Final = re.compile(r"(?:401|403|404|410) ")
# Hosts whose Go modules are mostly public, so that a refusal is more likely to be the proxy's.
_PUBLIC: Final = frozenset(
    {"github.com", "gitlab.com", "gitee.com", "bitbucket.org", "golang.org", "google.golang.org", "gopkg.in"}
    | {"go.uber.org", "k8s.io", "sigs.k8s.io", "go.opentelemetry.io"}
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of the go command that failed; `version` is None if it asked which versions there are.

    `proxy` is who was asked, without secrets; `answer` is a status with what the server said, or a reason.
    """

    module: str
    version: str | None
    proxy: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A source of Go modules that cannot be reached, and why; `remedy` is what to do, where the reason tells."""

    source: str
    reason: str
    remedy: str | None = None


@dataclass(frozen=True, kw_only=True)
class Missing:
    """What a build lacks: `imports` are packages that the plugin in `directory` needs, directly or not.

    `tried` are the module proxies that cannot be reached; `pins` are the versions that fit the
    profile, by module; `offline` says that the network was forbidden.
    """

    directory: Path
    imports: Sequence[str]
    pins: Mapping[str, str]
    tried: Sequence[Tried] = ()
    offline: bool = False


def failed_requests(output: str) -> Iterator[Request]:
    """The requests that failed, in the order of a go command's output."""
    for match in _REQUEST.finditer(shortened(output)):
        module = match["listed"] or match["module"]
        proxy = match["url"].partition(f"/{escaped_path(module)}/")[0]
        yield Request(
            module=module,
            version=match["version"],
            proxy=shown(proxy),
            answer=noted(match["answer"].strip(), match["said"].strip()) if match["said"] else match["answer"].strip(),
        )


def module_error(missing: Missing, output: str) -> HgwError:
    """The error for a `go mod tidy` that failed with this output."""
    known = next(iter(recognise(output)), None)
    request = next(failed_requests(output), None)
    module, version = _subject(missing, known, request)
    where = _place(missing.directory, module)
    details = {
        "directory": missing.directory,
        "imports": list(missing.imports),
        "module": module,
        "version": version,
        "place": where or None,
        "tried": [{"source": tried.source, "reason": tried.reason} for tried in missing.tried],
        "output": "\n".join(output.strip().splitlines()[-_TAIL_LINES:]),
    }
    asked = f"{module} {version}" if version else module
    named = joined((where, asked)) if where else asked
    if missing.tried or (known is not None and known.id == UNREACHABLE):
        return DownloadError(
            _unreachable_message(missing, request, output, named=named),
            code=UNREACHABLE,
            hint=(_misspelt_hint(missing, module, where=where) if request and not missing.tried else None)
            or _unreachable_hint(missing, request),
            details=details,
        )
    message = _("go.mod of {path} does not provide what the plugin imports, and `go mod tidy` cannot fix it").format(
        path=missing.directory
    )
    if known is None:
        text = _("{message}:\n{detail}").format(message=message, detail=details["output"])
        return InvalidInput(text, code="go-mod-unresolved", hint=_unresolved_hint(missing, module), details=details)
    if _has_moved(known, missing):
        return _moved(message, details)
    reason = _("{title}: {cause}").format(title=known.title, cause=known.cause)
    if known.entry.exit is ExitCode.DOWNLOAD:
        text = _("{module} cannot be downloaded: {reason}").format(module=named, reason=reason)
    else:
        text = _("{message}:\n{detail}").format(message=message, detail=joined((named, reason)) if module else reason)
    error = known.as_error(text, details=details)
    misspelt = _misspelt_hint(missing, module, where=where)
    error.hint = misspelt or _better_hint(missing, known, request) or error.hint
    return error


def own_wrapper_hint(package: str, *, where: str) -> str:
    """What to write where a plugin imports a package from the wrapper of another profile."""
    return _("write {package} in {place}: that is the wrapper for the plugin's compiler").format(
        package=package, place=where or _("the import")
    )


def _has_moved(known: Match, missing: Missing) -> bool:
    """Whether the wrapper is missing under a path that only plugins for TinyGo still use."""
    package = known.found.get("package", "")
    return known.id == "wrapper-for-go" and not any(provides(module, package) for module in missing.pins)


def _moved(text: str, details: Mapping[str, object]) -> HgwError:
    row = entry("wrapper-moved")
    reason = _("{title}: {cause}").format(title=row.title, cause=row.cause)
    return CheckFailed(
        _("{message}:\n{detail}").format(message=text, detail=reason),
        code="wrapper-moved",
        hint=advice("wrapper-moved"),
        details=details,
    )


def _subject(missing: Missing, known: Match | None, request: Request | None) -> tuple[str, str | None]:
    """The Go module and its version; the package where the module is not known, and an empty text if nothing is."""
    if request is not None:
        return request.module, request.version
    named = known.found.get("module", "").partition("@")[0] if known is not None else ""
    package = named or next(iter(missing.imports), "")
    required = read_go_mod(go_mod_at(missing.directory)).versions
    module = max((path for path in required if provides(path, package)), key=len, default=package)
    return module, required.get(module)


def _unreachable_message(missing: Missing, request: Request | None, output: str, *, named: str) -> str:
    if missing.tried or request is None:
        reasons = chained(joined((tried.source, tried.reason)) for tried in missing.tried) or _last_line(output)
        return _("{module} is not on this machine and cannot be downloaded ({reasons})").format(
            module=named, reasons=reasons
        )
    return _("{module} cannot be downloaded: {proxy} answers {answer}").format(
        module=named, proxy=request.proxy, answer=request.answer
    )


def _unreachable_hint(missing: Missing, request: Request | None) -> str:
    if missing.offline:
        return _("run it once without --offline")
    if request is not None and _REFUSAL.match(request.answer):
        pinned = _pin_hint(missing, request)
        if pinned is not None:
            return pinned
        if request.module.partition("/")[0] not in _PUBLIC:
            return _("if it is a private module: {command}").format(command=f"go env -w GOPRIVATE={request.module}")
    return next((tried.remedy for tried in missing.tried if tried.remedy), None) or _mirror_hint()


def _mirror_hint() -> str:
    return _("set {variable} to another module proxy, such as `china` or `official`, then build again").format(
        variable=MIRROR_GOPROXY.variable
    )


def _better_hint(missing: Missing, known: Match, request: Request | None) -> str | None:
    """A hint that fits these Go modules better than the one of the known error; None if there is none."""
    if known.id == "go-module-version-unknown" and request is not None:
        is_pin = request.version is not None and missing.pins.get(request.module) == request.version
        return _mirror_hint() if is_pin else _pin_hint(missing, request)
    return None


def _misspelt_hint(missing: Missing, module: str, *, where: str) -> str | None:
    """What to write instead of another profile's wrapper, or of a name that resembles a known one; None for others."""
    if (own := in_own_wrapper(module, missing.pins)) is not None:
        return own_wrapper_hint(own, where=where)
    go_mod = read_go_mod(go_mod_at(missing.directory))
    near = meant(module, known_modules(go_mod, go_sum=read_go_sum(go_mod_at(missing.directory).parent)))
    return _("write {near} in {place}, if you mean that").format(near=near, place=where or "go.mod") if near else None


def _pin_hint(missing: Missing, request: Request) -> str | None:
    """The command that writes the version that fits, if another was asked for."""
    pin = missing.pins.get(request.module)
    if pin is None or request.version in {None, pin}:
        return None
    return f"hgw toolchain exec -- go mod edit -require={request.module}@{pin}"


def _unresolved_hint(missing: Missing, module: str) -> str:
    if module and not _place(missing.directory, module):
        return _("correct go.mod as the go command says above, then: hgw build")
    return _("correct the import or go.mod as the go command says above, then: hgw build")


def _place(directory: Path, module: str) -> str:
    """`FILE:LINE` of the plugin's first import of a Go module, else of the line of go.mod that asks for it."""
    if not module:
        return ""
    for file in sorted(directory.rglob("*.go")):
        for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), start=1):
            if f'"{module}"' in line or f'"{module}/' in line:
                return f"{file.relative_to(directory).as_posix()}:{number}"
    requirement = read_go_mod(go_mod_at(directory)).requirement_of(module)
    return f"go.mod:{requirement.line}" if requirement else ""


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1].strip()
