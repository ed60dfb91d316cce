"""Go as the module golang.org/toolchain, which any Go from 1.21 on fetches by itself and verifies."""

from typing import Final

from higress_cli.i18n import _
from higress_cli.system import fs
from higress_cli.system.download import sha256_of
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.sources import go_command
from higress_cli.toolchain.store import Entry, Receipt
from higress_cli.toolchain.work import Work, last_words

NAME: Final = "module"
_MODULE: Final = "golang.org/toolchain"


def fetch(work: Work, version: str) -> Entry:
    """Let a Go fetch this one, compare it with its pin and move it into the store.

    Raises:
        PassedOver: no proxy serves it for this machine, no Go is there to start with, or it cannot be had.
    """
    host = work.session.host
    h1 = pins.toolchain_h1(version, host)
    if h1 is None:
        raise PassedOver(
            _("Go module proxies do not serve it for {platform}").format(platform=host.platform),
            cause=Cause.UNFIT,
            code="module-unknown",
        )
    module_version = f"v0.0.1-go{version}.{host.platform}"
    title = _("Downloading Go {version} as a Go module").format(version=version)
    with work.session.reporter.activity(title) as activity:
        go = go_command.find(work, activity=activity)
        go.require_module(_MODULE, module_version, activity=activity)
        fetched = go.run("version", activity=activity, edits={"GOTOOLCHAIN": f"go{version}"})
        if fetched.returncode != 0:
            work.require_space(fetched)
            raise PassedOver(last_words(fetched), cause=Cause.NETWORK, code="download-failed")
        go.verify(_MODULE, module_version, h1)
        folder = go.module_cache / f"{_MODULE}@{module_version}"
        fs.make_writable(folder)
        receipt = Receipt(
            name="go",
            version=version,
            source=NAME,
            origin=f"{_MODULE}@{module_version}",
            executable=f"bin/go{host.executable_suffix}",
            home=".",
            digest=sha256_of(go.module_file(_MODULE, module_version, "zip")),
        )
        return work.store.adopt(folder, receipt, variables=work.session.variables)
