"""The programs docker and docker compose: whether they can run the gateway, and its image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from higress_cli import data
from higress_cli.errors import DownloadError, ToolError
from higress_cli.i18n import _
from higress_cli.system import process
from higress_cli.system.whole_numbers import whole_number

_ANSWER_SECONDS: Final = 20.0
_PULL_SECONDS: Final = 1800.0
_CLIENT_TOO_OLD: Final = "is too old. Minimum supported API version"
_NO_RIGHTS: Final = "permission denied"


@dataclass(frozen=True, kw_only=True)
class _Needed:
    """data/docker.toml: the oldest daemon that will do, and where Docker is explained."""

    oldest: str
    install: data.Url


@dataclass(frozen=True, kw_only=True)
class Docker:
    """A daemon that answers; `compose` is the beginning of a compose command, `version` the daemon's."""

    variables: Mapping[str, str]
    compose: tuple[str, ...]
    version: str

    def image(self, name: str) -> None:
        """Have the image `name` on this machine; it is pulled if it is missing.

        Raises:
            DownloadError: `image-unavailable`.
        """
        if _run(self.variables, "docker", "image", "inspect", name, seconds=_ANSWER_SECONDS).returncode == 0:
            return
        pulled = _run(self.variables, "docker", "pull", "--quiet", name, seconds=_PULL_SECONDS)
        if pulled.returncode != 0:
            raise DownloadError(
                _("the image {image} cannot be pulled: {reason}").format(image=name, reason=_last(pulled.output)),
                code="image-unavailable",
                hint=f"docker pull {name}",
                details={"image": name, "output": pulled.output},
            )

    def remove(self, container: str) -> None:
        """Remove a container, whether it runs or not; it may be gone."""
        _run(self.variables, "docker", "rm", "--force", container, seconds=_ANSWER_SECONDS)


def find_docker(variables: Mapping[str, str]) -> Docker:
    """The docker of this machine.

    Raises:
        ToolError: `engine-missing`: there is none; `docker-not-running`; `docker-too-old`.
    """
    if process.find_program("docker", variables) is None:
        raise ToolError(
            _("docker is not on the PATH of this machine"),
            code="engine-missing",
            hint=_("install Docker ({url}), or use another engine").format(url=_needed().install),
            details={"engine": "docker"},
        )
    version = _daemon(variables)
    oldest = _needed().oldest
    if _numbers(version) < _numbers(oldest):
        raise _too_old(
            _("the Docker daemon is {version}, and {oldest} is needed").format(version=version, oldest=oldest)
        )
    return Docker(variables=variables, compose=_compose(variables), version=version)


def _daemon(variables: Mapping[str, str]) -> str:
    """The daemon's version."""
    try:
        answer = _run(variables, "docker", "version", "--format", "{{.Server.Version}}", seconds=_ANSWER_SECONDS)
    except ToolError as error:
        raise _not_running(error.message) from error
    version = answer.stdout.strip()
    if answer.returncode == 0 and version:
        return version
    problem = answer.output.strip()
    if _CLIENT_TOO_OLD in problem:
        raise _too_old(_last(problem))
    raise _not_running(_last(problem))


def _compose(variables: Mapping[str, str]) -> tuple[str, ...]:
    for command in (("docker", "compose"), ("docker-compose",)):
        if process.find_program(command[0], variables) is None:
            continue
        if _run(variables, *command, "version", seconds=_ANSWER_SECONDS).returncode == 0:
            return command
    raise _too_old(_("this Docker has no `docker compose`"))


def _not_running(reason: str) -> ToolError:
    start = _("start Docker, then: docker version")
    join = _("add yourself to the group that may use it, then log in again: sudo usermod -aG docker $USER")
    return ToolError(
        _("the Docker daemon does not answer: {reason}").format(reason=reason),
        code="docker-not-running",
        hint=join if _NO_RIGHTS in reason else start,
        details={"reason": reason},
    )


def _too_old(reason: str) -> ToolError:
    return ToolError(
        _("Docker is too old: {reason}").format(reason=reason),
        code="docker-too-old",
        hint=_("install a newer one with its compose plugin: {url}").format(url=_needed().install),
        details={"reason": reason},
    )


def _needed() -> _Needed:
    return data.load("docker.toml", _Needed)


def _run(variables: Mapping[str, str], *words: str, seconds: float) -> process.Completed:
    return process.run(words, variables=variables, timeout=seconds)


def _last(text: str) -> str:
    """The line of an output that says why it failed, which is the last one."""
    return text.strip().splitlines()[-1] if text.strip() else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(number for part in version.split(".")[:2] if (number := whole_number(part)) is not None)
