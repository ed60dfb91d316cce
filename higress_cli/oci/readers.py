"""What the readers of plugin images would make of one: pure rules, each from the reader's own code.

The gateway's agent: higress-group/istio (branch istio-1.19), pkg/wasm/imagefetcher.go, cache.go; it resolves indexes as
go-containerregistry does (pkg/v1/remote/descriptor.go). The plugin server: higress-group/plugin-server, pull_plugins.py
(56f04e9, 2026-08). Kubernetes' image volumes: containerd mounts what it can unpack (containerd issues 11907, 11381).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from higress_cli.i18n import _, listed
from higress_cli.oci.formats import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    GZIPPED_TARS,
    OCI_CONFIG,
    OCI_LAYER,
    RAW_MODULE,
    Descriptor,
)
from higress_cli.oci.image import MODULE_NAME
from higress_cli.oci.layer import Layer, LayerProblem, ModuleFile
from higress_cli.oci.manifest import Index, Manifest

PLATFORM: Final = "linux/amd64"
"""What every reader takes from an index, on every machine."""
_MAGIC: Final = b"\0asm"
_RAW_IMAGE_LAYERS: Final = 2
_TARS: Final = ("application/vnd.oci.image.layer.v1.tar", DOCKER_LAYER)


class Reader(StrEnum):
    """Who reads plugin images."""

    GATEWAY = "gateway"
    """The agent in the gateway, for a url with oci:// or without a scheme."""
    PLUGIN_SERVER = "plugin-server"
    IMAGE_VOLUME = "image-volume"
    """Kubernetes, for a url with file:// that is in a mounted image."""


def reader_name(reader: Reader) -> str:
    """What people call a reader."""
    return {
        Reader.GATEWAY: _("the gateway"),
        Reader.PLUGIN_SERVER: _("the plugin server"),
        Reader.IMAGE_VOLUME: _("an image volume of Kubernetes"),
    }[reader]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one reader would do."""

    reader: Reader
    """Who reads."""
    accepted: bool
    """Whether it takes the image."""
    reason: str | None
    """Why it does not, in the language of the user; null if it does."""
    says: str | None = None
    """The words by which its own log says so; null where they are not known."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """An image as a registry has it, with its layers read. `diff_ids` is None where the configuration has none."""

    manifest: Manifest
    layers: tuple[Layer, ...]
    index: Index | None = None
    diff_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Refusal:
    reason: str
    says: str | None = None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdicts, and the module that the gateway takes: None if it takes none."""

    verdicts: tuple[Verdict, ...]
    module: ModuleFile | None = field(repr=False)


def entry_for_gateway(index: Index) -> Descriptor | None:
    """The image of an index that readers take; an entry without a platform counts as linux/amd64."""
    return next((entry for entry in index.entries if (entry.platform or PLATFORM) == PLATFORM), None)


def judge(image: Published) -> Judged:
    """What each reader makes of an image."""
    module = _gateway(image.manifest, image.layers)
    found = {
        Reader.GATEWAY: None if isinstance(module, ModuleFile) else module,
        Reader.PLUGIN_SERVER: _plugin_server(image),
        Reader.IMAGE_VOLUME: _image_volume(image),
    }
    return Judged(verdicts=_verdicts(found), module=module if isinstance(module, ModuleFile) else None)


def judge_index_alone(index: Index) -> Judged:
    """What each reader makes of an index in which nothing is for linux/amd64."""
    platforms = listed(dict.fromkeys(entry.platform or "?" for entry in index.entries)) or _("nothing")
    reason = _("its index holds {platforms}, and nothing for {wanted}").format(platforms=platforms, wanted=PLATFORM)
    found = {
        Reader.GATEWAY: _Refusal(reason, f"no child with platform {PLATFORM} in index"),
        Reader.PLUGIN_SERVER: _of_index(),
        Reader.IMAGE_VOLUME: _Refusal(reason),
    }
    return Judged(verdicts=_verdicts(found), module=None)


def _verdicts(found: Mapping[Reader, _Refusal | None]) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(
            reader=reader,
            accepted=refusal is None,
            reason=refusal.reason if refusal else None,
            says=refusal.says if refusal else None,
        )
        for reader, refusal in found.items()
    )


def _gateway(manifest: Manifest, layers: tuple[Layer, ...]) -> ModuleFile | _Refusal:
    if manifest.declared == DOCKER_MANIFEST:
        return _valid(_in_last_layer(layers, DOCKER_LAYER))
    compatible = _in_last_layer(layers, OCI_LAYER)
    if isinstance(compatible, ModuleFile):
        return _valid(compatible)
    raw = _raw_module(layers)
    return _valid(raw) if isinstance(raw, ModuleFile) else _more_telling(compatible, raw, layers)


def _more_telling(compatible: _Refusal, raw: _Refusal, layers: tuple[Layer, ...]) -> _Refusal:
    """Of the two reasons, the one about what the image is meant to be."""
    return raw if any(layer.descriptor.media_type == RAW_MODULE for layer in layers) else compatible


def _valid(module: ModuleFile | _Refusal) -> ModuleFile | _Refusal:
    if isinstance(module, ModuleFile) and not module.content.startswith(_MAGIC):
        return _Refusal(_("its {name} is not a WebAssembly module").format(name=MODULE_NAME), "Wasm binary is invalid")
    return module


def _in_last_layer(layers: tuple[Layer, ...], wanted: str) -> ModuleFile | _Refusal:
    if not layers:
        return _Refusal(_("it has no layer"), "number of layers must be greater than zero")
    last = layers[-1]
    if last.descriptor.media_type != wanted:
        return _Refusal(
            _("its last layer is {found}, and {wanted} is wanted").format(
                found=last.descriptor.media_type, wanted=wanted
            ),
            f"invalid media type {last.descriptor.media_type} (expect {wanted})",
        )
    module = next((file for file in last.modules if file.base == MODULE_NAME), None)
    if module is not None:
        return module
    if last.problem is not None:
        return _unreadable(last.problem)
    others = listed(file.name for file in last.modules)
    earlier = any(file.base == MODULE_NAME for layer in layers[:-1] for file in layer.modules)
    if earlier:
        reason = _("{name} is in an earlier layer, and only the last one is read").format(name=MODULE_NAME)
    elif others:
        reason = _("its last layer holds {found}, and {name} is wanted").format(found=others, name=MODULE_NAME)
    else:
        reason = _("there is no {name} in its last layer").format(name=MODULE_NAME)
    return _Refusal(reason, f"{MODULE_NAME} not found in the archive")


def _unreadable(problem: LayerProblem) -> _Refusal:
    match problem:
        case LayerProblem.NOT_GZIP:
            return _Refusal(_("its layer is not compressed with gzip, or is damaged"), "gzip: invalid header")
        case LayerProblem.NOT_TAR:
            return _Refusal(_("its layer is not a tar archive"), "failed to parse layer as tar.gz")
    return _Refusal(_("its layer unpacks to more than 256 MiB"))


def _raw_module(layers: tuple[Layer, ...]) -> ModuleFile | _Refusal:
    if len(layers) != _RAW_IMAGE_LAYERS:
        return _Refusal(
            _("it has {count} layers; with the module itself as a layer there have to be 2").format(count=len(layers)),
            f"number of layers must be 2 but got {len(layers)}",
        )
    raw = next((layer for layer in layers if layer.descriptor.media_type == RAW_MODULE), None)
    if raw is None:
        return _Refusal(
            _("it has no layer {wanted}").format(wanted=RAW_MODULE), f"could not find the layer of type {RAW_MODULE}"
        )
    return raw.modules[0] if raw.modules else _unreadable(raw.problem or LayerProblem.TOO_LARGE)


def _of_index() -> _Refusal:
    return _Refusal(
        _("it is an index, and the plugin server wants a single manifest"),
        "OCI layout manifest digest does not equal snapshot digest",
    )


def _plugin_server(image: Published) -> _Refusal | None:
    if image.index is not None:
        return _of_index()
    wanted = [layer for layer in image.layers if layer.descriptor.media_type in GZIPPED_TARS | {RAW_MODULE}]
    if len(wanted) != 1:
        return _Refusal(
            _("it has {count} layers that can hold a module, and 1 is wanted").format(count=len(wanted)),
            "OCI manifest must contain exactly one supported Wasm layer",
        )
    [layer] = wanted
    if layer.problem is not None:
        return _unreadable(layer.problem)
    if len(layer.modules) != 1:
        return _Refusal(
            _("its layer holds {count} .wasm files, and 1 is wanted").format(count=len(layer.modules)),
            "OCI tar layer must contain exactly one Wasm file",
        )
    if not layer.modules[0].content.startswith(_MAGIC):
        return _Refusal(
            _("its {name} is not a WebAssembly module").format(name=layer.modules[0].base or MODULE_NAME),
            "extracted artifact is not a Wasm module",
        )
    return None


def _image_volume(image: Published) -> _Refusal | None:
    kind = image.manifest.config.media_type
    if kind not in {OCI_CONFIG, DOCKER_CONFIG}:
        return _Refusal(_("its configuration is {found}, so it is not an image that can be run").format(found=kind))
    foreign = [item.media_type for item in image.manifest.layers if not item.media_type.startswith(_TARS)]
    if foreign:
        return _Refusal(_("its layer {found} is not a file system").format(found=foreign[0]))
    if image.diff_ids is None or len(image.diff_ids) != len(image.layers):
        return _Refusal(_("its configuration does not list its layers (diff_ids)"))
    return next(_mount_faults(image.layers, image.diff_ids), None)


def _mount_faults(layers: tuple[Layer, ...], diff_ids: tuple[str, ...]) -> Iterator[_Refusal]:
    for layer, wanted in zip(layers, diff_ids, strict=True):
        if layer.problem is not None:
            yield _unreadable(layer.problem)
        elif layer.diff_id not in {None, wanted}:
            yield _Refusal(_("its configuration lists other layers than it has (diff_ids)"))
    readable = all(layer.diff_id is not None for layer in layers)
    if readable and not any(layer.modules for layer in layers):
        yield _Refusal(_("there is no .wasm file in it"))
