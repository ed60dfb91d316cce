"""TinyGo as a Go module, compiled on this machine and linked to the distribution's LLVM.

The module lacks TinyGo's git submodules; the distribution's packages fill them in. The result finds LLVM by a path
relative to itself, so the store can be moved as a whole.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.settings.machine import HOME
from higress_cli.system import fs
from higress_cli.system.fs import sha256_of
from higress_cli.system.host import is_root
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.pins import TinygoModule
from higress_cli.toolchain.sets import Need
from higress_cli.toolchain.sources import go_command, llvm
from higress_cli.toolchain.sources.contract import Download, Offer
from higress_cli.toolchain.sources.go_command import FetchedGoModule, GoCommand
from higress_cli.toolchain.store import Entry, Receipt
from higress_cli.toolchain.work import Work

NAME: Final = "module"
TOOLS: Final = frozenset({ToolName.TINYGO})
# CC and CXX come first, else the first pair on the machine.
_COMPILERS: Final = (("gcc", "g++"), ("clang", "clang++"), ("cc", "c++"))


@dataclass(frozen=True, kw_only=True)
class Compilers:
    """The compilers for cgo, as values for CC and CXX."""

    c: str
    cxx: str


def offer(work: Work, need: Need, /) -> Offer:
    """TinyGo compiled on this machine with the Go of its set.

    Raises:
        PassedOver: no proxy has this version, or the machine lacks something that compiling it needs.
    """
    row = pins.tinygo_module(need.version)
    if row is None or work.session.host.system != "linux":
        raise PassedOver(
            _("it is not available as a Go module for {platform}").format(platform=work.session.host.platform),
            cause=Cause.UNFIT,
            code="module-unknown",
        )
    module = FetchedGoModule(path=row.module, version=f"v{row.version}", h1=row.h1)
    starter = go_command.starter(work)
    title = _("Asking for TinyGo {version} as a Go module").format(version=row.version)
    go_command.require_module(work, starter, module, title=title)
    if starter.path is not None:  # otherwise the network may be the problem, which is reported first
        _machine(work, row)
    return Offer(
        name=need.name,
        version=row.version,
        source=NAME,
        downloads=(go_command.described(work, starter, module),),
        more=lambda: _machine(work, row)[0],
        place=work.store.place(need.name, row.version, NAME),
        fetch=lambda go: _fetch(work, row, module, go),
        needs_go=True,
    )


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
        _("compiling TinyGo on this machine needs a C++ compiler, and there is no g++ (package {package})").format(
            package=package
        ),
        cause=Cause.MISSING,
        code="compiler-missing",
        hint=command,
    )


def _fetch(work: Work, row: TinygoModule, module: FetchedGoModule, chosen: Tool | None) -> Tool:
    assert chosen is not None  # noqa: S101 -- the offer says that it needs one
    reporter = work.session.reporter
    _libraries, compilers = _machine(work, row)
    go = go_command.with_settings(work, chosen.path)
    with reporter.activity(_("Downloading LLVM for TinyGo")) as activity:
        libraries = llvm.fetch(work, row.llvm, activity=activity)
    with reporter.activity(_("Compiling TinyGo {version}").format(version=row.version)) as activity:
        downloaded = go.download(module, activity=activity)
        with work.store.staging() as staged:
            edits = _edits(work, go, libraries, compilers, staged)
            _compile(work, go, _package(row, libraries.receipt.version), edits=edits, activity=activity)
            _fill_root(staged, downloaded.folder, libraries, drop=row.drop)
            receipt = Receipt(
                name=ToolName.TINYGO,
                version=row.version,
                source=NAME,
                origin=f"{module}, LLVM {libraries.receipt.version} ({libraries.receipt.source})",
                executable="bin/tinygo",
                home=".",
                requires=(f"{llvm.NAME}/{libraries.receipt.folder_name}",),
                digest=sha256_of(downloaded.zip),
                built_with=chosen.version,
            )
            return work.store.adopt(staged, receipt, variables=work.session.variables).tool()


def _machine(work: Work, row: TinygoModule) -> tuple[tuple[Download, ...], Compilers]:
    """What the machine must provide: packages of LLVM to download, and compilers."""
    return llvm.required(work, row.llvm), require_compilers(work)


def _compiler_package(work: Work) -> tuple[str, str]:
    manager = next((item for item in pins.managers() if item.compiler and work.program(item.program)), None)
    program, package = (manager.program, manager.compiler) if manager else ("apt-get", "g++")
    return package, f"{'' if is_root() else 'sudo '}{program} install {package}"


def _edits(work: Work, go: GoCommand, libraries: Entry, compilers: Compilers, staged: Path) -> dict[str, str]:
    """The variables with which the go command compiles TinyGo to `bin/tinygo` below `staged`."""
    return {
        "PATH": os.pathsep.join([str(go.path.parent), work.session.variables.get("PATH", os.defpath)]),
        "GOBIN": str(staged / "bin"),
        "CGO_ENABLED": "1",
        "CC": compilers.c,
        "CXX": compilers.cxx,
        # cgo compiles only thin wrappers around LLVM; debug information would take a third of the time.
        "CGO_CFLAGS": "-O1 -g0",
        "CGO_CXXFLAGS": "-O1 -g0",
        "CGO_CPPFLAGS": _quoted([f"-I{llvm.include_folder(libraries)}"]),
        "CGO_LDFLAGS": _quoted(_link_flags(work, libraries)),
    }


def _package(row: TinygoModule, llvm_version: str) -> tuple[str, ...]:
    """TinyGo as an argument of the go command, after the build tag for LLVM if it is not the usual one."""
    tags = () if llvm_version == row.llvm[0] else (f"-tags=llvm{llvm_version}",)
    return (*tags, f"{row.module}@v{row.version}")


def _compile(
    work: Work, go: GoCommand, package: Sequence[str], *, edits: Mapping[str, str], activity: Activity
) -> None:
    # -v prints each package as it is compiled: a minute of silence would look like a hang.
    built = go.run("install", "-v", *package, activity=activity, edits=edits)
    if built.returncode != 0:
        raise PassedOver(
            _("compiling {module} failed: {reason}").format(module=package[-1], reason=work.failure(built, lines=6)),
            cause=Cause.FAILED,
            code="tinygo-build-failed",
        )


def _link_flags(work: Work, libraries: Entry) -> list[str]:
    folders = llvm.library_folders(libraries)
    # Relative to <store>/tinygo/<version>/bin. DT_RPATH, not RUNPATH: only it also applies to the libraries' own needs.
    relative = [f"$ORIGIN/../../../{folder.relative_to(work.store.root)}" for folder in folders]
    # The linker cannot resolve $ORIGIN, so -rpath-link says where the libraries' own dependencies are now.
    now = [flag for folder in folders for flag in (f"-L{folder}", f"-Wl,-rpath-link,{folder}")]
    return [*now, "-Wl,--disable-new-dtags", f"-Wl,-rpath,{':'.join(relative)}"]


def _quoted(flags: Sequence[str]) -> str:
    """Flags as the go command reads them from a variable: with quotes around spaces, and without escapes.

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
                hint=_("set {variable} to another folder").format(variable=HOME.variable),
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
        # Staging folders are as deep in the store as finished ones, so relative paths stay valid.
        link.symlink_to(os.path.relpath(target, link.parent))
    description = staged / "targets" / "wasi.json"
    target_settings = json.loads(description.read_text("utf-8"))
    kept = {key: value for key, value in target_settings.items() if key not in drop}
    description.write_text(json.dumps(kept, indent="\t") + "\n", encoding="utf-8")
