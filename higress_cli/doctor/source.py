"""The check of the plugin's own Go source: the faults that `go/` finds in the files that a build compiles."""

from dataclasses import replace
from typing import TYPE_CHECKING

from higress_cli.doctor.model import Finding, Status, from_fault, skip
from higress_cli.doctor.plugin_files import no_project
from higress_cli.go.source import source_faults
from higress_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts
    from higress_cli.fault import Fault


def check_source(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    if not project.has_source:
        return skip(_("no Go source here"))
    toolset, _problem = facts.toolset()
    if toolset is None:
        return skip(_("judged once the tools of the build are there"))
    if any(step.listing.problem for step in facts.steps()):
        return skip(_("judged once Go can read go.mod"))
    source = facts.source()
    found: dict[str, Fault] = {}
    for abi, files in source.items():
        found.update((fault.text, fault) for fault in source_faults(files, profile=facts.profile(), abi=abi))
    if not found:
        count = len({file.path for files in source.values() for file in files})
        return Finding(status=Status.OK, found=ngettext("{count} file", "{count} files", count).format(count=count))
    worst, *others = sorted(found.values(), key=lambda fault: not fault.fatal)
    return replace(from_fault(worst), why="; ".join(fault.text for fault in others) or None)
