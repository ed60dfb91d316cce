"""hgw's own tools: `<tools>/<name>/<version>+<source>/`, each with a receipt, each complete or absent."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from higress_cli import __version__
from higress_cli.digest import Sha256
from higress_cli.errors import ConflictError, HgwError, ToolError
from higress_cli.i18n import _
from higress_cli.session import Session
from higress_cli.system import fs
from higress_cli.system.staging import put_back, reveal, staging_folder
from higress_cli.system.user_file import read_text
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain.contents import read_contents, write_contents
from higress_cli.toolchain.probe import ask
from higress_cli.toolchain.program_build_info import go_that_compiled

RECEIPT: Final = "receipt.json"
_LOCK: Final = ".lock"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What is known about a tool in the store. Paths are relative to its folder and written with `/`.

    `digest` is the SHA-256 of the downloaded file in lower-case hex, None if there were several (`parts` has theirs
    by file name); `files` counts files and links, except the receipt; `search` are the folders for the PATH;
    `requires` names other folders of the store as `NAME/VERSION+SOURCE`; `built_with` is the version of Go that
    compiled the tool here; `installed` is in RFC 3339.
    """

    name: str
    version: str
    source: str
    origin: str
    executable: str
    home: str | None = None
    search: tuple[str, ...] = ("bin",)
    requires: tuple[str, ...] = ()
    digest: Sha256 | None = None
    parts: Mapping[str, Sha256] | None = field(default=None, hash=False)
    built_with: str | None = None
    files: int = 0
    hgw: str = __version__
    installed: str = ""

    @property
    def folder_name(self) -> str:
        return f"{self.version}+{self.source}"


_COMPILED_HERE: Final = "module"
"""The source of a TinyGo that hgw compiled itself."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A tool in the store with its receipt."""

    folder: Path
    receipt: Receipt

    @property
    def executable(self) -> Path:
        return self.folder / self.receipt.executable

    def tool(self) -> Tool:
        return Tool(
            name=ToolName(self.receipt.name),
            version=self.receipt.version,
            source=self.receipt.source,
            path=self.executable,
            home=None if self.receipt.home is None else (self.folder / self.receipt.home),
            origin=self.receipt.origin,
            built_with=self.receipt.built_with or self._go_inside(),
        )

    def _go_inside(self) -> str | None:
        """The Go that compiled this copy, where hgw compiled it: receipts of early versions do not say."""
        if (self.receipt.name, self.receipt.source) != (ToolName.TINYGO, _COMPILED_HERE):
            return None
        return go_that_compiled(self.executable)


@dataclass(frozen=True, kw_only=True)
class Damage:
    """How a tool in the store is damaged, and which folder must be fetched again."""

    folder: Path
    reason: str


class Store:
    """The tools below one folder. Reading it never writes; a folder without a valid receipt does not count."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self, name: str) -> tuple[Entry, ...]:
        """The tools called `name` that look complete: their receipt, executable and requirements exist."""
        folders = sorted(path for path in self._folders(name) if not path.name.startswith("."))
        read = [entry for folder in folders if (entry := self.read(folder)) is not None]
        return tuple(entry for entry in read if self._looks_whole(entry))

    def folders(self) -> tuple[Path, ...]:
        """Every folder that is a tool or should be one, sorted by name and version."""
        with contextlib.suppress(OSError):
            names = sorted(path.name for path in self.root.iterdir() if path.is_dir() and path.name[0] != ".")
            return tuple(
                folder for name in names for folder in sorted(self._folders(name)) if not folder.name.startswith(".")
            )
        return ()

    def find(self, name: str, version: str, source: str) -> Entry | None:
        """Exactly this tool, None if it is missing or looks incomplete."""
        entry = self.read(self.place(name, version, source))
        return entry if entry is not None and self._looks_whole(entry) else None

    def place(self, name: str, version: str | None, source: str) -> Path:
        """The folder for a tool; the parent of all its versions if the version is not known yet."""
        return self.root / name / f"{version}+{source}" if version else self.root / name

    def entry_of(self, tool: Tool) -> Entry | None:
        """The store's entry for a tool, None for a tool of the system."""
        return self.find(tool.name, tool.version, tool.source) if tool.own else None

    def required(self, entry: Entry) -> tuple[Entry, ...]:
        """The other tools that this one needs in order to run."""
        found = (self.read(self.root / needed) for needed in entry.receipt.requires)
        return tuple(other for other in found if other is not None)

    def search_path(self, entry: Entry) -> tuple[Path, ...]:
        """The folders for the PATH: its own, then those of what it requires."""
        parts = (entry, *self.required(entry))
        return tuple(part.folder / folder for part in parts for folder in part.receipt.search)

    def read(self, folder: Path) -> Entry | None:
        """The tool in `folder`, None if its receipt is missing or invalid."""
        receipt = read_receipt(folder / RECEIPT)
        return Entry(folder=folder, receipt=receipt) if receipt is not None else None

    def damage(self, entry: Entry, variables: Mapping[str, str]) -> Damage | None:
        """How a tool that looks complete is damaged: a file is missing or changed, or it does not report its version.

        Files that were added do no harm.
        """
        for part in (entry, *self.required(entry)):
            reason = _fault(part)
            if reason is not None:
                return Damage(folder=part.folder, reason=reason)
        if entry.receipt.name not in set(ToolName):
            return None
        answer = ask(entry.receipt.name, entry.executable, variables)
        if answer.version == entry.receipt.version:
            return None
        reason = _("{path} does not report version {version}: {answer}").format(
            path=entry.executable, version=entry.receipt.version, answer=answer.raw[:200] or "-"
        )
        return Damage(folder=entry.folder, reason=reason)

    def broken_folders(self, name: str) -> tuple[Path, ...]:
        """Folders for tools that lack a receipt or an executable; one that is named otherwise is somebody else's."""
        return tuple(
            folder
            for folder in sorted(self._folders(name))
            if "+" in folder.name
            and not folder.name.startswith(".")
            and ((entry := self.read(folder)) is None or not self._looks_whole(entry))
        )

    @contextlib.contextmanager
    def changing(self, session: Session) -> Iterator[None]:
        """Lock the store for changes, and remove what a killed hgw left behind.

        A tool that it had set aside to replace it comes back if the new one is not in its place.

        Raises:
            ConflictError: `store-noexec`. ToolError: `store-locked`.
        """
        with fs.exclusive(self.root / _LOCK, reporter=session.reporter, waiting_for=_("the tool store")):
            if fs.executes_nothing(self.root):
                text = _("tools cannot run from {path}: its disk is mounted with noexec")
                raise ConflictError(text.format(path=self.root), code="store-noexec", details={"path": self.root})
            # This process has the lock, so the processes that made these are dead.
            for parent in (self.root, *(path for path in self.root.iterdir() if path.is_dir())):
                for leftover in parent.glob(".*staging-*"):
                    put_back(leftover)
                    fs.remove_tree(leftover)
            yield

    @contextlib.contextmanager
    def unused(self) -> Iterator[bool]:
        """Whether no other hgw changes the store; if so, none does before the context ends."""
        import filelock

        with contextlib.ExitStack() as stack:
            try:
                if self.root.is_dir():
                    stack.enter_context(filelock.FileLock(self.root / _LOCK, timeout=0))
            except filelock.Timeout:
                yield False
                return
            except (OSError, NotImplementedError):
                pass  # a folder that cannot be written, or without locks: nothing can be installed there either
            yield True

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for making a tool in, two levels below the store's root like a finished one."""
        with staging_folder(self.root / "tool") as folder:
            inner = folder / "tool"
            inner.mkdir()
            yield inner

    def adopt(self, staged: Path, receipt: Receipt, *, variables: Mapping[str, str]) -> Entry:
        """Check that the tool in a finished folder runs, write its receipt and move the folder to its place.

        Raises:
            HgwError: see `unusable`; the tool does not report its version.
        """
        write_contents(staged)
        complete = replace(
            receipt, files=fs.count_files(staged), installed=datetime.now(UTC).isoformat(timespec="seconds")
        )
        (staged / RECEIPT).write_text(json.dumps(asdict(complete), indent=2) + "\n", encoding="utf-8")
        entry = Entry(folder=staged, receipt=complete)
        problem = self.damage(entry, variables)
        if problem is not None:
            raise unusable(complete, problem.reason)
        target = self.place(complete.name, complete.version, complete.source)
        reveal(staged, target)
        return Entry(folder=target, receipt=complete)

    def _folders(self, name: str) -> list[Path]:
        with contextlib.suppress(OSError):
            return [path for path in (self.root / name).iterdir() if path.is_dir()]
        return []

    def _looks_whole(self, entry: Entry) -> bool:
        if not entry.executable.is_file():
            return False
        return all(
            (other := self.read(self.root / needed)) is not None and other.executable.is_file()
            for needed in entry.receipt.requires
        )


def read_receipt(path: Path) -> Receipt | None:
    """A receipt; None if it cannot be read or is none. What only a newer hgw knows is passed over."""
    try:
        document = json.loads(read_text(path))
        known: dict[str, Any] = {item.name: document[item.name] for item in fields(Receipt) if item.name in document}
        known |= {name: tuple(known[name]) for name in ("search", "requires") if name in known}
        receipt = Receipt(**known)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = (receipt.name, receipt.version, receipt.source, receipt.origin, receipt.executable, receipt.installed)
    maybe = (receipt.home, receipt.digest, receipt.built_with)
    fits = (
        all(isinstance(text, str) for text in (*texts, *receipt.search, *receipt.requires))
        and all(text is None or isinstance(text, str) for text in maybe)
        and isinstance(receipt.files, int)
    )
    return receipt if fits else None


def unusable(receipt: Receipt, problem: str) -> HgwError:
    """The error for a fetched tool that does not run."""
    return ToolError(
        _("{tool} {version} from {origin} does not run on this machine: {problem}").format(
            tool=receipt.name, version=receipt.version, origin=receipt.origin, problem=problem
        ),
        code="tool-unusable",
    )


def _fault(entry: Entry) -> str | None:
    contents = read_contents(entry.folder)
    if contents is not None:
        return contents.fault(entry.folder)
    files = fs.count_files(entry.folder) - 1
    if files >= entry.receipt.files:
        return None
    return _("{path} has {found} files instead of {expected}").format(
        path=entry.folder, found=files, expected=entry.receipt.files
    )
