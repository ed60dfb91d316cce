"""The identity header, which a gateway of hgw adds to each response to prove which module made it."""

from dataclasses import dataclass
from typing import Final

from higress_cli.digest import Sha256, is_sha256
from higress_cli.gateway import engines
from higress_cli.gateway.events import AnsweredBy

HEADER: Final = "x-hgw-identity"
ANSWERED_BY: Final = "by="


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The run and the number of the change in effect, the digest of the module's file, and who made the response.

    `sha256` is None where the header has none.
    """

    run: str
    version: str
    sha256: Sha256 | None
    answered_by: AnsweredBy | None


def identity_start(*, engine: str, run: str, version: int, sha256: Sha256) -> str:
    """The header's value up to `by=`; the engine appends its own word for who made the response."""
    return f"{run_part(engine=engine, run=run)}{plugin_part(version=version, sha256=sha256)}{ANSWERED_BY}"


def run_part(*, engine: str, run: str) -> str:
    """What is the same in all responses of a run."""
    return f"engine={engine}; run={run}; "


def plugin_part(*, version: int, sha256: Sha256 | None) -> str:
    """What names the plugin that a request met, None before there is one; responses that met none go without."""
    return f"config={version}; sha256={sha256 or ''}; "


def read_identity(value: str) -> Identity:
    """Parse the header's value; missing texts are empty."""
    pairs = (part.strip().partition("=") for part in value.split(";"))
    fields = {name: content for name, _separator, content in pairs}
    engine = engines.engine(fields.get("engine", ""))
    sha256 = fields.get("sha256", "")
    return Identity(
        run=fields.get("run", ""),
        version=fields.get("config", ""),
        sha256=sha256 if is_sha256(sha256) else None,
        answered_by=engine.answered_by(fields.get("by", "")) if engine else None,
    )
