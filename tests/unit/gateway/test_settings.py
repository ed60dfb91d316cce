from pathlib import Path
from typing import Any

import pytest

from higress_cli.errors import InvalidInput, UsageError
from higress_cli.gateway.settings import Given, choose, load_config
from higress_cli.project.project import Project
from higress_cli.project.settings import Settings


def project(**own: Any) -> Project:
    return Project(
        directory=Path("/p"),
        own=Settings(file=Path("/p/hgw.yaml"), **own) if own else None,
        inherited=Settings(file=Path("/hgw.yaml"), port=1, upstream_port=2, services={"up.dns:80": "h:1"}),
    )


def test_each_level_wins_over_the_next_and_is_named():
    variables = {"HGW_PORT": "30", "HGW_BIND": "0.0.0.0", "HGW_ADMIN_PORT": "31"}
    settings = choose(project(port=20, bind="127.0.0.2", config="c.yaml"), given=Given(port=40), variables=variables)
    assert (settings.port.value, str(settings.port.source)) == (40, "--port")
    assert (settings.admin_port.value, str(settings.admin_port.source)) == (31, "HGW_ADMIN_PORT")
    assert (settings.bind.value, str(settings.bind.source)) == ("0.0.0.0", "HGW_BIND")
    assert (settings.config.value, str(settings.config.source)) == ("c.yaml", "/p/hgw.yaml")
    assert (settings.upstream_port.value, str(settings.upstream_port.source)) == (2, "/hgw.yaml")
    assert (settings.upstream.value, str(settings.upstream.source)) == ("httpbin", "default")


def test_services_that_are_typed_are_added_to_those_of_the_file():
    typed = Given(services=("b.dns:80=h:2",))
    settings = choose(project(services={"a.dns:80": "h:1", "b.dns:80": "h:9"}), given=typed, variables={})
    assert settings.services.value == {"a.dns:80": "h:1", "b.dns:80": "h:2"}


def test_services_may_be_in_a_variable():
    settings = choose(project(), given=Given(), variables={"HGW_SERVICES": "a.dns:80=h:1, b.dns:80=h:2"})
    assert settings.services.value == {"a.dns:80": "h:1", "b.dns:80": "h:2"}
    assert str(settings.services.source) == "HGW_SERVICES"


def test_localhost_is_an_address_too():
    assert choose(project(bind="localhost"), given=Given(), variables={}).bind.value == "127.0.0.1"


@pytest.mark.parametrize(("given", "own", "kind"), [("x", "127.0.0.1", UsageError), (None, "x", InvalidInput)])
def test_an_address_that_is_none_is_wrong_usage_or_invalid_input(given, own, kind):
    with pytest.raises(kind):
        choose(project(bind=own), given=Given(bind=given), variables={})


def test_a_plugin_may_have_no_configuration_but_a_file_that_was_named_must_be_there(tmp_path):
    here = Project(directory=tmp_path, own=Settings(file=tmp_path / "hgw.yaml", config="config.yaml"))
    assert load_config(here, choose(here, given=Given(), variables={}).config) is None
    with pytest.raises(InvalidInput):
        load_config(here, choose(here, given=Given(config="config.yaml"), variables={}).config)
    with pytest.raises(InvalidInput):
        load_config(here, choose(here, given=Given(), variables={"HGW_CONFIG": "x.yaml"}).config)
