"""TinyGo as a Go module, compiled on this machine and linked to the distribution's LLVM.

The module lacks TinyGo's git submodules; the distribution's packages fill them in. The result finds LLVM by a path
relative to itself, so the store can be moved as a whole.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.system import fs
from higress_cli.system.download import sha256_of
from higress_cli.tool import Tool
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.pins import TinygoModule
from higress_cli.toolchain.sources import go_command, llvm
from higress_cli.toolchain.sources.go_command import GoCommand
from higress_cli.toolchain.store import Entry, Receipt
from higress_cli.toolchain.work import Work, child_path, is_root, last_words

NAME: Final = "module"
# As named by CC and CXX, else the first pair that is there.
_COMPILERS: Final = (("gcc", "g++"), ("clang", "clang++"), ("cc", "c++"))


@dataclass(frozen=True, kw_only=True)
class Compilers:
    """What cgo needs: a C and a C++ compiler, as they go into CC and CXX."""

    c: str
    cxx: str


def fetch(work: Work, version: str, go_of_the_set: Callable[[], Tool]) -> Entry:
    """Compile TinyGo with the Go of its set, which is only asked for once all else is known to be there.

    Raises:
        PassedOver: no proxy has this version, or the machine lacks what it takes.
    """
    row = pins.tinygo_module(version)
    if row is None or work.session.host.system != "linux":
        where = work.session.host.platform
        raise PassedOver(
            _("it cannot be had as a Go module for {platform}").format(platform=where),
            cause=Cause.UNFIT,
            code="module-unknown",
        )
    reporter = work.session.reporter
    with reporter.activity(_("Asking for TinyGo {version} as a Go module").format(version=version)) as activity:
        starter = go_command.find(work, activity=activity)
        starter.require_module(row.module, f"v{version}", activity=activity)
        llvm.require_apt(work)
        compilers = require_compilers(work)
    chosen = go_of_the_set()
    go = go_command.with_settings(work, chosen.path)
    with reporter.activity(_("Downloading LLVM for TinyGo")) as activity:
        libraries = llvm.fetch(work, row.llvm, activity=activity)
    with reporter.activity(_("Compiling TinyGo {version}").format(version=version)) as activity:
        return _build(work, row, go, libraries, compilers, activity, built_with=chosen.version)


def require_compilers(work: Work) -> Compilers:
    """The C and C++ compilers of the machine.

    Raises:
        PassedOver: `compiler-missing` with the package to install.
    """
    own = (work.session.variable("CC"), work.session.variable("CXX"))
    pairs = ((own[0] or "gcc", own[1] or "g++"), *_COMPILERS) if any(own) else _COMPILERS
    for c, cxx in pairs:
        if all(work.program(name.split()[0]) for name in (c, cxx)):
            return Compilers(c=c, cxx=cxx)
    package, command = _compiler_package(work)
    raise PassedOver(
        _(
            "TinyGo is compiled on this machine, which takes a C++ compiler, and there is no g++ (package {package})"
        ).format(package=package),
        cause=Cause.MISSING,
        code="compiler-missing",
        hint=command,
    )


def _compiler_package(work: Work) -> tuple[str, str]:
    manager = next((item for item in pins.managers() if item.compiler and work.program(item.program)), None)
    program, package = (manager.program, manager.compiler) if manager else ("apt-get", "g++")
    return package, f"{'' if is_root() else 'sudo '}{program} install {package}"


def _build(
    work: Work,
    row: TinygoModule,
    go: GoCommand,
    libraries: Entry,
    compilers: Compilers,
    activity: Activity,
    *,
    built_with: str,
) -> Entry:
    major = libraries.receipt.version
    with work.store.staging() as staged:
        tags = () if major == row.llvm[0] else (f"-tags=llvm{major}",)
        edits = {
            "PATH": child_path(go.path.parent, variables=work.session.variables),
            "GOBIN": str(staged / "bin"),
            "CGO_ENABLED": "1",
            "CC": compilers.c,
            "CXX": compilers.cxx,
            # What cgo compiles are thin wrappers around LLVM: a third of the time goes into debugging them.
            "CGO_CFLAGS": "-O1 -g0",
            "CGO_CXXFLAGS": "-O1 -g0",
            "CGO_CPPFLAGS": _quoted([f"-I{llvm.include_folder(libraries)}"]),
            "CGO_LDFLAGS": _quoted(_link_flags(work, libraries)),
        }
        module = f"{row.module}@v{row.version}"
        # -v names each package as it is compiled: a minute of silence looks like a hang.
        built = go.run("install", "-v", *tags, module, activity=activity, edits=edits)
        if built.returncode != 0:
            work.require_space(built)
            raise PassedOver(
                _("compiling {module} failed: {reason}").format(module=module, reason=last_words(built, lines=6)),
                cause=Cause.FAILED,
                code="compile-failed",
            )
        go.verify(row.module, f"v{row.version}", row.h1)
        _fill_root(staged, go.module_cache / module, libraries, drop=row.drop)
        receipt = Receipt(
            name="tinygo",
            version=row.version,
            source=NAME,
            origin=f"{module}, LLVM {major} ({libraries.receipt.source})",
            executable="bin/tinygo",
            home=".",
            requires=(f"{llvm.NAME}/{libraries.receipt.folder_name}",),
            digest=sha256_of(go.module_file(row.module, f"v{row.version}", "zip")),
            built_with=built_with,
        )
        return work.store.adopt(staged, receipt, variables=work.session.variables)


def _link_flags(work: Work, libraries: Entry) -> list[str]:
    folders = llvm.library_folders(libraries)
    # From <store>/tinygo/<version>/bin; old-style tags, because only those hold for the libraries' own libraries too.
    relative = [f"$ORIGIN/../../../{folder.relative_to(work.store.root)}" for folder in folders]
    # The linker does not know what $ORIGIN will be, so it is told where those libraries' own libraries are now.
    now = [flag for folder in folders for flag in (f"-L{folder}", f"-Wl,-rpath-link,{folder}")]
    return [*now, "-Wl,--disable-new-dtags", f"-Wl,-rpath,{':'.join(relative)}"]


def _quoted(flags: Sequence[str]) -> str:
    """Flags as the go command reads them from a variable: quotes around what holds a space, and no escapes at all.

    Raises:
        PassedOver: a path has both kinds of quotes.
    """
    words: list[str] = []
    for flag in flags:
        if not any(character.isspace() or character in "'\"" for character in flag):
            words.append(flag)
        elif "'" not in flag:
            words.append(f"'{flag}'")
        elif '"' not in flag:
            words.append(f'"{flag}"')
        else:
            raise PassedOver(
                _("the path of the store has both kinds of quotes in it: {flag}").format(flag=flag),
                cause=Cause.FAILED,
                code="path-unusable",
                hint=_("set HGW_HOME to another folder"),
            )
    return " ".join(words)


def _fill_root(staged: Path, module: Path, libraries: Entry, *, drop: Sequence[str]) -> None:
    """Make `staged`, which has bin/tinygo, a TINYGOROOT."""
    for name in ("src", "targets"):
        shutil.copytree(module / name, staged / name, symlinks=True)
    fs.make_writable(staged)
    usr = libraries.folder / "usr"
    sysroot = staged / "lib" / "wasi-libc" / "sysroot"
    links = {
        sysroot / "lib" / "wasm32-wasi": usr / "lib" / "wasm32-wasi",
        sysroot / "include" / "wasm32-wasi": usr / "include" / "wasm32-wasi",
        staged / "lib" / "clang" / "include": llvm.clang_headers(libraries),
    }
    for link, target in links.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        # Staging folders are as deep in the store as finished ones, so the relative path stays right.
        link.symlink_to(os.path.relpath(target, link.parent))
    description = staged / "targets" / "wasi.json"
    target_settings = json.loads(description.read_text("utf-8"))
    kept = {key: value for key, value in target_settings.items() if key not in drop}
    description.write_text(json.dumps(kept, indent="\t") + "\n", encoding="utf-8")
