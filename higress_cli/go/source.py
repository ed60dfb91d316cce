"""All rules for a plugin's own Go source."""

from collections.abc import Sequence

from higress_cli.abi import Abi
from higress_cli.fault import Fault
from higress_cli.go.goroutines import goroutine_faults
from higress_cli.go.header_phase import header_faults
from higress_cli.go.registration import package_faults, registration_faults
from higress_cli.go.syntax import GoFile
from higress_cli.profile import Profile


def source_faults(files: Sequence[GoFile], *, profile: Profile, abi: Abi) -> tuple[Fault, ...]:
    """Faults in the files that a build in this profile and for this ABI compiles."""
    return (
        *package_faults(files),
        *registration_faults(files, profile=profile),
        *goroutine_faults(files, profile=profile),
        *header_faults(files, abi=abi),
    )
