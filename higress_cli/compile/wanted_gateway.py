"""The gateway that a plugin is meant for: what its imports are judged against."""

import re
from typing import Final

from higress_cli.choice import Choice
from higress_cli.errors import InvalidInput
from higress_cli.fault import Fault
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.project.project import Project
from higress_cli.wasm.host_functions import is_older

_TAG: Final = re.compile(r"v?\d+\.\d+\.\d+(-rc\.\d+)?")


def wanted_gateway(project: Project, *, profile: str) -> Choice[str]:
    """What hgw.yaml says, here or in a parent folder; else the profile's default.

    Raises:
        InvalidInput: `settings-invalid`: the value is not the tag of a gateway.
    """
    choice = project.choose(
        lambda settings: settings.gateway,
        flag=(None, ""),
        variable=(None, ""),
        default=Profile(profile).gateway,
    )
    if not _TAG.fullmatch(choice.value):
        raise InvalidInput(
            _("{source}: gateway: `{value}` is not a gateway version; one looks like {example}").format(
                value=choice.value, source=choice.source, example=Profile(profile).gateway
            ),
            code="settings-invalid",
            details={"value": choice.value, "source": choice.source},
        )
    return choice


def gateway_faults(gateway: Choice[str], *, profile: str) -> tuple[Fault, ...]:
    """Whether the wanted gateway can load what the profile makes, known without compiling anything."""
    oldest = Profile(profile).oldest_gateway
    if oldest is None or not is_older(gateway.value, oldest):
        return ()
    return (
        Fault(
            id="gateway-too-old",
            message=_(
                "gateway {gateway} (from {source}) cannot load a plugin of profile {profile}: "
                "that needs {oldest} or newer"
            ).format(gateway=gateway.value, source=gateway.source, profile=profile, oldest=oldest),
            found=gateway.value,
            expected=_("{version} or newer").format(version=oldest),
            hint=_("set `gateway: {oldest}` in hgw.yaml if yours is that new, or `profile: tinygo`").format(
                oldest=oldest
            ),
            facts={"gateway": gateway.value, "floor": oldest, "profile": profile},
        ),
    )
