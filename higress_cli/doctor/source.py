"""The check of the plugin's own Go source: whether it can be parsed, and the faults that `go/` finds in it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from higress_cli.compile.gofmt import parser_errors
from higress_cli.doctor.model import Finding, Status, combined, from_fault, skip
from higress_cli.doctor.plugin_files import no_project
from higress_cli.go.source import source_faults
from higress_cli.go.validity import guessed_faults, parser_faults
from higress_cli.i18n import _, ngettext

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts
    from higress_cli.fault import Fault


def check_source(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    if not any(project.directory.glob("*.go")):
        return skip(_("no Go source here"))
    invalid = syntax_faults(facts)
    if invalid:
        return combined([from_fault(fault) for fault in invalid])
    obstacle = _obstacle(facts, has_go_mod=project.has_source)
    return judge_source(facts) if obstacle is None else skip(obstacle)


def syntax_faults(facts: "Facts") -> Sequence["Fault"]:
    """The files that cannot be parsed: as Go's own parser says, or without Go as hgw sees it."""
    files = facts.parsed()
    toolset, _problem = facts.toolset()
    if toolset is not None:
        said = parser_errors(
            [file.path for file in files],
            directory=facts.session.directory,
            variables=toolset.environment(facts.session.variables),
        )
        if said is not None:
            return parser_faults(said)
    return guessed_faults(files)


def judge_source(facts: "Facts") -> Finding:
    """Judge the files that a build compiles, each ABI by its rules."""
    source = facts.source()
    found: dict[str, Fault] = {}
    for abi, files in source.items():
        found.update((fault.text, fault) for fault in source_faults(files, profile=facts.profile(), abi=abi))
    if not found:
        count = len({file.path for files in source.values() for file in files})
        return Finding(status=Status.OK, found=ngettext("{count} file", "{count} files", count).format(count=count))
    return combined([from_fault(fault) for fault in found.values()])


def _obstacle(facts: "Facts", *, has_go_mod: bool) -> str | None:
    """Why it is not known which files a build compiles; None if it is."""
    if not has_go_mod:
        return _("judged once there is a go.mod")
    toolset, _problem = facts.toolset()
    if toolset is None:
        return _("judged once the tools of the build are there")
    if any(step.listing.problem for step in facts.steps()):
        return _("judged once Go can read go.mod")
    return None
