"""The layout of a command's help."""

import pytest

from higress_cli import i18n
from higress_cli.cli.help_page import Page, render


@pytest.mark.parametrize(
    ("language", "width", "lines"),
    [
        ("en", 80, ["Usage: hgw inspect [OPTIONS] FILE|URL|oci://IMAGE|-"]),
        ("en", 50, ["Usage: hgw inspect [OPTIONS]", "       FILE|URL|oci://IMAGE|-"]),
        ("zh", 40, ["用法：hgw inspect [OPTIONS]", "      FILE|URL|oci://IMAGE|-"]),
    ],
)
def test_a_usage_that_is_too_long_goes_on_below_the_command(language, width, lines):
    i18n.activate(language)
    page = Page(usage="hgw inspect [OPTIONS] FILE|URL|oci://IMAGE|-", text="", sections={}, examples=())

    assert render(page, width=width).splitlines() == lines
