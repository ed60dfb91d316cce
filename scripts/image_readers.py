"""Print what each reader of plugin images makes of each form of image, and whether hgw says the same.

    python -m scripts.image_readers

The readers are those of tests/support/image_readers.py, and read from a registry on this machine. containerd, which
mounts image volumes, needs root; its column is left out for anybody else.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from higress_cli.commands.image_module import look_at_image
from higress_cli.oci.readers import Reader
from higress_cli.session import Session
from higress_cli.system.paths import find_dirs
from tests.e2e.debian import unpacked
from tests.e2e.docker_daemon import PACKAGES
from tests.support.image_readers import containerd, gateway_takes, plugin_server_takes, publish
from tests.support.images import SHAPES
from tests.support.real_registries import Place, Programs, plain_registry, provide
from tests.support.sessions import bare_session

_COLUMNS: Final = "{:<22} {:<24} {:<24} {}"
_WORDS: Final = {True: "takes it", False: "refuses it"}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="hgw-readers-") as name:
        folder, programs = Path(name), provide(dict(os.environ))
        session = replace(bare_session(), dirs=find_dirs(str(folder / "hgw")))
        with plain_registry(programs, folder) as place:
            for form, (shape, _expected) in SHAPES.items():
                publish(place, form, shape)
            theirs, ours = _readers(programs, place), _hgw(session, place)
    print(_COLUMNS.format("form", *(reader.value for reader in Reader)))
    for form in SHAPES:
        cells = [_cell(theirs=theirs[reader].get(form), ours=ours[reader][form]) for reader in Reader]
        print(_COLUMNS.format(form, *cells))
    judged = [(reader, form) for reader in Reader for form in theirs[reader]]
    wrong = [(reader, form) for reader, form in judged if theirs[reader][form] != ours[reader][form]]
    print(f"{len(SHAPES)} forms, {len(judged)} verdicts of readers, {len(wrong)} of them differ from hgw's")
    return 1 if wrong else 0


def _cell(*, theirs: bool | None, ours: bool) -> str:
    if theirs is None:
        return f"(hgw: {_WORDS[ours]})"
    return _WORDS[theirs] if theirs == ours else f"{_WORDS[theirs]}, hgw: {_WORDS[ours]}"


def _readers(programs: Programs, place: Place) -> Mapping[Reader, Mapping[str, bool]]:
    """What the readers' own programs do."""
    images = {form: f"{place.host}/{form}:1" for form in SHAPES}
    by_image = gateway_takes(programs, place, list(images.values()))
    mounted: dict[str, bool] = {}
    with contextlib.ExitStack() as stack:
        if sys.platform == "linux" and os.geteuid() == 0:
            running = stack.enter_context(containerd(unpacked("e2e-docker", *PACKAGES)))
            mounted = {form: running.takes(image) for form, image in images.items()}
    return {
        Reader.GATEWAY: {form: by_image[image] for form, image in images.items()},
        Reader.PLUGIN_SERVER: {form: plugin_server_takes(programs, place, image) for form, image in images.items()},
        Reader.IMAGE_VOLUME: mounted,
    }


def _hgw(session: Session, place: Place) -> Mapping[Reader, Mapping[str, bool]]:
    """What hgw says of the images in the registry."""
    found: dict[Reader, dict[str, bool]] = {reader: {} for reader in Reader}
    for form in SHAPES:
        for verdict in look_at_image(session, f"oci://{place.host}/{form}:1").judged.verdicts:
            found[verdict.reader][form] = verdict.accepted
    return found


if __name__ == "__main__":
    sys.exit(main())
