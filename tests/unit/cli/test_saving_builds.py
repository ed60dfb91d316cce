"""The hints of `hgw build --watch`, which builds on each save."""

import pytest

from higress_cli import i18n
from higress_cli.cli.build_view import saving_builds
from higress_cli.i18n import _
from higress_cli.knowledge.catalogue import advice


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nobody_is_told_to_type_what_a_save_does(language: str) -> None:
    i18n.activate(language)
    try:
        for hint in (
            _("fix what the compiler names above, then: hgw build"),
            _("correct go.mod as the go command says above, then: hgw build"),
            _("correct the import or go.mod as the go command says above, then: hgw build"),
            advice("compile-failed", system="linux"),
        ):
            assert hint is not None
            assert hint.endswith("hgw build")
            assert "hgw build" not in (saving_builds(hint) or "")
        assert saving_builds("hgw build --tags purego") == "hgw build --tags purego"
    finally:
        i18n.activate("en")
