"""Calls to other services: HTTP, Redis, and gRPC, which is not there."""

from typing import Final
from urllib.parse import parse_qsl

from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.calls.table import Table
from higress_cli.proxy_wasm.enums import AbiStatus, LogLevel
from higress_cli.proxy_wasm.guest_api import GuestApi
from higress_cli.proxy_wasm.headers import HeaderMap
from higress_cli.proxy_wasm.surroundings import HttpCall, RedisCall, RedisLogin

FUNCTIONS: Final = Table()
_NEEDED: Final = (b":path", b":method", b":authority")
_SIGNED: Final = 1 << 31


@FUNCTIONS.add("proxy_http_call", "iiiiiiiiii")
def http_call(
    guest: GuestApi,
    cluster_at: int,
    cluster_size: int,
    headers_at: int,
    headers_size: int,
    body_at: int,
    body_size: int,
    trailers_at: int,
    trailers_size: int,
    timeout: int,
    token_at: int,
) -> int:
    vm = guest.vm
    cluster = vm.read(cluster_at, cluster_size).decode("utf-8", "replace")
    body = vm.read(body_at, body_size)
    headers = HeaderMap("request", pairs.decode(vm.read(headers_at, headers_size)))
    trailers = pairs.decode(vm.read(trailers_at, trailers_size))
    # Tried before anything begins: the token must have a place.
    vm.write_u32(token_at, 0)
    if timeout >= _SIGNED or any(headers.get(name) is None for name in _NEEDED):
        return AbiStatus.BAD_ARGUMENT
    if body:
        headers.replace(b"content-length", str(len(body)).encode())
    token = guest.next_token()
    call = HttpCall(
        token=token,
        cluster=cluster,
        headers=tuple(headers),
        body=body,
        trailers=tuple(trailers),
        timeout_milliseconds=timeout,
    )
    if not guest.surroundings.http_call(call):
        return AbiStatus.BAD_ARGUMENT
    guest.expect(token)
    vm.write_u32(token_at, token)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_redis_init", "iiiiiii")
def redis_init(
    guest: GuestApi,
    cluster_at: int,
    cluster_size: int,
    user_at: int,
    user_size: int,
    password_at: int,
    password_size: int,
    timeout: int,
) -> int:
    vm = guest.vm
    cluster, options = _redis_cluster(vm.read(cluster_at, cluster_size))
    login = RedisLogin(
        cluster=cluster,
        username=vm.read(user_at, user_size).decode("utf-8", "replace"),
        password=vm.read(password_at, password_size).decode("utf-8", "replace"),
        timeout_milliseconds=timeout,
        options=options,
    )
    return AbiStatus.OK if guest.surroundings.redis_init(login) else AbiStatus.BAD_ARGUMENT


@FUNCTIONS.add("proxy_redis_call", "iiiii")
def redis_call(guest: GuestApi, cluster_at: int, cluster_size: int, at: int, size: int, token_at: int) -> int:
    vm = guest.vm
    cluster, _options = _redis_cluster(vm.read(cluster_at, cluster_size))
    query = vm.read(at, size)
    vm.write_u32(token_at, 0)
    token = guest.next_token()
    if not guest.surroundings.redis_call(RedisCall(token=token, cluster=cluster, query=query)):
        return AbiStatus.BAD_ARGUMENT
    guest.expect(token)
    vm.write_u32(token_at, token)
    return AbiStatus.OK


def _redis_cluster(text: bytes) -> tuple[str, dict[str, str]]:
    """Name and options of `outbound|80||redis.static?db=1`."""
    name, _mark, options = text.decode("utf-8", "replace").partition("?")
    return name, dict(parse_qsl(options, keep_blank_values=True))


def _no_grpc(guest: GuestApi, *_values: int) -> int:
    guest.log(LogLevel.ERROR, b"the builtin engine has no gRPC: Unimplemented")
    return AbiStatus.UNIMPLEMENTED


for _name, _parameters in (
    ("proxy_grpc_call", "i" * 12),
    ("proxy_grpc_stream", "i" * 9),
    ("proxy_grpc_send", "iiii"),
    ("proxy_grpc_cancel", "i"),
    ("proxy_grpc_close", "i"),
):
    FUNCTIONS.add(_name, _parameters)(_no_grpc)
