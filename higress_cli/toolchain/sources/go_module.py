"""Go as the Go module golang.org/toolchain, which Go 1.21 and later can download and verify."""

from typing import Final

from higress_cli.i18n import _
from higress_cli.system import fs
from higress_cli.system.fs import sha256_of
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.sets import Need
from higress_cli.toolchain.sources import go_command
from higress_cli.toolchain.sources.contract import Offer
from higress_cli.toolchain.sources.go_command import FetchedGoModule
from higress_cli.toolchain.store import Receipt
from higress_cli.toolchain.work import Work

NAME: Final = "module"
TOOLS: Final = frozenset({ToolName.GO})


def offer(work: Work, need: Need, /) -> Offer:
    """Go as a Go module.

    Raises:
        PassedOver: no proxy serves it for this machine, there is no Go to download it with, or it is unreachable.
    """
    host = work.session.host
    h1 = pins.toolchain_h1(need.version, host)
    if h1 is None:
        raise PassedOver(
            _("Go module proxies do not serve it for {platform}").format(platform=host.platform),
            cause=Cause.UNFIT,
            code="module-unknown",
        )
    module = FetchedGoModule(
        path=pins.TOOLCHAIN_MODULE, version=pins.toolchain_version(need.version, host.platform), h1=h1
    )
    starter = go_command.starter(work)
    title = _("Asking for Go {version} as a Go module").format(version=need.version)
    go_command.require_module(work, starter, module, title=title)
    return Offer(
        name=need.name,
        version=need.version,
        source=NAME,
        downloads=(*starter.downloads, go_command.described(work, starter, module)),
        place=work.store.place(need.name, need.version, NAME),
        fetch=lambda _go: _fetch(work, need.version, starter, module),
    )


def _fetch(work: Work, version: str, starter: go_command.Starter, module: FetchedGoModule) -> Tool:
    """Download this Go with another, compare it with its pin, and only then run it and move it into the store."""
    title = _("Downloading Go {version} as a Go module").format(version=version)
    with work.session.reporter.activity(title) as activity:
        go = go_command.started(work, starter, activity=activity)
        downloaded = go.download(module, activity=activity)
        # The go command would make a toolchain's programs executable only when it runs that toolchain.
        prepared = go.run("version", activity=activity, edits={"GOTOOLCHAIN": f"go{version}"})
        if prepared.returncode != 0:
            raise PassedOver(work.failure(prepared), cause=Cause.FAILED, code="tool-unusable")
        fs.make_writable(downloaded.folder)
        receipt = Receipt(
            name=ToolName.GO,
            version=version,
            source=NAME,
            origin=f"{module.path}@{module.version}",
            executable=f"bin/go{work.session.host.executable_suffix}",
            home=".",
            digest=sha256_of(downloaded.zip),
        )
        return work.store.adopt(downloaded.folder, receipt, variables=work.session.variables).tool()
