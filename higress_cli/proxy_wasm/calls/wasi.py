"""WASI as a Higress gateway has it: a clock, randomness, variables, two outputs that are the log, and no files.

What each returns is that of proxy-wasm-cpp-host, src/exports.cc, in Higress's branch. wasmtime's own WASI would let a
plugin see this machine's clock, environment and streams.
"""

import struct
from typing import Final

from higress_cli.proxy_wasm.calls.table import Table
from higress_cli.proxy_wasm.enums import LogLevel
from higress_cli.proxy_wasm.errors import MemoryFault
from higress_cli.proxy_wasm.guest_api import GuestApi

_SUCCESS: Final = 0
_BADF: Final = 8
_FAULT: Final = 21
_INVAL: Final = 28
_NOENT: Final = 44
_NOSYS: Final = 52
_NOTDIR: Final = 20
_NOTSUP: Final = 58
_STREAMS: Final = {1: LogLevel.INFO, 2: LogLevel.ERROR}
_REALTIME, _MONOTONIC = 0, 1
_RIGHT_TO_WRITE: Final = 64
_MOST_VECTORS: Final = 1024
"""IOV_MAX of Linux."""

FUNCTIONS: Final = Table(fault=_FAULT)


@FUNCTIONS.add("fd_write", "iiii")
def fd_write(guest: GuestApi, descriptor: int, vectors_at: int, count: int, written_at: int) -> int:
    level = _STREAMS.get(descriptor)
    if level is None:
        return _BADF
    if count > _MOST_VECTORS:
        return _INVAL
    vectors = [struct.unpack("<II", guest.vm.read(vectors_at + 8 * index, 8)) for index in range(count)]
    if sum(size for _at, size in vectors) > guest.vm.memory_bytes:
        raise MemoryFault
    text = b"".join(guest.vm.read(at, size) for at, size in vectors)
    guest.vm.note_output(text)
    if text:
        guest.log(level, text.removesuffix(b"\n"))
    guest.vm.write_u32(written_at, len(text))
    return _SUCCESS


@FUNCTIONS.add("fd_pwrite", "iiili")
def fd_pwrite(guest: GuestApi, descriptor: int, vectors_at: int, count: int, _offset: int, written_at: int) -> int:
    return fd_write(guest, descriptor, vectors_at, count, written_at)


@FUNCTIONS.add("fd_fdstat_get", "ii")
def fd_fdstat_get(guest: GuestApi, descriptor: int, at: int) -> int:
    if descriptor not in _STREAMS:
        return _BADF
    guest.vm.write(at, struct.pack("<QQQ", 0, _RIGHT_TO_WRITE, 0))
    return _SUCCESS


@FUNCTIONS.add("args_sizes_get", "ii")
def args_sizes_get(guest: GuestApi, count_at: int, size_at: int) -> int:
    guest.vm.write_u32(count_at, 0)
    guest.vm.write_u32(size_at, 0)
    return _SUCCESS


@FUNCTIONS.add("environ_sizes_get", "ii")
def environ_sizes_get(guest: GuestApi, count_at: int, size_at: int) -> int:
    entries = _environment(guest)
    guest.vm.write_u32(count_at, len(entries))
    guest.vm.write_u32(size_at, sum(map(len, entries)))
    return _SUCCESS


@FUNCTIONS.add("environ_get", "ii")
def environ_get(guest: GuestApi, pointers_at: int, texts_at: int) -> int:
    for entry in _environment(guest):
        guest.vm.write_u32(pointers_at, texts_at)
        guest.vm.write(texts_at, entry)
        pointers_at, texts_at = pointers_at + 4, texts_at + len(entry)
    return _SUCCESS


@FUNCTIONS.add("clock_time_get", "ili")
def clock_time_get(guest: GuestApi, clock: int, _precision: int, at: int) -> int:
    if clock not in {_REALTIME, _MONOTONIC}:
        return _NOTSUP
    outside = guest.surroundings
    guest.vm.write_u64(at, outside.wall_nanoseconds() if clock == _REALTIME else outside.monotonic_nanoseconds())
    return _SUCCESS


@FUNCTIONS.add("clock_res_get", "ii")
def clock_res_get(guest: GuestApi, clock: int, at: int) -> int:
    if clock not in {_REALTIME, _MONOTONIC}:
        return _NOTSUP
    guest.vm.write_u64(at, 1)
    return _SUCCESS


@FUNCTIONS.add("random_get", "ii")
def random_get(guest: GuestApi, at: int, count: int) -> int:
    if at + count > guest.vm.memory_bytes:
        raise MemoryFault
    guest.vm.write(at, guest.surroundings.random(count))
    return _SUCCESS


@FUNCTIONS.add("poll_oneoff", "iiii")
def poll_oneoff(guest: GuestApi, _subscriptions_at: int, _events_at: int, _count: int, events_at: int) -> int:
    guest.vm.write_u32(events_at, 0)
    return _SUCCESS


@FUNCTIONS.add("proc_exit", "i", returns=False)
def proc_exit(guest: GuestApi, code: int) -> None:
    # The gateway cannot end for a plugin; what the plugin does next is its own `unreachable`.
    guest.log(LogLevel.ERROR, f"the plugin called proc_exit({code}), which a gateway does not have".encode())


@FUNCTIONS.add("fd_readdir", "iiili")
def fd_readdir(guest: GuestApi, _descriptor: int, _at: int, _size: int, _cookie: int, used_at: int) -> int:
    guest.vm.write_u32(used_at, 0)
    return _NOTDIR


@FUNCTIONS.add("fd_tell", "ii")
def fd_tell(guest: GuestApi, descriptor: int, at: int) -> int:
    if descriptor not in _STREAMS:
        return _BADF
    guest.vm.write_u64(at, 0)
    return _SUCCESS


@FUNCTIONS.add("fd_renumber", "ii")
def fd_renumber(_guest: GuestApi, descriptor: int, to: int) -> int:
    return _NOTSUP if {descriptor, to} <= _STREAMS.keys() else _BADF


@FUNCTIONS.add("path_readlink", "iiiiii")
def path_readlink(guest: GuestApi, *values: int) -> int:
    guest.vm.write_u32(values[-1], 0)
    return _NOTSUP


def _environment(guest: GuestApi) -> list[bytes]:
    return [f"{name}={value}".encode() + b"\0" for name, value in guest.settings.environment.items()]


def _always(answer: int, **functions: str) -> None:
    """Functions that do nothing, with their parameters."""
    for name, parameters in functions.items():
        FUNCTIONS.add(name, parameters)(lambda _guest, *_values: answer)


def _for_outputs(**functions: str) -> None:
    """Functions that do nothing to the two outputs, and know no other descriptor."""
    for name, parameters in functions.items():
        FUNCTIONS.add(name, parameters)(
            lambda _guest, descriptor, *_values: _SUCCESS if descriptor in _STREAMS else _BADF
        )


_always(_SUCCESS, args_get="ii", sched_yield="", fd_close="i", fd_seek="ilii", fd_advise="illi")
_always(_BADF, fd_prestat_get="ii", fd_filestat_get="ii")
_always(_NOENT, path_open="iiiiillii")
_always(_NOSYS, fd_read="iiii", fd_pread="iiili", fd_prestat_dir_name="iii", fd_fdstat_set_flags="ii")
_always(
    _NOTSUP,
    path_filestat_get="iiiii",
    path_create_directory="iii",
    path_filestat_set_times="iiiilli",
    path_link="iiiiiii",
    path_remove_directory="iii",
    path_rename="iiiiii",
    path_symlink="iiiii",
    path_unlink_file="iii",
    sock_accept="iii",
    sock_recv="iiiiii",
    sock_send="iiiii",
    sock_shutdown="ii",
)
_for_outputs(
    fd_allocate="ill",
    fd_datasync="i",
    fd_fdstat_set_rights="ill",
    fd_filestat_set_size="il",
    fd_filestat_set_times="illi",
    fd_sync="i",
)
