"""Compiled modules, and the folder that keeps them for the next start.

Compiling a native Go module of 6 MB takes 3 s and more, reading the compiled form 20 ms.
"""

import contextlib
import hashlib
import os
import platform
import stat
from dataclasses import dataclass
from importlib import metadata  # noqa: TID253 -- loaded with wasmtime, which takes longer
from pathlib import Path
from typing import Final

import wasmtime

from higress_cli.proxy_wasm.errors import LoadError
from higress_cli.system import fs
from higress_cli.system.user_file import read_bytes

_CONFIGURATION: Final = "epoch interruption, cranelift, speed"
_PRIVATE: Final = 0o700
_DIGEST_BYTES: Final = 32
_KEPT_FILES: Final = 20


def make_engine() -> wasmtime.Engine:
    """An engine whose code can be interrupted. `_CONFIGURATION` says in words what is set here."""
    config = wasmtime.Config()
    config.epoch_interruption = True
    config.strategy = "cranelift"
    config.cranelift_opt_level = "speed"
    return wasmtime.Engine(config)


@dataclass(frozen=True, kw_only=True)
class CompiledModule:
    """A module that can be instantiated; `cached` says that it did not have to be compiled."""

    module: wasmtime.Module
    cached: bool


class ModuleCache:
    """Compiled modules in a folder that only this user can write to.

    Deserialising trusts its input: so only files are read that lie in such a folder and hold what was written to them.
    """

    def __init__(self, folder: Path | None) -> None:
        """`folder` is created when needed; with None nothing is kept."""
        self._folder = folder

    def compile(self, engine: wasmtime.Engine, content: bytes) -> CompiledModule:
        """The compiled form of a module's bytes.

        Raises:
            LoadError: it is not a module that the engine takes.
        """
        path = self._path(content)
        if path is not None and (stored := _read(path)) is not None:
            try:
                module = wasmtime.Module.deserialize(engine, stored)
            except wasmtime.WasmtimeError:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            else:
                with contextlib.suppress(OSError):  # a disk that became read-only: only its age would be wrong
                    os.utime(path)
                return CompiledModule(module=module, cached=True)
        try:
            module = wasmtime.Module(engine, content)
        except wasmtime.WasmtimeError as error:
            raise LoadError(str(error).strip()) from error
        if path is not None:
            self._store(path, bytes(module.serialize()))
        return CompiledModule(module=module, cached=False)

    def _path(self, content: bytes) -> Path | None:
        if self._folder is None:
            return None
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
            if not _is_private(self._folder):
                return None
        except OSError:
            return None
        versions = (metadata.version("wasmtime"), _CONFIGURATION, platform.machine(), platform.system())
        key = hashlib.sha256(hashlib.sha256(content).digest())
        key.update("\0".join(versions).encode())
        return self._folder / f"{key.hexdigest()}.compiled"

    def _store(self, path: Path, compiled: bytes) -> None:
        fs.mark_as_cache(path.parent)
        try:
            fs.write_atomically(path, hashlib.sha256(compiled).digest() + compiled)
            by_age = sorted(path.parent.glob("*.compiled"), key=lambda file: file.stat().st_mtime, reverse=True)
            for old in by_age[_KEPT_FILES:]:
                old.unlink(missing_ok=True)
        except OSError:
            # A full disk only makes the next start slower.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _is_private(folder: Path) -> bool:
    """Whether this is a real folder that belongs to this user and that nobody else can write to."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return False
    if os.name == "nt":
        # The user's own cache folder is private there; permission bits say nothing.
        return True
    if found.st_uid != os.getuid():
        return False
    if stat.S_IMODE(found.st_mode) != _PRIVATE:
        folder.chmod(_PRIVATE)
    return True


def _read(path: Path) -> bytes | None:
    try:
        content = read_bytes(path)
    except OSError:
        return None
    compiled = content[_DIGEST_BYTES:]
    return compiled if hashlib.sha256(compiled).digest() == content[:_DIGEST_BYTES] else None
