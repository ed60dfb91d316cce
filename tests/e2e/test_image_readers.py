"""Every form that people publish plugins in, by the programs that read them in clusters, and by hgw."""

import os
import shutil
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.debian import unpacked
from tests.e2e.docker_daemon import PACKAGES
from tests.support.image_readers import Containerd, containerd, gateway_takes, plugin_server_takes, publish
from tests.support.images import SHAPES
from tests.support.real_registries import Place, Programs, plain_registry

pytestmark = pytest.mark.e2e

AS_JSON = ("--output", "json")


@pytest.fixture(scope="module")
def place(programs: Programs, tmp_path_factory) -> Iterator[Place]:
    """A registry that has each form under its name."""
    with plain_registry(programs, tmp_path_factory.mktemp("registry")) as place:
        for name, (shape, _expected) in SHAPES.items():
            publish(place, name, shape)
        yield place


def expected(reader: int) -> dict[str, bool]:
    """A column of the table, by which hgw's verdicts are tested too (tests/unit/oci/test_readers.py)."""
    return {name: verdicts[reader] for name, (_shape, verdicts) in SHAPES.items()}


def test_the_gateways_own_library_takes_what_hgw_says(programs, place):
    images = {f"{place.host}/{name}:1": name for name in SHAPES}

    found = gateway_takes(programs, place, list(images))

    assert {images[image]: taken for image, taken in found.items()} == expected(0)


def test_the_plugin_server_takes_what_hgw_says(programs, place):
    found = {name: plugin_server_takes(programs, place, f"{place.host}/{name}:1") for name in SHAPES}

    assert found == expected(1)


@pytest.fixture(scope="module")
def mounts() -> Iterator[Containerd]:
    with containerd(unpacked("e2e-docker", *PACKAGES)) as running:
        yield running


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("apt-get") is None,
    reason="containerd of Debian's packages needs root",
)
def test_containerd_mounts_what_hgw_says(place, mounts):
    found = {name: mounts.takes(f"{place.host}/{name}:1") for name in SHAPES}

    assert found == expected(2)


@pytest.mark.parametrize("name", ["index", "raw-alone"])
def test_hgw_says_so_of_the_images_in_the_registry(programs, place, real_hgw, tmp_path, name):
    image = f"{place.host}/{name}:1"

    seen = real_hgw("inspect", f"oci://{image}", *AS_JSON, cwd=tmp_path, **place.variables)

    assert (seen.code == 0) == gateway_takes(programs, place, [image])[image]
