"""Push an image: what a registry already has is not sent, and the manifest goes last, so that a tag never dangles."""

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlsplit

from higress_cli.digest import ImageDigest
from higress_cli.errors import DownloadError, HgwError
from higress_cli.i18n import _
from higress_cli.oci import registry_errors as errors
from higress_cli.oci.formats import INDEXES, MANIFESTS, OCI_MANIFEST, Descriptor
from higress_cli.oci.image import Image
from higress_cli.oci.reference import Reference
from higress_cli.oci.registry import Access, Ask, Registry
from higress_cli.reporter import Activity
from higress_cli.system.transfer import BUSY
from higress_cli.system.web import Body, NoReplyError, Reply, join

_CHUNK: Final = 1 << 16
_OK, _CREATED, _ACCEPTED, _NO_CONTENT, _NOT_FOUND = 200, 201, 202, 204, 404
_DIGEST: Final = "docker-content-digest"
_RANGE: Final = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")
_BYTES: Final = {"content-type": "application/octet-stream"}


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """One tag that has the image now."""

    reference: Reference
    """Where it is."""
    existed: bool
    """Whether the tag had this very image before."""
    replaced: str | None
    """The digest of the image that the tag had before; null if it had none, or this one."""


@dataclass(frozen=True)
class Sent:
    """What was moved."""

    blobs: int = 0
    bytes: int = 0
    mounted: int = 0


@dataclass(frozen=True, kw_only=True)
class Target:
    """A repository and the tags that the image gets there."""

    registry: Registry
    references: tuple[Reference, ...]

    @property
    def repository(self) -> str:
        return self.references[0].repository


@dataclass
class _Progress:
    """How many bytes are sent, of all that may have to be."""

    activity: Activity
    total: int
    sent: int = 0
    moved: Sent = Sent()

    def add(self, count: int) -> None:
        self.sent += count
        self.activity.advance(max(0, self.sent), self.total)

    def note_mounted(self) -> None:
        """Count a blob that the registry took from another repository."""
        self.moved = replace(self.moved, mounted=self.moved.mounted + 1)

    def note_uploaded(self, size: int) -> None:
        """Count a blob of `size` bytes."""
        self.moved = replace(self.moved, blobs=self.moved.blobs + 1, bytes=self.moved.bytes + size)


def push(image: Image, targets: Sequence[Target], *, activity: Activity) -> tuple[tuple[Pushed, ...], Sent]:
    """Push an image to each target. All content is there before the first tag is set.

    Raises:
        DownloadError, ConsentError: see `registry_errors`; tags that were not set yet still have their old images.
    """
    parts = (image.config, *image.layers)
    progress = _Progress(activity, total=sum(part.bytes for part in parts) * len(targets))
    full: dict[str, str] = {}
    for target in targets:
        target.registry.activity = activity
        mount_from = full.get(target.registry.host)
        for part in parts:
            _provide(target, part, image.blobs, mount_from=mount_from, progress=progress)
        full.setdefault(target.registry.host, target.repository)
    pushed = tuple(_set_tag(target, reference, image) for target in targets for reference in target.references)
    return pushed, progress.moved


def _provide(
    target: Target, part: Descriptor, blobs: Mapping[ImageDigest, bytes], *, mount_from: str | None, progress: _Progress
) -> None:
    """See to it that the repository has a blob."""
    other = mount_from if mount_from != target.repository else None
    access = Access(repository=target.repository, actions="pull,push", also=other)
    what = str(target.references[0])
    with target.registry.ask(Ask(method="HEAD", path=_path(target, f"blobs/{part.digest}"), access=access)) as reply:
        if reply.status == _OK:
            progress.add(part.bytes)
            return
        if reply.status != _NOT_FOUND:
            raise target.registry.refusal(reply, what=what)
    _Upload(target, access, part, blobs[part.digest], progress, what).run(mount_from=other)


def _path(target: Target, rest: str) -> str:
    return f"/v2/{target.repository}/{rest}"


@dataclass
class _Upload:
    """One blob on its way to a repository."""

    target: Target
    access: Access
    part: Descriptor
    content: bytes
    progress: _Progress
    what: str
    location: str = ""

    def run(self, *, mount_from: str | None) -> None:
        """Upload the blob, or have it mounted. After a cut it goes on where the registry can, else starts anew."""
        registry, before = self.target.registry, self.progress.sent
        start: int | None = None
        for tries in itertools.count():
            if start is None and not self._open(mount_from=mount_from):
                self.progress.note_mounted()
                self.progress.add(self.part.bytes)
                return
            problem = self._send(start or 0)
            if problem is None:
                self.progress.note_uploaded(self.part.bytes)
                return
            seconds = registry.next_wait(tries)
            if seconds is None:
                raise problem
            registry.wait(seconds)
            if self._has_arrived():
                self.progress.sent = before + self.part.bytes
                return
            start = self._position()
            self.progress.sent = before + (start or 0)

    def _open(self, *, mount_from: str | None) -> bool:
        """Ask for a place to upload to; False if the registry took the blob from another repository instead."""
        path = _path(self.target, "blobs/uploads/")
        if mount_from is not None:
            path += f"?mount={quote(self.part.digest, safe='')}&from={quote(mount_from, safe='')}"
        with self._ask("POST", path, retried=True) as reply:
            if mount_from is not None and reply.status == _CREATED:
                return False
            if reply.status != _ACCEPTED:
                raise self.target.registry.refusal(reply, what=self.what)
            if not self._follow(reply):
                raise errors.not_understood(self.target.registry.host, _("there is no Location in its answer"))
        return True

    def _send(self, start: int) -> HgwError | None:
        """Send what comes from `start` on. The error is one after which another try may help; None is success."""
        try:
            if start and (problem := self._append(start)) is not None:
                return problem
            separator = "&" if urlsplit(self.location).query else "?"
            url = f"{self.location}{separator}digest={quote(self.part.digest, safe='')}"
            with self._ask("PUT", url, headers=_BYTES, body=self._body(len(self.content) if start else 0)) as reply:
                if reply.status == _CREATED:
                    return None
                return self._refusal(reply, lenient=bool(start))
        except NoReplyError as error:
            return self.target.registry.broken(error)

    def _append(self, start: int) -> HgwError | None:
        """Send the rest to an upload that holds the first `start` bytes."""
        headers = {**_BYTES, "content-range": f"{start}-{len(self.content) - 1}"}
        with self._ask("PATCH", self.location, headers=headers, body=self._body(start)) as reply:
            if reply.status != _ACCEPTED:
                return self._refusal(reply, lenient=True)
            self._follow(reply)
        return None

    def _refusal(self, reply: Reply, *, lenient: bool) -> HgwError:
        """The error for an answer.

        Raises:
            HgwError: another try would end the same. A `lenient` look lets the upload start anew after any refusal.
        """
        error = self.target.registry.refusal(reply, what=self.what)
        if lenient:
            self.location = ""
        elif reply.status not in BUSY:
            raise error
        return error

    def _body(self, start: int) -> Callable[[], Body]:
        def chunks() -> Iterator[bytes]:
            for position in range(start, len(self.content), _CHUNK):
                chunk = self.content[position : position + _CHUNK]
                yield chunk
                self.progress.add(len(chunk))

        return lambda: Body(size=len(self.content) - start, chunks=chunks())

    def _has_arrived(self) -> bool:
        """Whether the registry has the blob: only its answer may have been lost."""
        with self._ask("HEAD", _path(self.target, f"blobs/{self.part.digest}"), retried=True) as reply:
            return reply.status == _OK

    def _position(self) -> int | None:
        """How many bytes the registry has of this upload; None where it has to start anew."""
        if not self.location:
            return None
        with contextlib.suppress(NoReplyError), self._ask("GET", self.location) as reply:
            found = _RANGE.fullmatch(reply.headers.get("range", ""))
            if reply.status == _NO_CONTENT and found:
                self._follow(reply)
                count = int(found[1]) + 1
                return count if 1 < count < len(self.content) else None
        return None

    def _follow(self, reply: Reply) -> bool:
        location = reply.headers.get("location")
        if location is None:
            return False
        try:
            self.location = join(reply.url, location)
        except NoReplyError as error:
            raise errors.not_understood(self.target.registry.host, error.obstacle.text) from error
        return True

    def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Callable[[], bytes | Body] = bytes,
        retried: bool = False,
    ) -> contextlib.AbstractContextManager[Reply]:
        ask = Ask(method=method, path=path, access=self.access, headers=headers, body=body, retried=retried)
        return self.target.registry.ask(ask)


def _set_tag(target: Target, reference: Reference, image: Image) -> Pushed:
    """Give the image its tag, unless it has it already."""
    access = Access(repository=target.repository, actions="pull,push")
    path = _path(target, f"manifests/{reference.wanted}")
    headers = {"accept": ", ".join(sorted(MANIFESTS | INDEXES))}
    with target.registry.ask(Ask(method="HEAD", path=path, access=access, headers=headers)) as reply:
        if reply.status in BUSY:
            raise target.registry.refusal(reply, what=str(reference))
        before = reply.headers.get(_DIGEST) if reply.status == _OK else None
    if before == image.digest:
        return Pushed(reference=reference, existed=True, replaced=None)
    ask = Ask(
        method="PUT",
        path=path,
        access=access,
        headers={"content-type": OCI_MANIFEST},
        body=lambda: image.manifest,
    )
    with target.registry.ask(ask) as reply:
        if reply.status != _CREATED:
            raise target.registry.refusal(reply, what=str(reference))
        found = reply.headers.get(_DIGEST)
    if found not in {None, image.digest}:
        raise DownloadError(
            _("{image} has the digest {found} in the registry, and was pushed as {expected}").format(
                image=reference, found=found, expected=image.digest
            ),
            code="image-digest-mismatch",
            hint=_("something between here and the registry changes what passes: a proxy, or a faulty registry"),
            details={"image": str(reference), "found": found, "expected": image.digest},
        )
    return Pushed(reference=reference, existed=False, replaced=before)
