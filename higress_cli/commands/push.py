"""`hgw push`: put the image of a plugin into registries, and its address into a WasmPlugin resource."""

import difflib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from higress_cli.abi import Abi
from higress_cli.choice import Choice
from higress_cli.commands.plugin_image import ImageWishes, PluginImage, plugin_image
from higress_cli.commands.registries import Registries, given_credential, named_registry
from higress_cli.digest import ImageDigest, Sha256, hex_of
from higress_cli.errors import DownloadError, InvalidInput, UsageError
from higress_cli.i18n import _, listed
from higress_cli.oci.push import Pushed, Sent, Target, push
from higress_cli.oci.reference import LATEST, SCHEME, Reference, names_registry, parse_reference
from higress_cli.project.wasm_plugin import (
    RESOURCE_FILE,
    Resource,
    choose_resource,
    image_faults,
    resources_in,
    with_image,
)
from higress_cli.project.wasm_plugin_fields import field_faults
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.machine import REGISTRY
from higress_cli.system.fs import write_atomically
from higress_cli.system.os_errors import read_error, write_error
from higress_cli.system.user_file import MOST_BYTES, read_bytes

_DEFAULT_NAMESPACES: Final = frozenset({"", "default"})


@dataclass(frozen=True, kw_only=True)
class PushedTag:
    """A tag and the image that it has now."""

    url: str
    """As a WasmPlugin resource has it: `oci://HOST/NAME:TAG`."""
    existed: bool
    """Whether the tag had this very image before."""
    replaced: str | None
    """The digest of the image that the tag had before; null if it had none, or this one."""


@dataclass(frozen=True, kw_only=True)
class UpdatedFile:
    """A file whose WasmPlugin resource names the image."""

    path: Path
    """The file, absolute."""
    changed: bool
    """Whether its text differs from what it was."""
    difference: str
    """What changes in it, as a unified diff; empty if nothing does."""


@dataclass(frozen=True, kw_only=True)
class PushResult(Result):
    """An image that registries have now, or with --dry-run would have."""

    dry_run: bool
    """Whether nothing was pushed and nothing was written."""
    tags: tuple[PushedTag, ...]
    """Where the image is, in the order of the arguments."""
    digest: ImageDigest
    """The digest of the manifest, `sha256:HEX`."""
    sha256: Sha256
    """The same without its prefix, as `sha256` of a WasmPlugin resource wants it."""
    bytes: int
    """The size of all that a registry keeps of the image."""
    sent_blobs: int
    """How many blobs had to be sent."""
    sent_bytes: int
    """Their size."""
    name: Choice[str]
    """What the image is called."""
    version: Choice[str]
    """Its version."""
    abi: Abi | None
    """The ABI of the module; null if it declares none that a gateway knows."""
    module: Path
    """The module, absolute."""
    module_sha256: Sha256
    """The digest of the module."""
    updated: UpdatedFile | None
    """The file of --update; null without it."""
    seconds: float
    """How long the registries took."""


@dataclass(frozen=True, kw_only=True)
class PushWishes:
    """What was asked of a push; `update` is absolute."""

    update: Path | None = None
    dry_run: bool = False
    abi_suffix: bool = False


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """The new text of a file."""

    path: Path
    resource: Resource
    before: str
    after: str
    marked: bool


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What a push did. `logged_in` is about the first registry."""

    pushed: tuple[Pushed, ...] = ()
    sent: Sent = field(default_factory=Sent)
    logged_in: bool = False
    seconds: float = 0.0


def push_plugin(
    session: Session, *, directory: Path, references: Sequence[str], wishes: PushWishes, image: ImageWishes
) -> PushResult:
    """Push the image of the plugin in `directory` under each of `references`.

    Raises:
        UsageError: `reference-invalid`, `credentials-ambiguous`.
        InvalidInput: the file to update has no fitting resource.
        DownloadError, ConsentError: a registry does not take the image (see `oci.registry_errors`).
        HgwError: whatever `plugin_image` raises.
    """
    given = tuple(_target(text) for text in references)
    _refuse_shared_credential(session, given)
    made = plugin_image(session, directory, replace(image, tagged=all(reference.tag for reference in given)))
    wanted = tuple(_tagged(reference, made, abi_suffix=wishes.abi_suffix) for reference in given)
    digest = made.image.digest
    planned = _planned(wishes.update, made, wanted[0], sha256=hex_of(digest)) if wishes.update else None
    if session.offline and not wishes.dry_run:
        raise DownloadError(_("--offline forbids a push"), code="offline", hint="hgw package")
    outcome = _Outcome() if wishes.dry_run else _push(session, made, wanted)
    if planned is not None and not wishes.dry_run:
        _write(planned)
    warnings = (
        *made.warnings,
        *_tag_warnings(wanted, outcome.pushed, planned),
        *_resource_warnings(planned, logged_in=outcome.logged_in),
    )
    return PushResult(
        dry_run=wishes.dry_run,
        tags=tuple(_tag(reference, outcome.pushed) for reference in wanted),
        digest=digest,
        sha256=hex_of(digest),
        bytes=made.image.bytes,
        sent_blobs=outcome.sent.blobs,
        sent_bytes=outcome.sent.bytes,
        name=made.naming.name,
        version=made.naming.version,
        abi=made.abi,
        module=made.module,
        module_sha256=made.module_sha256,
        updated=_updated(planned) if planned else None,
        seconds=outcome.seconds,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _push(session: Session, made: PluginImage, references: Sequence[Reference]) -> _Outcome:
    started = time.monotonic()
    with (
        Registries(session, pushed_to=references[0].host) as registries,
        session.reporter.activity(_title(references)) as activity,
    ):
        pushed, sent = push(made.image, _targets(registries, references), activity=activity)
        return _Outcome(
            pushed=pushed,
            sent=sent,
            logged_in=registries.at(references[0].host).logged_in,
            seconds=round(time.monotonic() - started, 3),
        )


def _target(text: str) -> Reference:
    reference = parse_reference(text)
    if reference.digest is not None:
        raise UsageError(
            _("`{text}` has a digest, and what is pushed has its own").format(text=text),
            code="reference-invalid",
            hint=f"hgw push {replace(reference, digest=None)}",
            details={"reference": text},
        )
    named = text.removeprefix(SCHEME)
    if "/" not in named:
        is_registry = names_registry(named)
        raise UsageError(
            (_("`{text}` names no image") if is_registry else _("`{text}` names no registry")).format(text=text),
            code="reference-invalid",
            hint=f"hgw push {named}/my-plugin" if is_registry else f"hgw push registry.example.com/plugins/{named}",
            details={"reference": text},
        )
    return reference


def _tagged(reference: Reference, made: PluginImage, *, abi_suffix: bool) -> Reference:
    full = reference.tagged(made.naming.version.value)
    return replace(full, tag=f"{full.tag}-abi{made.abi}") if abi_suffix and made.abi else full


def _refuse_shared_credential(session: Session, references: Sequence[Reference]) -> None:
    """Check that it is clear which registry a password from the variables is for."""
    if named_registry(session) is not None:
        return
    given, hosts = given_credential(session), dict.fromkeys(reference.host for reference in references)
    if given is not None and len(hosts) > 1:
        raise UsageError(
            _("the credentials in {source} are for one registry, and these are several: {hosts}").format(
                source=given.source, hosts=listed(hosts)
            ),
            code="credentials-ambiguous",
            hint=_("name the one: export {variable}=HOST; log in to each other: docker login HOST").format(
                variable=REGISTRY.variable
            ),
            details={"hosts": list(hosts)},
        )


def _targets(registries: Registries, references: Sequence[Reference]) -> tuple[Target, ...]:
    """The repositories, each with all its tags."""
    grouped: dict[tuple[str, str], list[Reference]] = {}
    for reference in references:
        grouped.setdefault((reference.host, reference.repository), []).append(reference)
    return tuple(
        Target(registry=registries.at(host), references=tuple(dict.fromkeys(tags)))
        for (host, _repository), tags in grouped.items()
    )


def _title(references: Sequence[Reference]) -> str:
    return _("Pushing to {places}").format(places=listed(dict.fromkeys(map(str, references))))


def _tag(reference: Reference, pushed: Sequence[Pushed]) -> PushedTag:
    found = next((item for item in pushed if item.reference == reference), None)
    return PushedTag(
        url=reference.url,
        existed=found is not None and found.existed,
        replaced=found.replaced if found else None,
    )


def _planned(path: Path, made: PluginImage, reference: Reference, *, sha256: Sha256) -> _Planned:
    """The new text of the file to update.

    Raises:
        InvalidInput: `file-unreadable`, `yaml-invalid`, `wasmplugin-missing`, `wasmplugin-ambiguous`,
            `wasmplugin-not-editable`.
    """
    try:
        content = read_bytes(path, most_bytes=MOST_BYTES)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise read_error(path, error) from error
    names = (made.naming.name.value, reference.repository.rpartition("/")[2])
    try:
        resource = choose_resource(resources_in(path, text), path=path, names=names)
    except InvalidInput as error:
        beside = path.with_name(RESOURCE_FILE)
        if error.code == "wasmplugin-missing" and beside.is_file() and beside != path:
            error.again = ("--update", str(beside))
        raise
    after = with_image(text, resource, url=reference.url, sha256=sha256)
    updated = choose_resource(resources_in(path, after), path=path, names=names)
    marked = content.startswith(b"\xef\xbb\xbf")
    return _Planned(path=path, resource=updated, before=text, after=after, marked=marked)


def _write(planned: _Planned) -> None:
    if planned.before == planned.after:
        return
    try:
        write_atomically(planned.path, planned.after.encode("utf-8-sig" if planned.marked else "utf-8"))
    except OSError as error:
        raise write_error(planned.path, error) from error


def _updated(planned: _Planned) -> UpdatedFile:
    lines = difflib.unified_diff(
        planned.before.splitlines(), planned.after.splitlines(), planned.path.name, planned.path.name, lineterm="", n=1
    )
    return UpdatedFile(path=planned.path, changed=planned.before != planned.after, difference="\n".join(lines))


def _tag_warnings(
    references: Sequence[Reference], pushed: Sequence[Pushed], planned: _Planned | None
) -> tuple[str, ...]:
    """What a gateway would not notice: it pulls a tag once, and again only when the resource changes."""
    found = [
        _("`{image}`: which image a gateway runs under the tag latest depends on when it started").format(
            image=reference
        )
        for reference in references
        if reference.tag == LATEST
    ]
    if planned is None:
        again = _(
            "{image} had another image before ({digest}): a gateway that has pulled it keeps that one until the "
            "WasmPlugin changes; a new tag or `sha256` is such a change"
        )
        found += [again.format(image=item.reference, digest=item.replaced) for item in pushed if item.replaced]
    return tuple(found)


def _resource_warnings(planned: _Planned | None, *, logged_in: bool) -> tuple[str, ...]:
    if planned is None:
        return ()
    resource = planned.resource
    faults = (*field_faults(resource.node), *image_faults(resource))
    found = [fault.text for fault in faults if fault.id != "wasmplugin-url-floating"]
    if resource.namespace in _DEFAULT_NAMESPACES:
        found.append(
            _(
                "{place}: the resource is in namespace {namespace}; the gateway reads those in its own, higress-system"
            ).format(place=resource.node.place, namespace=resource.namespace or "default")
        )
    if logged_in and not resource.secret:
        found.append(
            _("{place}: the push needed a login; if the pull does too, name its secret in `imagePullSecret`").format(
                place=resource.node.place
            )
        )
    if "/" in resource.secret:
        found.append(
            _("{place}: `imagePullSecret` is looked up in the namespace of the resource; write the name alone").format(
                place=resource.node.place
            )
        )
    return tuple(found)
