"""A session without a terminal, a home or tools, for tests of what is decided before anything is done."""

from collections.abc import Mapping
from pathlib import Path

from higress_cli.session import Session
from higress_cli.settings.resolver import Given
from higress_cli.system.host import Host
from higress_cli.system.paths import find_dirs
from tests.support.reporter import SilentReporter


def bare_session(*, variables: Mapping[str, str] | None = None, given: Given | None = None) -> Session:
    """A session with this environment, in which these settings were typed."""
    return Session(
        directory=Path.cwd(),
        variables=variables or {},
        dirs=find_dirs("/nowhere"),
        host=Host("linux", "amd64"),
        reporter=SilentReporter(),
        given=given or {},
    )
