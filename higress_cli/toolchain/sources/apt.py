"""apt as a client of the distribution's packages, for any user, without changing the system.

Lists, caches and downloads are in the scratch folder; apt verifies the lists' signatures and the digests in them as
always. The distribution's own update hooks are disabled, since they are for the system.
"""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.digest import Sha256
from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.system import process
from higress_cli.system.fs import sha256_of
from higress_cli.system.urls import shown
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.sources.contract import Download
from higress_cli.toolchain.work import Work

PROGRAMS: Final = ("apt-get", "apt-cache", "dpkg-deb")
_SECONDS: Final = 3600.0
_ASKING_SECONDS: Final = 20.0
# `#clear` first: these settings are lists, to which a plain setting would add.
_CONFIGURATION: Final = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::Contents-deb;
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Retries "0";
Acquire::http::Timeout "5";
Acquire::https::Timeout "5";
"""


@dataclass(frozen=True, kw_only=True)
class DebianPackage:
    """A package in apt's lists: `file` is NAME_VERSION_ARCHITECTURE.deb, `sha256` is from the signed list."""

    file: str
    url: str
    bytes: int
    sha256: Sha256 | None

    @property
    def name(self) -> str:
        return self.file.partition("_")[0]

    @property
    def version(self) -> str:
        """The version without its epoch: NAME_1%3a16.0.6-15_amd64.deb has 16.0.6-15."""
        return self.file.split("_")[1].rpartition("%3a")[2]


def read_uris(output: str) -> tuple[DebianPackage, ...]:
    """Parse the output of `apt-get --print-uris`: lines of 'URI' FILE SIZE ALGORITHM:DIGEST."""
    fields = [line.split() for line in output.splitlines() if line.startswith("'")]
    return tuple(
        DebianPackage(
            file=field[1],
            url=field[0].strip("'"),
            bytes=int(field[2]),
            sha256=Sha256(field[3].removeprefix("SHA256:")) if field[3].startswith("SHA256:") else None,
        )
        for field in fields
        if len(field) > 3 and field[1].count("_") > 1 and field[2].isdecimal()  # noqa: PLR2004 -- the columns
    )


def missing_programs(work: Work) -> tuple[str, ...]:
    """The programs of apt that the machine lacks."""
    return tuple(name for name in PROGRAMS if work.program(name) is None)


def described(work: Work, names: Sequence[str]) -> tuple[Download, ...]:
    """The downloads for these packages; sizes are known if the machine's own lists are filled.

    Raises:
        PassedOver: apt reaches no server.
    """
    if problem := work.reach.client_problem("apt"):
        raise _unreachable(problem)
    known: dict[str, DebianPackage] = {}
    if work.measuring:
        asked = process.run(
            ["apt-get", "download", "--print-uris", *names],
            variables=process.child_environment(work.session.variables, {"LC_ALL": "C"}),
            timeout=_ASKING_SECONDS,
        )
        known = {package.name: package for package in read_uris(asked.stdout)}
    return tuple(
        Download(name=name, url=shown(known[name].url), bytes=known[name].bytes, digest=known[name].sha256)
        if name in known
        else Download(name=name)
        for name in names
    )


def update(work: Work, *, activity: Activity) -> None:
    """Fetch the package lists, once per run.

    Raises:
        PassedOver: none of apt's configured servers answers.
    """
    if problem := work.reach.client_problem("apt"):
        raise _unreachable(problem)
    folder = _folder(work)
    done = folder / "updated"
    if done.exists():
        return
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    path = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    (folder / "apt.conf").write_text(_CONFIGURATION.format(folder=path), encoding="utf-8")
    if problem := work.reach.all_closed(_sites(work)):
        work.reach.client_failed("apt", problem)
        raise _unreachable(problem)
    updated = work.run(_command(work, "apt-get", "-q", "update"), activity=activity, timeout=_SECONDS)
    # To apt an unreachable host is only a warning; what matters is whether any list arrived.
    if updated.returncode != 0 or not _has_lists(folder):
        reason = work.failure(updated)
        work.reach.client_failed("apt", reason)
        raise _unreachable(reason)
    done.touch()


def package_names(work: Work, *, activity: Activity) -> frozenset[str]:
    """The names of all packages in the lists."""
    return frozenset(work.run(_command(work, "apt-cache", "pkgnames"), activity=activity).stdout.split())


def missing_libraries(work: Work, roots: Sequence[str], *, activity: Activity) -> tuple[str, ...]:
    """The dependencies of the packages `roots` that the system lacks, except those that must be the system's own."""
    command = _command(work, "apt-get", "install", "--no-install-recommends", "--print-uris", "-qq", *roots)
    simulated = work.run(command, activity=activity)
    never = pins.packages().llvm.never
    names = [package.name for package in read_uris(simulated.stdout)]
    return tuple(
        name for name in names if name not in roots and not any(fnmatch.fnmatch(name, pattern) for pattern in never)
    )


def download(work: Work, names: Sequence[str], folder: Path, *, activity: Activity) -> tuple[DebianPackage, ...]:
    """Download the packages to `folder`, each with the digest from apt's signed lists.

    Raises:
        PassedOver: one of them is unreachable or does not match the lists.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = work.run(_command(work, "apt-get", "download", "--print-uris", *names), activity=activity, cwd=folder)
    fetched = work.run(
        _command(work, "apt-get", "-q", "download", *names), activity=activity, cwd=folder, timeout=_SECONDS
    )
    files = {path.name for path in folder.glob("*.deb")}
    if fetched.returncode != 0 or len(files) < len(set(names)):
        raise _unreachable(work.failure(fetched))
    packages = {package.file: package for package in read_uris(listed.stdout)}
    for file in sorted(files):
        expected = packages[file].sha256 if file in packages else None
        if sha256_of(folder / file) != expected:
            raise PassedOver(
                _("{file} is not what the package lists say: SHA-256 expected {expected}").format(
                    file=file, expected=expected
                ),
                cause=Cause.NETWORK,
                code="checksum-mismatch",
            )
    return tuple(packages[file] for file in sorted(files))


def unpack(work: Work, package: Path, folder: Path, *, activity: Activity) -> None:
    """Unpack a package into `folder` without running its scripts.

    Raises:
        PassedOver: it cannot be unpacked.
    """
    activity.describe(_("unpacking {name}").format(name=package.name.partition("_")[0]))
    unpacked = work.run(["dpkg-deb", "--extract", str(package), str(folder)], activity=activity)
    if unpacked.returncode != 0:
        raise PassedOver(work.failure(unpacked), cause=Cause.FAILED, code="package-damaged")


def _sites(work: Work) -> tuple[str, ...]:
    """The servers that apt is configured for; empty if it uses anything but plain HTTP(S), or a proxy of its own."""
    variables = work.session.variables
    settings = process.run(["apt-config", "dump"], variables=variables, timeout=_ASKING_SECONDS).stdout
    if any(line.startswith("Acquire::http") and "roxy" in line.split(" ")[0] for line in settings.splitlines()):
        return ()
    command = _command(work, "apt-get", "update", "--print-uris")
    answer = process.run(command, variables=variables, timeout=_ASKING_SECONDS)
    # Indexes have no digests yet, so these lines end with the size.
    sites = tuple(line.split()[0].strip("'") for line in answer.stdout.splitlines() if line.startswith("'"))
    return sites if all(site.startswith(("http://", "https://")) for site in sites) else ()


def _folder(work: Work) -> Path:
    return work.scratch / "apt"


def _command(work: Work, program: str, *arguments: str) -> list[str]:
    return [program, "-c", str(_folder(work) / "apt.conf"), *arguments]


def _has_lists(folder: Path) -> bool:
    return any("_Packages" in path.name for path in (folder / "lists").iterdir())


def _unreachable(reason: str) -> PassedOver:
    return PassedOver(f"apt: {reason}", cause=Cause.NETWORK, code="download-failed")
