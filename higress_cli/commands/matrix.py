"""`hgw build --matrix`: the jobs of a pipeline that builds the plugins of a repository on several runners."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from higress_cli.result import Result


class Pipeline(StrEnum):
    """A system whose job matrix hgw can write."""

    GITHUB = "github"
    GITLAB = "gitlab"


_MOST_JOBS: Final = {Pipeline.GITHUB: 256, Pipeline.GITLAB: 200}
"""GitHub's limit of jobs per matrix, GitLab's of jobs by `parallel:matrix` (their documentation)."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job of the pipeline."""

    name: str
    """What to call it."""
    plugins: tuple[str, ...]
    """The plugins that it builds: folders relative to the current one, with `/`."""


@dataclass(frozen=True, kw_only=True)
class MatrixResult(Result):
    """With --matrix: the jobs of a pipeline."""

    pipeline: Pipeline
    """For which system."""
    jobs: tuple[Job, ...]
    """The jobs, as many as there are plugins, or as many as the system allows."""
    text: str
    """The same as that system reads it."""


def matrix(pipeline: Pipeline, plugins: Sequence[Path], *, directory: Path) -> MatrixResult:
    """The matrix for building `plugins` (absolute), which are below `directory`."""
    names = [plugin.relative_to(directory).as_posix() for plugin in plugins]
    size = -(-len(names) // _MOST_JOBS[pipeline]) or 1
    groups = [tuple(names[start : start + size]) for start in range(0, len(names), size)]
    jobs = tuple(
        Job(name=group[0] if len(group) == 1 else f"{group[0]} (+{len(group) - 1})", plugins=group) for group in groups
    )
    text = _for_github(jobs) if pipeline is Pipeline.GITHUB else _for_gitlab(jobs)
    return MatrixResult(pipeline=pipeline, jobs=jobs, text=text)


def _for_github(jobs: Sequence[Job]) -> str:
    """One line for `strategy.matrix: ${{ fromJSON(...) }}`; `matrix.plugins` are the arguments of hgw build."""
    return json.dumps({"include": [{"name": job.name, "plugins": shlex.join(job.plugins)} for job in jobs]})


def _for_gitlab(jobs: Sequence[Job]) -> str:
    """A hidden job to extend in a child pipeline; $PLUGINS are the arguments of hgw build. JSON is YAML."""
    rows = [{"PLUGINS": shlex.join(job.plugins)} for job in jobs]
    hidden: object = {"parallel": {"matrix": rows}} if rows else {"rules": [{"when": "never"}]}
    return json.dumps({".hgw-plugins": hidden}, indent=2, ensure_ascii=False)
