"""Programs called go, tinygo and wasm-opt that behave as those do around a build, in no time.

They read the plugin in the working folder: what its sources import, what go.mod requires and what go.sum knows. A
module "is in the cache" where `GOMODCACHE/MODULE@VERSION` exists; what is not there is fetched from GOPROXY. What
they print, and with which exit status, was seen with Go 1.20.14, Go 1.24.4 and TinyGo 0.30.0. A source that says
`undefinedThing` does not compile, and a line `// imports env.proxy_call` makes the module import that function.
STUB_SECONDS makes the compilers slow; with STUB_EDITS=once or =always somebody edits main.go while they compile. A file
whose name ends with `_windows.go` is not compiled.
"""

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.modules import text, wasm
from tests.support.programs import basic_programs

SDK = "github.com/higress-group/proxy-wasm-go-sdk"
OLD_SDK = "github.com/tetratelabs/proxy-wasm-go-sdk"
ABI_TAG = "proxy_wasm_version_0_2_100"
_IMPORT = re.compile(r'^(?:import )?\s*(?:\w+ )?"([\w.-]+\.[^"]+)"$', re.MULTILINE)
_HOST_FUNCTION = re.compile(r"^// imports (\w+)\.(\w+)$", re.MULTILINE)
_REQUIRE = re.compile(r"^(?:require)?\s*(\S+\.\S+/\S+) (v\S+)", re.MULTILINE)


def stub_compilers(
    folder: Path, *, go: str = "1.20.14", tinygo: str | None = "0.30.0", wasm_opt: str | None = "108"
) -> str:
    """A PATH with these tools at these versions."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, version in (("go", go), ("tinygo", tinygo), ("wasm-opt", wasm_opt)):
        if version is not None:
            path = folder / name
            path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" {name} {version} "$@"\n', "utf-8")
            path.chmod(0o755)
    return f"{folder}{os.pathsep}{basic_programs()}"


def fill_cache(cache: Path, *modules: str) -> None:
    """Put modules (`PATH@VERSION`) into a module cache."""
    for module in modules:
        (cache / module).mkdir(parents=True, exist_ok=True)


class Plugin:
    """The plugin in the working folder as the tools see it."""

    def __init__(self) -> None:
        self.go_mod = Path("go.mod")
        left_out = ("_test.go", "_windows.go")
        self.sources = sorted(path for path in Path.cwd().glob("*.go") if not path.name.endswith(left_out))
        self.imports = sorted({found for path in self.sources for found in _IMPORT.findall(path.read_text("utf-8"))})
        self.required = dict(_REQUIRE.findall(self.go_mod.read_text("utf-8")))
        go_sum = Path("go.sum")
        self.sums = go_sum.read_text("utf-8") if go_sum.exists() else ""
        self.cache = Path(os.environ.get("GOMODCACHE") or Path.home() / "go" / "pkg" / "mod")

    def module_of(self, package: str) -> str | None:
        return next((module for module in self.required if f"{package}/".startswith(f"{module}/")), None)

    def folder_of(self, package: str) -> Path | None:
        """Where a package is, fetched where it has to be; None where the build would not find it."""
        module = self.module_of(package)
        if module is None or f"{module} {self.required[module]} " not in self.sums:
            return None
        folder = self.cache / f"{module}@{self.required[module]}"
        if not folder.is_dir():
            print(f"go: downloading {module} {self.required[module]}", file=sys.stderr)
            if fetch(f"{module}/@v/{self.required[module]}.zip") is None:
                return None
            folder.mkdir(parents=True)
        return folder / package.removeprefix(module).lstrip("/")


class UnreachableError(Exception):
    pass


def fetch(path: str) -> bytes | None:
    """A file of the module proxy, None where it is off or has no such file."""
    proxy = os.environ.get("GOPROXY", "off")
    if proxy == "off":
        return None
    try:
        with urllib.request.urlopen(f"{proxy}/{path}", timeout=5) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError:
        return None
    except OSError as error:
        raise UnreachableError(f'Get "{proxy}/{path}": dial tcp: {error}') from error


def go(version: str, argv: list[str]) -> int:
    match argv:
        case ["env", "-json", *names]:
            known = {"GOMODCACHE": str(Path.home() / "go" / "pkg" / "mod"), "GOPROXY": "off"}
            print(json.dumps({name: os.environ.get(name) or known.get(name, "") for name in names}))
        case ["env", *names]:
            for name in names:
                print({"GOROOT": "", "GOVERSION": f"go{version}", "GOWORK": go_work()}.get(name, ""))
        case ["list", *_flags, "./"]:
            return go_list()
        case ["mod", "tidy"]:
            return go_mod_tidy()
        case ["mod", "edit", *edits]:
            return go_mod_edit(edits)
        case ["build", *flags, "./"]:
            return build(flags, native=True)
        case _:
            print(f"go {argv}: not in this stub", file=sys.stderr)
            return 2
    return 0


def go_work() -> str:
    """The go.work above the working folder, unless GOWORK says otherwise."""
    named = os.environ.get("GOWORK")
    above = (str(folder / "go.work") for folder in [Path.cwd(), *Path.cwd().parents] if (folder / "go.work").exists())
    return named or next(above, "")


def go_list() -> int:
    plugin = Plugin()
    if "\nrequir " in plugin.go_mod.read_text("utf-8"):
        print(f"go: errors parsing go.mod:\n{Path.cwd()}/go.mod:3: unknown directive: requir", file=sys.stderr)
        return 1
    for package in plugin.imports:
        try:
            folder = plugin.folder_of(package)
        except UnreachableError:
            folder = None
        print(f"P{package}\nD{folder or ''}" + ("\nFcode.go" if folder else "\nE"))
    print(f"Pplugin\nD{Path.cwd()}")
    for path in plugin.sources:
        print(f"F{path.name}")
    print("M")
    return 0


def go_mod_edit(edits: list[str]) -> int:
    plugin = Plugin()
    wanted = [edit.removeprefix("-require=").replace("@", " ") for edit in edits]
    lines = "".join(f"require {module}\n" for module in wanted)
    plugin.go_mod.write_text(plugin.go_mod.read_text("utf-8").rstrip("\n") + "\n" + lines, "utf-8")
    return 0


def go_mod_tidy() -> int:
    plugin = Plugin()
    if os.environ.get("STUB_TIDY") == "half":
        # go.mod was written, and for go.sum there was no room on the disk.
        plugin.go_mod.write_text("module broken\n", "utf-8")
        print("go: writing go.sum: no space left on device", file=sys.stderr)
        return 1
    lines = plugin.go_mod.read_text("utf-8").rstrip("\n").splitlines()
    sums = plugin.sums
    try:
        for package in plugin.imports:
            module = plugin.module_of(package) or "/".join(package.split("/")[:3])
            latest = plugin.required.get(module) or json.loads(fetch(f"{module}/@latest") or b"{}").get("Version")
            if latest is None:
                print(
                    f"plugin imports\n\t{package}: module lookup disabled by GOPROXY=off"
                    if os.environ.get("GOPROXY") == "off"
                    else f"plugin imports\n\t{package}: cannot find module providing package {package}",
                    file=sys.stderr,
                )
                return 1
            if not (plugin.cache / f"{module}@{latest}").is_dir():
                if fetch(f"{module}/@v/{latest}.zip") is None:
                    print(f"plugin imports\n\t{package}: module lookup disabled by GOPROXY=off", file=sys.stderr)
                    return 1
                fill_cache(plugin.cache, f"{module}@{latest}")
            if module not in plugin.required:
                lines.append(f"require {module} {latest}")
            if f"{module} {latest} " not in sums:
                sums += f"{module} {latest} h1:AAAA=\n"
    except UnreachableError as error:
        print(f"go: {error}", file=sys.stderr)
        return 1
    plugin.go_mod.write_text("\n".join(lines) + "\n", "utf-8")
    Path("go.sum").write_text(sums, "utf-8")
    return 0


def tinygo(version: str, argv: list[str]) -> int:
    match argv:
        case ["version"]:
            print(f"tinygo version {version} linux/amd64 (using go version go1.20.14 and LLVM version 16.0.6)")
        case ["info", "-json", *flags]:
            facts = {"goos": "linux", "goarch": "arm", "build_tags": ["tinygo.wasm", *tags_of(flags)]}
            print(json.dumps(facts))
        case ["build", *flags, "./"]:
            return build(flags, native=False)
        case _:
            print(f"tinygo {argv}: not in this stub", file=sys.stderr)
            return 1
    return 0


def tags_of(flags: list[str]) -> list[str]:
    return next((flag for flag in reversed(flags) if flag.startswith("-tags=")), "-tags=")[6:].replace(",", " ").split()


def refusal(plugin: Plugin, *, native: bool) -> str | None:
    """What the compiler refuses the plugin with."""
    for path in plugin.sources:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            if "undefinedThing" in line:
                column = line.index("undefinedThing") + 1
                return f"# plugin\n{path.name}:{number}:{column}: undefined: undefinedThing"
            if line.lstrip("\t").startswith("go ") and not native:
                column = line.index("go ") + 1
                return f"{path.name}:{number}:{column}: attempted to start a goroutine without a scheduler"
    if native and any(module_imports("nottinygc", path) for path in plugin.sources):
        return "# github.com/higress-group/nottinygc\n/mod/bitmap.go:17:14: undefined: cmalloc"
    return None


def build(flags: list[str], *, native: bool) -> int:
    time.sleep(float(os.environ.get("STUB_SECONDS", "0")))
    plugin = Plugin()
    refused = refusal(plugin, native=native)
    if refused is not None:
        print(refused, file=sys.stderr)
        return 1
    mode = next((flag for flag in reversed(flags) if flag.startswith("-buildmode=")), "")
    exports = ["_initialize" if mode == "-buildmode=c-shared" else "_start"]
    imported = " ".join(plugin.imports)
    if SDK in imported or OLD_SDK in imported:
        newer = native or (ABI_TAG in tags_of(flags) and SDK in imported)
        exports += ["proxy_abi_version_0_2_100" if newer else "proxy_abi_version_0_2_0", "proxy_on_memory_allocate"]
    collector = next((flag for flag in reversed(flags) if flag.startswith("-gc=")), "")
    if collector == "-gc=custom":
        exports.append("onCollectionEvent")
    content = "".join(path.read_text("utf-8") for path in plugin.sources)
    imports = _HOST_FUNCTION.findall(content)
    module = wasm(
        exports=exports, imports=imports, custom={"source": text(content), "flags": text(" ".join(flags[2:]))}
    )
    output = Path(flags[flags.index("-o") + 1])
    output.write_bytes(module)
    edits, edited = os.environ.get("STUB_EDITS"), Path("main.go")
    if edits == "always" or (edits == "once" and "// edited" not in edited.read_text("utf-8")):
        edited.write_text(edited.read_text("utf-8") + "// edited while compiling\n", "utf-8")
    return 0


def module_imports(word: str, path: Path) -> bool:
    return f'"github.com/higress-group/{word}"' in path.read_text("utf-8")


def main(argv: list[str]) -> int:
    name, version, *rest = argv
    if name == "wasm-opt":
        print(f"wasm-opt version {version} (version_{version})")
        return 0
    return go(version, rest) if name == "go" else tinygo(version, rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
