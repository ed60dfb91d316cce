"""`hgw init --from-existing`: the files around a plugin that has its Go code already."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from higress_cli.abi import Abi
from higress_cli.choice import SourceKind
from higress_cli.commands.init import NOTHING_MORE, Additions, InitResult, carry_out, extras_for
from higress_cli.commands.init_answers import Wishes, answers_for
from higress_cli.compile.choices import Given, choose
from higress_cli.doctor.gateway_files import find_written
from higress_cli.go.header_phase import find_uses
from higress_cli.go.mod import GoMod, read_go_mod
from higress_cli.go.syntax import parse
from higress_cli.project.plugin_config import read_plugin_config
from higress_cli.project.project import Project, open_project
from higress_cli.scaffold.catalog import template_for_existing
from higress_cli.scaffold.names import name_from
from higress_cli.scaffold.plan import make_plan
from higress_cli.scaffold.render import CONFIG_FILE
from higress_cli.scaffold.scaffold import Extras, render_project
from higress_cli.session import Session


def init_existing(
    session: Session,
    *,
    directory: Path,
    wishes: Wishes,
    lang: str,
    additions: Additions = NOTHING_MORE,
    dry_run: bool = False,
) -> InitResult:
    """Add what the plugin in `directory` lacks; every file that is there stays as it is.

    Its go.mod and its source decide about profile and ABI where nobody asked for others.

    Raises:
        InvalidInput: `no-project` where there is no Go plugin; what hgw.yaml or config.yaml are wrong in.
        UsageError, ToolError: as for `init`.
    """
    project = open_project(directory)
    go_mod = read_go_mod(project.go_mod)
    template = template_for_existing()
    answers = answers_for(
        session,
        directory=directory,
        template=template,
        wishes=_completed(session, wishes, project=project, go_mod=go_mod),
        lang=lang,
    )
    wanted, warnings = extras_for(session, answers, additions)
    extras = Extras(layers=wanted.layers, tags=wanted.tags, goroot=wanted.goroot, known_config=_known_config(directory))
    plan = make_plan(directory, render_project(template, answers, extras=extras), keep=True)
    result = carry_out(
        session, plan, template=template, answers=answers, git=additions.git, dry_run=dry_run, warnings=warnings
    )
    # What the template says next is about the hgw.yaml that it makes.
    return replace(result, next_step="") if project.own is not None else result


def _completed(session: Session, wishes: Wishes, *, project: Project, go_mod: GoMod) -> Wishes:
    """`wishes`, and where they leave it open what the plugin itself says."""
    choices = choose(
        project,
        given=Given(profile=wishes.profile, abi=wishes.abi),
        variables=session.variables,
        go_mod=go_mod,
    )
    abi = choices.abi.value
    if choices.abi.source.kind is SourceKind.DEFAULT and _holds_headers(project.directory):
        abi = Abi.V0_2_100
    named = re.sub(r"/v\d+$", "", go_mod.module or "").rpartition("/")[2]
    name = (project.own.name if project.own else None) or name_from(named) or None
    return Wishes(
        name=wishes.name or name,
        module=wishes.module or go_mod.module,
        profile=choices.profile.value,
        abi=abi,
        gateway=wishes.gateway,
        variables=wishes.variables,
    )


def _holds_headers(directory: Path) -> bool:
    """Whether the plugin uses the value that only ABI 0.2.100 has."""
    files = [path for path in sorted(directory.glob("*.go")) if not path.name.endswith("_test.go")]
    return bool(find_uses([parse(path, path.read_bytes()) for path in files]).stop_iteration)


def _known_config(directory: Path) -> Mapping[str, Any]:
    """The plugin's configuration: that of its config.yaml, else the first that a gateway file gives it."""
    config = directory / CONFIG_FILE
    if config.is_file():
        return read_plugin_config(config).values
    return next((written.values for written in find_written(directory) if written.problem is None), {})
