"""Root without its right to read every file: what an ordinary user meets, in this process."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

import pytest

# The version of the calls and the numbers of the rights, from linux/capability.h: see capabilities(7).
_VERSION = 0x20080522
_OVERRIDE, _READ_SEARCH = 1, 2
_READ_ALL = 1 << _OVERRIDE | 1 << _READ_SEARCH


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@contextlib.contextmanager
def ordinary_rights() -> Iterator[None]:
    """Let the modes of files count for this thread, and for the threads that it starts, whoever runs the tests."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root reads every file, and only Linux can take that right from a thread")
    library = ctypes.CDLL(None, use_errno=True)
    header, before = _Header(_VERSION, 0), (_Sets * 2)()
    library.capget(ctypes.byref(header), before)
    without = (_Sets * 2)(*before)
    without[0].effective &= ~_READ_ALL
    assert library.capset(ctypes.byref(header), without) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        library.capset(ctypes.byref(header), before)
