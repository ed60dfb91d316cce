"""Which plugins of a repository may build to something else than at a revision, according to git."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from higress_cli.errors import InvalidInput, ToolError, UsageError
from higress_cli.go.mod import go_mod_at, read_go_mod
from higress_cli.go.work import FILE_NAME as GO_WORK
from higress_cli.go.work import find_go_work, listed_folders
from higress_cli.i18n import _
from higress_cli.project.settings import FILE_NAME
from higress_cli.session import Session
from higress_cli.spelling import did_you_mean, nearest
from higress_cli.system import process

_SHARED = frozenset({FILE_NAME, GO_WORK, f"{GO_WORK}.sum"})
"""Files that count for every plugin below their folder."""
_LIKENESS = 0.85
"""Above this a remote's branch is taken for a misspelt one; below it, for one that was not fetched."""


def changed_plugins(session: Session, plugins: Sequence[Path], *, since: str) -> tuple[Path, ...]:
    """Those of `plugins` (absolute) that changed since the commit that the revision and the current one share.

    A change is one in the plugin's folder, in a folder that its go.mod replaces a Go module with or that its go.work
    uses, or in the hgw.yaml or go.work of a parent folder. What is not committed counts as well.

    Raises:
        ToolError: `git-missing`. UsageError: `revision-unknown`, or this is not a repository.
    """
    changed = _changed_files(session, since)
    return tuple(plugin for plugin in plugins if _concerns(plugin, changed, plugins, session))


def _concerns(plugin: Path, changed: Iterable[Path], plugins: Sequence[Path], session: Session) -> bool:
    nested = [other for other in plugins if other != plugin and other.is_relative_to(plugin)]
    folders = _folders_of(plugin, session)
    # A package of a larger Go module may be built from every other package of it that is not a plugin.
    module = go_mod_at(plugin).parent
    return any(
        (path.name in _SHARED and plugin.is_relative_to(path.parent))
        or (path.is_relative_to(plugin) and not any(path.is_relative_to(other) for other in nested))
        or any(path.is_relative_to(folder) for folder in folders)
        or (path.is_relative_to(module) and not any(path.is_relative_to(other) for other in plugins))
        for path in changed
    )


def _folders_of(plugin: Path, session: Session) -> tuple[Path, ...]:
    """The folders outside of the plugin's own that it is built from."""
    try:
        replaced = tuple(read_go_mod(go_mod_at(plugin)).local_modules())
    except InvalidInput:
        replaced = ()
    go_work = find_go_work(plugin, session.variables)
    used = listed_folders(go_work) if go_work is not None else ()
    return tuple(folder for folder in (*replaced, *used) if not plugin.resolve().is_relative_to(folder))


def _changed_files(session: Session, since: str) -> tuple[Path, ...]:
    top = Path(_git(session, "rev-parse", "--show-toplevel", of=since).strip())
    base = _git(session, "merge-base", since, "HEAD", of=since).strip()
    differing = _git(session, "diff", "--name-only", "--no-renames", "-z", base, "--", of=since)
    untracked = _git(session, "ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/", of=since)
    here = session.directory.resolve()
    # Plugins are named by the path that was typed, which may go through a link.
    typed = {here: session.directory}
    files = (top / name for name in (differing + untracked).split("\0") if name)
    return tuple(typed[here] / path.relative_to(here) if path.is_relative_to(here) else path for path in files)


def _git(session: Session, *words: str, of: str) -> str:
    if process.find_program("git", session.variables) is None:
        raise ToolError(
            _("--since asks git what changed, and there is no git here"), code="git-missing", details={"since": of}
        )
    done = process.run(["git", *words], variables=session.variables, cwd=session.directory)
    if done.returncode:
        raise UsageError(
            _("git does not know what changed since `{revision}` (from --since): {reason}").format(
                revision=of, reason=(done.stderr.strip().splitlines() or [_("they share no commit")])[0]
            ),
            code="revision-unknown",
            hint=_advice(session, of),
            details={"since": of},
        )
    return done.stdout


def _advice(session: Session, revision: str) -> str:
    """What to do where git could not tell what changed since `revision`, by the cause."""
    if _answer(session, "rev-parse", "--show-toplevel") is None:
        here = session.directory.resolve()
        if any((folder / ".git").exists() for folder in (here, *here.parents)):
            return "git status"  # it says what is wrong with the repository, such as that it is another user's
        return _("this is not in a git repository: leave out --since, or start one with `git init`")
    if _answer(session, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        return _("the repository has no commit yet: commit first, or leave out --since")
    if _answer(session, "rev-parse", "--is-shallow-repository") == "true":
        return _("fetch the whole history: `git fetch --unshallow`; in a pipeline fetch-depth: 0 or GIT_DEPTH: 0")
    if _answer(session, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is not None:
        return _("name a revision that HEAD shares a commit with; `git log` lists them")
    return _other_revision(session, revision)


def _other_revision(session: Session, revision: str) -> str:
    """The revision that was probably meant, or how to fetch or find it."""
    names = (_answer(session, "for-each-ref", "--format=%(refname:short)") or "").splitlines()
    remote, _slash, branch = revision.partition("/")
    is_remote = bool(branch) and remote in (_answer(session, "remote") or "").splitlines()
    if is_remote and not nearest(revision, names, likeness=_LIKENESS):
        return f"git fetch {remote} {branch}:refs/remotes/{revision}"
    return did_you_mean(revision, names) or "git branch --all"


def _answer(session: Session, *words: str) -> str | None:
    done = process.run(["git", *words], variables=session.variables, cwd=session.directory)
    return done.stdout.strip() if done.returncode == 0 else None
