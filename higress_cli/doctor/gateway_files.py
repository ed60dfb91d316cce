"""Copies of the plugin's configuration in other files, such as an Envoy bootstrap or a WasmPlugin resource."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from higress_cli.doctor.gateway_yaml import find_written
from higress_cli.doctor.model import Finding, Fix, Status, combined, from_fault, skip
from higress_cli.doctor.plugin_files import no_project
from higress_cli.doctor.written_configuration import RULES, Written
from higress_cli.document import JsonObject
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _, chained, listed

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts

_MOST_DIFFERENCES: Final = 3


def check_gateway_files(facts: "Facts") -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return no_project(facts)
    written = find_written(project.directory, facts.plugin_names(project))
    try:
        config, path = facts.config(project)
    except InvalidInput:
        return skip(_("judged once the plugin configuration can be read"))
    return judge_written(written, values=config.values if config else None, config=path)


def judge_written(written: tuple[Written, ...], *, values: JsonObject | None, config: Path) -> Finding:
    """Whether each equals `values`, those of the plugin's configuration file `config`; None if it is not there."""
    others = tuple(
        _("{place}: for another plugin, {name}").format(place=item.place, name=item.owner)
        for item in written
        if item.owner is not None
    )
    own = [item for item in written if item.owner is None]
    wrong = [from_fault(fault) for item in own for fault in item.faults]
    compared = [item for item in own if item.values is not None]
    if values is not None:
        wrong += [finding for item in compared if (finding := _difference(item, values, config)) is not None]
    if wrong:
        return combined(wrong).with_detail(*others)
    if not compared and own:
        places = listed(item.place for item in own)
        return skip(_("nothing to compare: no `defaultConfig` in {places}").format(places=places)).with_detail(*others)
    if not compared:
        return skip(_("no other file configures the plugin")).with_detail(*others)
    if values is None:
        return skip(_("no {file} to compare them with").format(file=config.name)).with_detail(*others)
    return Finding(
        status=Status.OK,
        found=_("the same as {file}").format(file=config.name),
        detail=(*(item.place for item in compared), *others),
    )


def _difference(item: Written, values: JsonObject, config: Path) -> Finding | None:
    here = {**(item.values or {}), **({RULES: list(item.rules)} if item.rules and RULES in values else {})}
    if here == values:
        return None
    keys = [key for key in {**values, **here} if values.get(key, _ABSENT) != here.get(key, _ABSENT)]
    shown = [_key_difference(key, here, values).format(key=key, file=config.name) for key in keys[:_MOST_DIFFERENCES]]
    return Finding(
        status=Status.WARN,
        code="config-differs",
        found=_("{place}: {message}").format(
            place=item.place, message=chained(shown) + (" ..." if len(keys) > _MOST_DIFFERENCES else "")
        ),
        expected=_("the same as {file}").format(file=config.name),
        why=_("`hgw run` and `hgw verify` go by {file}; a gateway that is started otherwise does not").format(
            file=config.name
        ),
        fix=Fix(summary=_("make the two say the same, or add `doctor: {ignore: [config-differs]}` to hgw.yaml")),
    )


_ABSENT: Final = object()


def _key_difference(key: str, here: JsonObject, there: JsonObject) -> str:
    """How a key differs. Values may be secrets, so they are not shown."""
    if key not in there:
        return _("{key} is not in {file}")
    if key not in here:
        return _("{key} is only in {file}")
    return _("{key} is not as in {file}")
