"""The distribution's LLVM, unpacked into the store: the libraries that TinyGo links to, and two programs it runs."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from higress_cli.errors import ToolError
from higress_cli.i18n import _, listed
from higress_cli.reporter import Activity
from higress_cli.settings.machine import MIRROR_GITHUB
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.sources import apt
from higress_cli.toolchain.sources.contract import Download
from higress_cli.toolchain.store import Entry, Receipt
from higress_cli.toolchain.work import Work

NAME: Final = "llvm"
SOURCE: Final = "package"
# Sets the library path for these programs only; the caller's environment is unchanged.
_WRAPPER: Final = """\
#!/bin/sh
root=$(dirname "$0")/..
LD_LIBRARY_PATH="$root/usr/lib/llvm-{llvm}/lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
export LD_LIBRARY_PATH
exec "$root/usr/lib/llvm-{llvm}/bin/{program}" "$@"
"""


def required(work: Work, majors: Sequence[str]) -> tuple[Download, ...]:
    """The downloads for an LLVM of one of these major versions; empty if the store has one.

    Raises:
        PassedOver: the machine has no apt, or apt reaches no server.
    """
    if _kept(work, majors) is not None:
        return ()
    if missing := apt.missing_programs(work):
        raise PassedOver(
            _("LLVM is taken from the distribution with apt, and this machine has no {programs}").format(
                programs=listed(missing)
            ),
            cause=Cause.MISSING,
            code="program-missing",
            hint=_other_ways(),
        )
    return apt.described(work, [pattern.format(llvm=majors[0]) for pattern in pins.packages().llvm.packages])


def fetch(work: Work, majors: Sequence[str], *, activity: Activity) -> Entry:
    """Install the first of these major versions of LLVM that the distribution has.

    Raises:
        PassedOver: the distribution has none, or it cannot be downloaded.
    """
    kept = _kept(work, majors)
    if kept is not None:
        return kept
    apt.update(work, activity=activity)
    names = apt.package_names(work, activity=activity)
    for major in majors:
        packages = _package_names(major, pins.packages().llvm.packages, names)
        if packages is not None:
            return _install(work, major, packages, names, activity)
    raise PassedOver(
        _("the distribution has no LLVM {versions} with all its packages").format(versions=listed(majors)),
        cause=Cause.MISSING,
        code="llvm-missing",
        hint=_other_ways(),
    )


def library_folders(entry: Entry) -> tuple[Path, ...]:
    """The folders with the shared libraries."""
    usr = entry.folder / "usr" / "lib"
    return (usr / f"llvm-{entry.receipt.version}" / "lib", *sorted(usr.glob("*-linux-gnu*")))


def include_folder(entry: Entry) -> Path:
    return entry.folder / "usr" / "lib" / f"llvm-{entry.receipt.version}" / "include"


def clang_headers(entry: Entry) -> Path:
    """The folder of the compiler's own headers; in some releases it is named after the full version."""
    clang = entry.folder / "usr" / "lib" / f"llvm-{entry.receipt.version}" / "lib" / "clang"
    return next(iter(sorted(clang.glob("*/include"))), clang / entry.receipt.version / "include")


def _other_ways() -> str:
    return _("install TinyGo yourself, or set {variable} to a mirror of GitHub's releases").format(
        variable=MIRROR_GITHUB.variable
    )


def _kept(work: Work, majors: Sequence[str]) -> Entry | None:
    """The LLVM in the store, None if missing or incomplete."""
    found = (work.store.find(NAME, major, SOURCE) for major in majors)
    return next((entry for entry in found if entry and not work.store.damage(entry, work.session.variables)), None)


def _package_names(major: str, patterns: Sequence[str], names: frozenset[str]) -> tuple[str, ...] | None:
    """The packages under the distribution's names for them, None if it lacks one."""
    found: list[str] = []
    for pattern in patterns:
        plain = pattern.format(llvm=major)
        spelled = next((plain + suffix for suffix in pins.packages().llvm.suffixes if plain + suffix in names), None)
        if spelled is None:
            return None
        found.append(spelled)
    return tuple(found)


def _install(work: Work, major: str, packages: Sequence[str], names: frozenset[str], activity: Activity) -> Entry:
    roots = _package_names(major, pins.packages().llvm.libraries_of, names) or ()
    libraries = [name for name in apt.missing_libraries(work, roots, activity=activity) if name not in packages]
    downloads = work.scratch / f"llvm-{major}"
    debs = apt.download(work, [*packages, *libraries], downloads, activity=activity)
    with work.store.staging() as staged:
        for deb in debs:
            apt.unpack(work, downloads / deb.file, staged, activity=activity)
            _prune(staged, major)
        _unlink_dangling(staged)
        _link_libraries(staged, major)
        _write_wrappers(staged, major)
        receipt = Receipt(
            name=NAME,
            version=major,
            source=SOURCE,
            origin=", ".join(f"{deb.name} {deb.version}" for deb in debs),
            executable=f"bin/clang-{major}",
            parts={deb.file: deb.sha256 for deb in debs if deb.sha256 is not None},
        )
        for program in pins.packages().llvm.programs:
            _require_running(work, staged / "bin" / f"{program}-{major}", activity)
        return work.store.adopt(staged, receipt, variables=work.session.variables)


def _prune(staged: Path, major: str) -> None:
    for pattern in pins.packages().llvm.prune:
        for path in staged.glob(pattern.format(llvm=major)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _unlink_dangling(staged: Path) -> None:
    """Remove links to files that were not unpacked or have been removed."""
    for path in list(staged.rglob("*")):
        if path.is_symlink() and not path.exists():
            path.unlink()


def _link_libraries(staged: Path, major: str) -> None:
    """Link every library into the folder of libLLVM, which is libLLVM's own search path."""
    home = staged / "usr" / "lib" / f"llvm-{major}" / "lib"
    for folder in (*staged.glob("usr/lib/*-linux-gnu*"), *staged.glob("lib/*-linux-gnu*")):
        for library in folder.glob("*.so*"):
            link = home / library.name
            if not link.is_symlink() and not link.exists():
                link.symlink_to(os.path.relpath(library, home))


def _write_wrappers(staged: Path, major: str) -> None:
    (staged / "bin").mkdir()
    for program in pins.packages().llvm.programs:
        wrapper = staged / "bin" / f"{program}-{major}"
        wrapper.write_text(_WRAPPER.format(llvm=major, program=program), encoding="utf-8")
        wrapper.chmod(0o755)


def _require_running(work: Work, program: Path, activity: Activity) -> None:
    try:
        answered = work.run([str(program), "--version"], activity=activity, timeout=30.0)
        problem = None if answered.returncode == 0 else work.failure(answered)
    except ToolError as error:
        problem = error.message
    if problem is not None:
        raise PassedOver(
            _("{program} of the distribution does not run: {problem}").format(program=program.name, problem=problem),
            cause=Cause.FAILED,
            code="tool-unusable",
        )
