"""What the programs of `stub_compilers` do with a plugin: `go list`, `go mod`, and the compilers' `build`.

They read the plugin in the working folder: what its sources import, what go.mod requires and what go.sum knows. A
module "is in the cache" where `GOMODCACHE/MODULE@VERSION` exists; what is not there is fetched from GOPROXY. What
they print, and with which exit status, was seen with Go 1.20.14, Go 1.24.4 and TinyGo 0.30.0. A source that says
`undefinedThing` does not compile, and a line `// imports env.proxy_call` makes the module import that function.
STUB_SECONDS makes the compilers slow; with STUB_EDITS=once or =always somebody edits main.go while they compile;
with STUB_MEETING=FOLDER they wait there until two plugins are compiled at once. A file whose name ends with
`_windows.go` is not compiled.

The tests start this hundreds of times: it imports little, and the rest where it is needed.
"""

import os
import re
import sys
import time

from tests.support.modules import text, wasm

SDK = "github.com/higress-group/proxy-wasm-go-sdk"
OLD_SDK = "github.com/tetratelabs/proxy-wasm-go-sdk"
_ABI_TAG = "proxy_wasm_version_0_2_100"
_IMPORT = re.compile(r'^(?:import )?\s*(?:\w+ )?"([\w.-]+\.[^"]+)"$', re.MULTILINE)
_HOST_FUNCTION = re.compile(r"^// imports (\w+)\.(\w+)$", re.MULTILINE)
_REQUIRE = re.compile(r"^(?:require)?\s*(\S+\.\S+/\S+) (v\S+)", re.MULTILINE)


def read(path: str) -> str:
    with open(path, encoding="utf-8") as source:
        return source.read()


def write(path: str, content: str) -> None:
    with open(path, "w", encoding="utf-8") as sink:
        sink.write(content)


def of_module(name: str) -> str:
    """A file of the Go module that the working folder is in: beside the nearest go.mod, as `go env GOMOD` names it."""
    folder = os.getcwd()
    while not os.path.exists(f"{folder}/go.mod") and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return f"{folder}/{name}" if os.path.exists(f"{folder}/go.mod") else name


class Plugin:
    """The plugin in the working folder as the tools see it."""

    def __init__(self) -> None:
        left_out = ("_test.go", "_windows.go")
        names = sorted(name for name in os.listdir() if name.endswith(".go") and not name.endswith(left_out))
        self.sources = {name: read(name) for name in names}
        self.imports = sorted({found for content in self.sources.values() for found in _IMPORT.findall(content)})
        self.go_mod = read(of_module("go.mod"))
        self.required = dict(_REQUIRE.findall(self.go_mod))
        self.sums = read(of_module("go.sum")) if os.path.exists(of_module("go.sum")) else ""
        self.cache = os.environ.get("GOMODCACHE") or os.path.expanduser("~/go/pkg/mod")

    def module_of(self, package: str) -> str | None:
        return next((module for module in self.required if f"{package}/".startswith(f"{module}/")), None)

    def folder_of(self, package: str) -> str | None:
        """Where a package is, fetched where it has to be; None where the build would not find it."""
        module = self.module_of(package)
        if module is None or f"{module} {self.required[module]} " not in self.sums:
            return None
        folder = f"{self.cache}/{module}@{self.required[module]}"
        if not os.path.isdir(folder):
            print(f"go: downloading {module} {self.required[module]}", file=sys.stderr)
            if fetch(f"{module}/@v/{self.required[module]}.zip") is None:
                return None
            os.makedirs(folder)
        return folder + package.removeprefix(module)


class UnreachableError(Exception):
    pass


def fetch(path: str) -> bytes | None:
    """A file of the module proxy, None where it is off or has no such file."""
    proxy = os.environ.get("GOPROXY", "off")
    if proxy == "off":
        return None
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"{proxy}/{path}", timeout=5) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError:
        return None
    except OSError as error:
        raise UnreachableError(f'Get "{proxy}/{path}": dial tcp: {error}') from error


def latest(module: str) -> str | None:
    """The newest version that the module proxy has."""
    answer = fetch(f"{module}/@latest")
    if answer is None:
        return None
    import json

    return str(json.loads(answer)["Version"])


def go_list() -> int:
    plugin = Plugin()
    if "\nrequir " in plugin.go_mod:
        print(f"go: errors parsing go.mod:\n{os.getcwd()}/go.mod:3: unknown directive: requir", file=sys.stderr)
        return 1
    for package in plugin.imports:
        try:
            folder = plugin.folder_of(package)
        except UnreachableError:
            folder = None
        print(f"P{package}\nD{folder or ''}" + ("\nFcode.go" if folder else "\nE"))
    print(f"Pplugin\nD{os.getcwd()}")
    for name in plugin.sources:
        print(f"F{name}")
    print("M")
    return 0


def go_mod_edit(edits: list[str]) -> int:
    wanted = [edit.removeprefix("-require=").replace("@", " ") for edit in edits]
    lines = "".join(f"require {module}\n" for module in wanted)
    write(of_module("go.mod"), read(of_module("go.mod")).rstrip("\n") + "\n" + lines)
    return 0


def go_mod_tidy() -> int:
    plugin = Plugin()
    if os.environ.get("STUB_TIDY") == "half":
        # go.mod was written, and for go.sum there was no room on the disk.
        write(of_module("go.mod"), "module broken\n")
        print("go: writing go.sum: no space left on device", file=sys.stderr)
        return 1
    lines = plugin.go_mod.rstrip("\n").splitlines()
    sums = plugin.sums
    try:
        for package in plugin.imports:
            module = plugin.module_of(package) or "/".join(package.split("/")[:3])
            version = plugin.required.get(module) or latest(module)
            if version is None:
                print(
                    f"plugin imports\n\t{package}: module lookup disabled by GOPROXY=off"
                    if os.environ.get("GOPROXY") == "off"
                    else f"plugin imports\n\t{package}: cannot find module providing package {package}",
                    file=sys.stderr,
                )
                return 1
            folder = f"{plugin.cache}/{module}@{version}"
            if not os.path.isdir(folder):
                if fetch(f"{module}/@v/{version}.zip") is None:
                    print(f"plugin imports\n\t{package}: module lookup disabled by GOPROXY=off", file=sys.stderr)
                    return 1
                os.makedirs(folder)
            if module not in plugin.required:
                lines.append(f"require {module} {version}")
            if f"{module} {version} " not in sums:
                sums += f"{module} {version} h1:AAAA=\n"
    except UnreachableError as error:
        print(f"go: {error}", file=sys.stderr)
        return 1
    write(of_module("go.mod"), "\n".join(lines) + "\n")
    write(of_module("go.sum"), sums)
    return 0


def tags_of(flags: list[str]) -> list[str]:
    return next((flag for flag in reversed(flags) if flag.startswith("-tags=")), "-tags=")[6:].replace(",", " ").split()


def refusal(plugin: Plugin, *, native: bool) -> str | None:
    """What the compiler refuses the plugin with."""
    for name, content in plugin.sources.items():
        for number, line in enumerate(content.splitlines(), start=1):
            if "undefinedThing" in line:
                column = line.index("undefinedThing") + 1
                return f"# plugin\n{name}:{number}:{column}: undefined: undefinedThing"
            if line.lstrip("\t").startswith("go ") and not native:
                column = line.index("go ") + 1
                return f"{name}:{number}:{column}: attempted to start a goroutine without a scheduler"
    if native and any('"github.com/higress-group/nottinygc"' in content for content in plugin.sources.values()):
        return "# github.com/higress-group/nottinygc\n/mod/bitmap.go:17:14: undefined: cmalloc"
    return None


def is_alone(meeting: str) -> bool:
    """Whether no other plugin's compiler comes to `meeting` within half a minute."""
    write(f"{meeting}/{os.path.basename(os.getcwd())}", "")
    end = time.monotonic() + 30
    while len(os.listdir(meeting)) == 1:
        if time.monotonic() > end:
            return True
        time.sleep(0.01)
    return False


def build(flags: list[str], *, native: bool) -> int:
    time.sleep(float(os.environ.get("STUB_SECONDS", "0")))
    meeting = os.environ.get("STUB_MEETING")
    if meeting and is_alone(meeting):
        print("no other compiler runs", file=sys.stderr)
        return 1
    plugin = Plugin()
    refused = refusal(plugin, native=native)
    if refused is not None:
        print(refused, file=sys.stderr)
        return 1
    with open(flags[flags.index("-o") + 1], "wb") as output:
        output.write(compiled(plugin, flags, native=native))
    edits = os.environ.get("STUB_EDITS")
    if edits == "always" or (edits == "once" and "// edited" not in read("main.go")):
        write("main.go", read("main.go") + "// edited while compiling\n")
    return 0


def compiled(plugin: Plugin, flags: list[str], *, native: bool) -> bytes:
    """The module that a compiler makes: what the plugin is made of decides what it exports and imports."""
    mode = next((flag for flag in reversed(flags) if flag.startswith("-buildmode=")), "")
    exports = ["_initialize" if mode == "-buildmode=c-shared" else "_start"]
    imported = " ".join(plugin.imports)
    if SDK in imported or OLD_SDK in imported:
        newer = native or (_ABI_TAG in tags_of(flags) and SDK in imported)
        exports += ["proxy_abi_version_0_2_100" if newer else "proxy_abi_version_0_2_0", "proxy_on_memory_allocate"]
    collector = next((flag for flag in reversed(flags) if flag.startswith("-gc=")), "")
    if collector == "-gc=custom":
        exports.append("onCollectionEvent")
    content = "".join(plugin.sources.values())
    return wasm(
        exports=exports,
        imports=_HOST_FUNCTION.findall(content),
        custom={"source": text(content), "flags": text(" ".join(flags[2:]))},
    )


def main(name: str, *argv: str) -> int:
    """What one of the programs does, its exit status."""
    match name, *argv:
        case "go", "list", *_flags, "./":
            return go_list()
        case "go", "mod", "tidy":
            return go_mod_tidy()
        case "go", "mod", "edit", *edits:
            return go_mod_edit(edits)
        case "go" | "tinygo", "build", *flags, "./":
            return build(flags, native=name == "go")
        case _:
            print(f"{name} {list(argv)}: not in this stub", file=sys.stderr)
            return 2
