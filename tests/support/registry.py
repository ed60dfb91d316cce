"""A registry on this machine that answers as the distribution specification says, and fails in the ways that they fail.

What it does was seen with Debian's docker-registry 2.8.2: relative and absolute Locations, the codes of errors, the
header Docker-Content-Digest, the challenge for tokens.
"""

import base64
import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.images import Shape, digest_of

CERTIFICATES = Path(__file__).with_name("certificates")


@dataclass
class Fault:
    """What happens to requests of this method whose path matches: `times` of them, after `after` went through.

    `status` is answered with the `errors` of a registry; `cut` closes the connection, after half of a body that comes.
    Until `hold` is set, nothing of a body is read and nothing is answered.
    """

    method: str
    path: str
    status: int = 0
    cut: bool = False
    code: str = "UNKNOWN"
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    after: int = 0
    hold: threading.Event | None = None

    def strikes(self, method: str, path: str) -> bool:
        if method != self.method or not re.search(self.path, path) or self.times == 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Seen:
    """A request that came."""

    method: str
    path: str
    authorization: str | None
    bytes: int = 0


@dataclass
class FakeRegistry:
    """`login` is basic, bearer or empty. `user` and `password` are right for both; a token is good for `uses` requests.

    `resumable` uploads keep what came before a cut. Blobs are fetched from `elsewhere` where that is given.
    `served` replaces the bytes of a blob. `anonymous` lets the token server give tokens to everybody.
    `realm` is the address of another token server.
    """

    login: str = ""
    user: str = "me"
    password: str = "s3cret"
    identity_token: str = ""
    anonymous: bool = False
    uses: int = 1_000_000
    resumable: bool = False
    elsewhere: str = ""
    served: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    blobs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    manifests: dict[str, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    scopes: list[list[str]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    host: str = ""
    scheme: str = "http"
    realm: str = ""

    @property
    def moved(self) -> list[str]:
        """The requests that carried something, as `METHOD PATH`, without queries and upload ids."""
        return [
            f"{item.method} {re.sub(r'uploads/.*', 'uploads', urlsplit(item.path).path)}"
            for item in self.seen
            if item.method in {"PUT", "PATCH", "POST"} and "/v2/" in item.path
        ]

    def add(self, repository: str, tag: str, shape: Shape) -> None:
        """Publish an image as others have pushed it."""
        self.blobs.setdefault(repository, {}).update({str(digest): blob for digest, blob in shape.blobs.items()})
        for part in (*shape.children, shape):
            known = self.manifests.setdefault(repository, {})
            known[part.digest] = (part.media_type, part.content)
        self.manifests[repository][tag] = (shape.media_type, shape.content)


@contextmanager
def serving(registry: FakeRegistry, *, tls: bool = False) -> Iterator[FakeRegistry]:
    """Serve until the context ends; `registry.host` is where. TLS has a certificate for localhost and 127.0.0.1."""

    class Handler(_Handler):
        pass

    Handler.registry = registry
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        registry.scheme = "https"
    server.handle_error = lambda *_args: None  # type: ignore[method-assign] # a client that goes away is no news
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: FakeRegistry

    def log_message(self, *_args: object) -> None:
        """A test's output is for its own words."""

    def do_GET(self) -> None:
        self._handle()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815 -- as the base class calls them

    def _handle(self) -> None:
        registry = self.registry
        length = int(self.headers.get("Content-Length") or 0)
        note = Seen(self.command, self.path, self.headers.get("Authorization"), length)
        registry.seen.append(note)
        fault = next((item for item in registry.faults if item.strikes(self.command, self.path)), None)
        if fault is not None and fault.hold is not None:
            fault.hold.wait(20)
            fault = None
        if fault is not None and fault.cut:
            self._keep(self.rfile.read(length // 2))
            self.close_connection = True
            return
        body = self.rfile.read(length)
        if fault is not None:
            self._refuse(fault.status, fault.code, fault.message, headers=fault.headers)
        elif self.path.startswith("/token"):
            self._give_token(body)
        elif not self._is_known():
            self._challenge()
        else:
            self._answer(body)

    def _keep(self, part: bytes) -> None:
        """What came before a cut stays, where uploads can go on."""
        name = urlsplit(self.path).path.rpartition("/")[2]
        if self.registry.resumable and name in self.registry.uploads:
            self.registry.uploads[name] += part

    def _is_known(self) -> bool:
        registry, given = self.registry, self.headers.get("Authorization") or ""
        if registry.login == "basic":
            return given == "Basic " + base64.b64encode(f"{registry.user}:{registry.password}".encode()).decode()
        if registry.login == "bearer":
            token = given.removeprefix("Bearer ")
            registry.tokens[token] = registry.tokens.get(token, 0) - 1
            return registry.tokens[token] >= 0
        return True

    def _challenge(self) -> None:
        registry = self.registry
        realm = registry.realm or f"{registry.scheme}://{registry.host}/token"
        bearer = f'Bearer realm="{realm}",service="fake"'
        value = 'Basic realm="fake"' if registry.login == "basic" else bearer
        self._refuse(401, "UNAUTHORIZED", "authentication required", headers={"WWW-Authenticate": value})

    def _give_token(self, body: bytes) -> None:
        registry, given = self.registry, self.headers.get("Authorization") or ""
        right = "Basic " + base64.b64encode(f"{registry.user}:{registry.password}".encode()).decode()
        form = parse_qs(body.decode())
        fresh = bool(registry.identity_token) and form.get("refresh_token") == [registry.identity_token]
        if not fresh and given != right and not (registry.anonymous and not given):
            self._refuse(401, "UNAUTHORIZED", "incorrect username or password")
            return
        registry.scopes.append(form.get("scope") or parse_qs(urlsplit(self.path).query).get("scope", []))
        token = f"token-{len(registry.tokens)}"
        registry.tokens[token] = registry.uses
        self._send(200, json.dumps({"token": token}).encode())

    def _answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if parts.path == "/v2/":
            self._send(200, b"{}")
        elif found := re.fullmatch(r"/v2/(.+)/blobs/uploads/(.*)", parts.path):
            self._upload(found[1], found[2], query, body)
        elif found := re.fullmatch(r"/v2/(.+)/blobs/(sha256:\w+)", parts.path):
            self._blob(found[1], found[2])
        elif found := re.fullmatch(r"/v2/(.+)/manifests/(.+)", parts.path):
            self._manifest(found[1], found[2], body)
        else:
            self._refuse(404, "NAME_UNKNOWN", "repository name not known to registry")

    def _upload(self, repository: str, name: str, query: dict[str, Any], body: bytes) -> None:
        registry = self.registry
        place = f"/v2/{repository}/blobs/uploads/"
        if self.command == "POST":
            wanted, source = query.get("mount", [""])[0], query.get("from", [""])[0]
            if wanted in registry.blobs.get(source, {}):
                registry.blobs.setdefault(repository, {})[wanted] = registry.blobs[source][wanted]
                self._send(201, headers={"Location": f"/v2/{repository}/blobs/{wanted}"})
                return
            name = f"upload-{len(registry.uploads)}"
            registry.uploads[name] = bytearray()
            self._send(202, headers={"Location": f"{place}{name}?_state=x"})
        elif name not in registry.uploads:
            self._refuse(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        elif self.command == "GET":
            last = max(0, len(registry.uploads[name]) - 1)
            self._send(204, headers={"Location": f"{place}{name}?_state=y", "Range": f"0-{last}"})
        elif self.command == "PATCH":
            start = int((self.headers.get("Content-Range") or "0-").partition("-")[0])
            if start != len(registry.uploads[name]):
                self._refuse(416, "BLOB_UPLOAD_INVALID", "wrong offset")
                return
            registry.uploads[name] += body
            self._send(202, headers={"Location": f"{place}{name}?_state=z"})
        else:
            content, digest = bytes(registry.uploads.pop(name)) + body, query["digest"][0]
            if digest_of(content) != digest:
                self._refuse(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
                return
            registry.blobs.setdefault(repository, {})[digest] = content
            self._send(201, headers={"Location": f"/v2/{repository}/blobs/{digest}"})

    def _blob(self, repository: str, digest: str) -> None:
        registry = self.registry
        content = registry.served.get(digest) or registry.blobs.get(repository, {}).get(digest)
        if content is None:
            self._refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
        elif registry.elsewhere and self.command == "GET":
            self._send(307, headers={"Location": f"{registry.elsewhere}/{digest}"})
        else:
            self._send(200, content, {"Docker-Content-Digest": digest})

    def _manifest(self, repository: str, wanted: str, body: bytes) -> None:
        known = self.registry.manifests.setdefault(repository, {})
        if self.command == "PUT":
            parts = json.loads(body)
            listed = [parts["config"]["digest"], *(layer["digest"] for layer in parts["layers"])]
            if not set(listed) <= set(self.registry.blobs.get(repository, {})):
                self._refuse(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
                return
            entry = (self.headers.get("Content-Type") or "", body)
            known[wanted] = known[digest_of(body)] = entry
            self._send(201, headers={"Docker-Content-Digest": digest_of(body)})
        elif wanted not in known:
            self._refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
        else:
            kind, content = known[wanted]
            self._send(200, content, {"Content-Type": kind, "Docker-Content-Digest": digest_of(content)})

    def _refuse(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), headers)

    def _send(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
