"""The output of `hgw help hgw.yaml`."""

from typing import Final

from higress_cli.cli import blocks
from higress_cli.cli.ui import Ui
from higress_cli.commands.help_file import FileReferenceResult
from higress_cli.i18n import _, chained, joined
from higress_cli.project.reference import KeyEntry

EXAMPLE: Final = """\
verify:
  - name: no token, no way in
    config: {secret: s3cret}
    request: {method: POST, path: /orders}
    expect:
      status: 401
      headers:
        www-authenticate: {contains: Bearer}
        x-user: null
      body: {json: {error: missing token}}
      upstream: absent
  - name: a service checks the token
    services:
      "auth.dns:80": {body: '{"user": "li"}'}
      "redis.dns:6379": {redis: embedded}
    request: {headers: {authorization: abc}}
    expect:
      upstream: {headers: {x-user: li}}
      calls:
        - service: "auth.dns:80"
          path: {matches: "^/check"}
          times: 1
      log: {level: info, contains: accepted}
"""
"""Two scenarios with the keys that most plugins need."""


def show_reference(result: FileReferenceResult, ui: Ui) -> None:
    """Show each key with how its value is written, what it means and its default."""
    if result.topic == "hgw.yaml":
        blocks.paragraph(
            ui,
            _(
                "Every key of hgw.yaml may be left out. After the key: how its value is written (`[x, ...]` is a list, "
                "`{NAME: x}` a mapping, `<matcher>` is explained below). `hgw help settings` says what holds now, and "
                "which option or variable wins."
            ),
            indent=0,
        )
    sections = [entry.key.split(".")[0].removesuffix("[]") for entry in result.keys]
    for index, entry in enumerate(result.keys):
        if sections[index] != (sections[index - 1] if index else None) and (index or result.topic == "hgw.yaml"):
            ui.line()
        _show_entry(entry, ui)
    ui.line()
    if result.topic in {"hgw.yaml", "hgw.yaml verify"}:
        blocks.paragraph(ui, _("Two scenarios as an example; `null` means that something is not there:"), indent=0)
        for line in EXAMPLE.splitlines():
            ui.line(f"  {line}")
        ui.line()
    blocks.paragraph(
        ui,
        _(
            "`hgw help hgw.yaml --json-schema` prints a JSON Schema with which editors complete and check the file; "
            "`hgw init` puts it into the project."
        ),
        indent=0,
    )


def _show_entry(entry: KeyEntry, ui: Ui) -> None:
    blocks.paragraph(ui, joined((entry.key, entry.form)), indent=0, hanging=8, style="good")
    notes = [] if entry.default is None else [_("default: {value}").format(value=entry.default)]
    if entry.required:
        notes.append(_("required"))
    if entry.help:
        blocks.paragraph(ui, entry.help, indent=4)
    if notes:
        blocks.paragraph(ui, chained(notes), indent=4, style="faint")
