"""The checks of a plugin's folder: hgw.yaml, the plugin's configuration and the module."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from higress_cli.abi import Abi
from higress_cli.compile.choices import Choices
from higress_cli.compile.target import target_faults
from higress_cli.doctor.model import Finding, Fix, FixAction, Status, combined, from_fault, skip
from higress_cli.doctor.observations import ModuleFile
from higress_cli.fault import Fault
from higress_cli.i18n import _, listed
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.project.project import DEEPEST_LOOK, Project, larger_module, plugins_below
from higress_cli.project.settings import FILE_NAME
from higress_cli.scaffold.names import object_name_fault
from higress_cli.size import size

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts

_OTHER_ABI = "abi-mismatch"
# Faults that building the same source again would not fix.
_SOURCE_FAULTS = frozenset({"import-missing", "import-unknown", "abi-too-new", "size-over-budget", "gateway-unknown"})


def no_project(facts: "Facts") -> Finding:
    """The finding of a plugin's check in a folder without a plugin."""
    return skip(_("no plugin in {path}").format(path=facts.session.directory))


def check_project(facts: "Facts") -> Finding:
    project = facts.project()
    if project is None:
        return no_project(facts)
    choices = facts.choices()
    return judge_project(project, choices=choices, faults=target_faults(choices))


def check_config(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    config, path = facts.config(project)
    if config is None:
        return skip(_("no {name}: the plugin gets no configuration").format(name=path.name))
    return judge_config(config)


def check_module(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    return judge_module(facts.module(project), abi=facts.abi())


def judge_project(project: Project, *, choices: Choices, faults: Sequence[Fault] = ()) -> Finding:
    """Judge settings that could be read: report which apply, how they contradict each other, or an unfit name."""
    settled, unfit = _settled(project, choices=choices, faults=faults), object_name_fault(choices.name)
    if unfit is None:
        return settled
    named = replace(from_fault(unfit), detail=settled.detail)
    return combined((settled, named)) if settled.status is Status.FAIL else named


def judge_config(config: PluginConfig) -> Finding:
    """Report the keys of a plugin configuration that could be read; which ones are valid only the plugin knows."""
    keys = listed(str(key) for key in config.values)
    found = _("readable; keys (hgw does not check them): {keys}").format(keys=keys) if keys else _("empty")
    return Finding(status=Status.OK, found=found, note=Path(config.source).name, detail=(config.source,))


def judge_module(module: ModuleFile, *, abi: Abi) -> Finding:
    """Judge the module on disk; `abi` is the one that the project is built for (0.2.1, 0.2.100 or all).

    A folder in its place comes from a container engine, which creates one when it is to mount a missing file.
    """
    if not module.exists:
        return skip(_("not built yet; `hgw build` makes {name}").format(name=module.path.name))
    if module.entries is not None:
        empty = module.entries == 0
        return Finding(
            status=Status.FAIL,
            code="out-file-is-folder",
            found=_("{name} is a folder").format(name=module.path.name),
            expected=_("a file"),
            why=_("a container was started before the module was built, and mounting it made a folder of its name"),
            fix=Fix(
                summary=_("remove the folder, then build")
                if empty
                else _("move what is in the folder elsewhere and remove it, then build"),
                commands=("hgw doctor module --fix", "hgw build") if empty else ("hgw build",),
                safe=empty,
                action=FixAction.REMOVE_EMPTY_FOLDER if empty else None,
                target=module.path,
            ),
        )
    if module.fault is not None:
        return _fault_finding(module, module.fault, abi=abi)
    return Finding(
        status=Status.OK,
        found=f"ABI {module.abi}",
        note=_("{size}; the next build rebuilds it: {reason}").format(size=size(module.bytes), reason=module.stale)
        if module.stale
        else size(module.bytes),
        detail=(str(module.path),),
    )


def _settled(project: Project, *, choices: Choices, faults: Sequence[Fault]) -> Finding:
    settings = [str(item.file) for item in (project.own, project.inherited) if item is not None]
    has_go_mod, has_go = project.go_mod.is_file(), any(project.directory.glob("*.go"))
    if not has_go_mod and not has_go:
        return skip(_("no Go source here: a module from elsewhere can be run and verified, but not built"))
    if not has_go_mod or not has_go:
        return _half_a_project(project.directory, has_go=has_go, detail=tuple(settings))
    if faults:
        return from_fault(faults[0])
    return Finding(
        status=Status.OK,
        found=choices.name.value,
        note=_("profile {profile}, from {source}").format(
            profile=choices.profile.value, source=_shortened(str(choices.profile.source), project)
        ),
        detail=tuple(settings) or (_("no {file}: the defaults hold").format(file=FILE_NAME),),
    )


def _half_a_project(directory: Path, *, has_go: bool, detail: tuple[str, ...]) -> Finding:
    """The finding of a folder that has a go.mod without Go files (`has_go` false), or the other way round."""
    above = larger_module(directory) if has_go else None
    found = _("no go.mod") if has_go else _("no Go file of package main in the folder")
    if above is not None:
        found = _("a package of the Go module in {path}, and no plugin").format(path=above.parent)
    return Finding(
        status=Status.FAIL,
        code="no-project",
        found=found,
        expected=_("a Go package with its go.mod"),
        why=_("`hgw build` has nothing to compile here"),
        fix=_fix_of_half(directory, top=above.parent if above else directory, lacks_go_mod=has_go and above is None),
        detail=detail,
    )


def _fix_of_half(directory: Path, *, top: Path, lacks_go_mod: bool) -> Fix:
    """What to do in such a folder: add what is missing, or look at the plugins of the Go module in `top`."""
    if lacks_go_mod:
        return Fix(
            summary=_("hgw adds go.mod, go.sum and the other files that are missing; Go source stays as it is"),
            commands=("hgw init --from-existing",),
        )
    plugins = plugins_below(top, deepest=DEEPEST_LOOK)
    if plugins:
        folder = Path(os.path.relpath(plugins[0], directory)).as_posix()
        return Fix(
            summary=_("the plugins of this Go module: {names}").format(
                names=listed(plugin.relative_to(top).as_posix() for plugin in plugins)
            ),
            commands=(f"hgw -C {shlex.quote(folder)} doctor",),
        )
    return Fix(summary=_("hgw creates a plugin here"), commands=("hgw init .",))


def _shortened(source: str, project: Project) -> str:
    """The source of a choice; for a file in the project's folder, its name only."""
    path = Path(source)
    return path.name if path.parent == project.directory else source


def _fault_finding(module: ModuleFile, fault: Fault, *, abi: Abi) -> Finding:
    if fault.id in _SOURCE_FAULTS:
        fix, expected = Fix(summary=fault.hint) if fault.hint else None, fault.expected
    else:
        fix, expected = Fix(summary=_("build it"), commands=("hgw build",), safe=True), f"ABI {abi}"
    return Finding(
        status=Status.FAIL if fault.fatal and fault.id != _OTHER_ABI else Status.WARN,
        code=fault.id,
        found=fault.message,
        expected=expected,
        fix=fix,
        detail=(str(module.path),),
    )
