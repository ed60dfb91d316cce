"""The settings of a local gateway, and the plugin configuration that they name."""

from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput, UsageError
from higress_cli.gateway.settings import choose, load_config
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolution import settings_of
from higress_cli.settings.project import BIND, CONFIG, ENV, SERVICES
from tests.support.sessions import bare_session


def chosen(root: Path, **session):
    return choose(settings_of(open_project(root, needs_source=False), bare_session(**session)))


def test_without_a_word_it_is_the_guide(tree):
    settings = chosen(tree({}))
    assert (settings.engine.value, settings.bind.value, settings.port.value) == ("auto", "127.0.0.1", 10000)
    assert (settings.upstream.value, settings.upstream_port.value) == ("httpbin", 12345)
    assert (settings.env.value, settings.buffer_limit.value) == ({}, 32768)


def test_services_and_variables_that_are_typed_are_added_to_those_of_the_file(tree):
    root = tree({"hgw.yaml": "run: {services: {'a.dns:80': 'h:1', 'b.dns:80': 'h:9'}, env: {A: x, B: y}}\n"})
    settings = chosen(root, given={SERVICES: ["b.dns:80=h:2"], ENV: ["B=a,b"]})
    assert settings.services.value == {"a.dns:80": "h:1", "b.dns:80": "h:2"}
    assert settings.env.value == {"A": "x", "B": "a,b"}


def test_services_may_be_in_a_variable(tree):
    settings = chosen(tree({}), variables={"HGW_SERVICES": "a.dns:80=h:1, b.dns:80=h:2"})
    assert settings.services.value == {"a.dns:80": "h:1", "b.dns:80": "h:2"}
    assert str(settings.services.source) == "HGW_SERVICES"


def test_localhost_is_an_address_too(tree):
    assert chosen(tree({"hgw.yaml": "run: {bind: localhost}\n"})).bind.value == "127.0.0.1"


def test_an_address_that_is_none_is_wrong_usage_where_it_was_typed(tree):
    root = tree({})
    with pytest.raises(UsageError):
        chosen(root, given={BIND: "x"})


def test_a_plugin_may_have_no_configuration_but_a_file_that_was_named_must_be_there(tree):
    root = tree({"hgw.yaml": "run: {config: config.yaml}\n"})
    here = Project(directory=root)
    assert load_config(here, chosen(root).config) is None
    with pytest.raises(InvalidInput):
        load_config(here, chosen(root, given={CONFIG: "config.yaml"}).config)
    with pytest.raises(InvalidInput):
        load_config(here, chosen(root, variables={"HGW_CONFIG": "x.yaml"}).config)
