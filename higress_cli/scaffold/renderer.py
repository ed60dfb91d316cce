"""Renders a template and its values to the content of files, in memory: strict and sandboxed.

The delimiters cannot occur in Go, YAML or Markdown: `{@ value @}`, `{@% statement %@}`, `{@# comment #@}`.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import jinja2
import jinja2.sandbox
import yaml

from higress_cli.errors import ConflictError, InvalidInput
from higress_cli.i18n import _
from higress_cli.project.yaml_node import compose
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_bytes

RENDERED_SUFFIX: Final = ".jinja"
CONFIG_FILE: Final = "config.yaml"
_MARKUP: Final = "{@"
_EXECUTABLE: Final = 0o111
_MOST_BYTES: Final = 16 << 20
# The second is what Windows also calls the first.
_REPOSITORY: Final = frozenset({".git", "git~1"})
# Characters that Windows refuses in file names, and separators that could lead out of the project.
_BAD_NAME: Final = re.compile(r'[\x00-\x1f<>:"|?*\\]')


@dataclass(frozen=True, kw_only=True)
class RenderedFile:
    """A file of the new project; `path` is relative to its folder."""

    path: PurePosixPath
    content: bytes
    executable: bool = False


class _OwnFolder(jinja2.FileSystemLoader):
    """The texts of one folder; a link that leads out of it is refused."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        for root in map(Path, self.searchpath):
            path = root / template
            if not path.resolve().is_relative_to(root.resolve()):
                raise _unsafe(path, _("it is a link that leads out of the template"))
            if path.exists() and not path.is_file():
                raise jinja2.TemplateNotFound(template)
        return super().get_source(environment, template)


class Renderer:
    """Renders the texts of one template; includes of `shared/...` are parts that all templates share."""

    def __init__(self, *, template: Path, shared: Path, values: Mapping[str, object]) -> None:
        loader = jinja2.PrefixLoader({"template": _OwnFolder(template), "shared": _OwnFolder(shared)})
        self._environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            variable_start_string=_MARKUP,
            variable_end_string="@}",
            block_start_string=f"{_MARKUP}%",
            block_end_string="%@}",
            comment_start_string=f"{_MARKUP}#",
            comment_end_string="#@}",
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # the results are source files, not pages
            loader=loader,
        )
        self._environment.filters["json_text"] = _json_text
        self._environment.filters["yaml_text"] = _yaml_text
        self._environment.globals.update(values)
        self.config_file = str(values.get("config_file", CONFIG_FILE))
        language = values["lang"]
        self._environment.globals["t"] = lambda en, zh: zh if language == "zh" else en

    def add(self, name: str, value: object) -> None:
        """Define `name` for the texts that are rendered from now on."""
        self._environment.globals[name] = value

    def text(self, source: str, *, where: str) -> str:
        """`source` with its variables filled in; `where` names it in an error.

        Raises:
            ConflictError: `template-invalid`, also for a variable that does not exist.
        """
        if _MARKUP not in source:
            return source
        try:
            return self._environment.from_string(source).render()
        except jinja2.TemplateSyntaxError as error:
            place = f"{error.filename or where}:{error.lineno}"
            raise _invalid(place, error.message or "") from error
        except (jinja2.TemplateError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise _invalid(where, str(error)) from error


def render_files(renderer: Renderer, folders: Sequence[Path]) -> tuple[RenderedFile, ...]:
    """The files of all `folders`, rendered if their names end in `.jinja`; later folders override earlier ones.

    Raises:
        ConflictError: `template-invalid`; `template-unsafe` for a name or a link that leads out of its folder.
    """
    sources: dict[PurePosixPath, Path] = {}
    for folder in folders:
        for source in _files_below(folder):
            relative = source.relative_to(folder).as_posix()
            name = renderer.text(relative.removesuffix(RENDERED_SUFFIX), where=str(source))
            sources[_safe_path(name, source)] = source
    # The plugin's configuration comes first: other files repeat its values.
    config = sources.get(PurePosixPath(renderer.config_file))
    if config is not None:
        renderer.add("config", _config_values(config, _content(renderer, config)))
    return tuple(
        RenderedFile(
            path=path,
            content=_content(renderer, source),
            executable=bool(source.stat().st_mode & _EXECUTABLE),
        )
        for path, source in sorted(sources.items())
    )


def _files_below(folder: Path) -> Iterator[Path]:
    inside = folder.resolve()
    if not inside.is_relative_to(folder.parent.resolve()):
        raise _unsafe(folder, _("it is a link that leads out of the template"))
    for root, names, files in os.walk(folder):
        names.sort()
        for name in (*names, *sorted(files)):
            path = Path(root) / name
            if not path.resolve().is_relative_to(inside):
                raise _unsafe(path, _("it is a link that leads out of the template"))
        yield from (Path(root) / name for name in sorted(files))


def _safe_path(name: str, source: Path) -> PurePosixPath:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or _BAD_NAME.search(name):
        raise _unsafe(source, _("its name becomes `{name}`").format(name=name))
    if any(part.lower() in _REPOSITORY for part in path.parts):
        raise _unsafe(source, _("git would run what is put into {name}").format(name=name))
    return path


def _content(renderer: Renderer, source: Path) -> bytes:
    try:
        content = read_bytes(source, most_bytes=_MOST_BYTES)
    except OSError as error:
        raise _invalid(str(source), read_error(source, error).message) from error
    if source.suffix != RENDERED_SUFFIX:
        return content
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(str(source), str(error)) from error
    try:
        return renderer.text(text.replace("\r\n", "\n"), where=str(source)).encode("utf-8")
    except UnicodeEncodeError as error:  # half a character in an answer
        raise _invalid(str(source), str(error)) from error


def _config_values(source: Path, content: bytes) -> object:
    try:
        node = compose(source, content.decode("utf-8"))
    except InvalidInput as error:
        raise _invalid(str(source), error.message) from error
    return {} if node is None or node.is_null else node.value()


def _json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _yaml_text(value: object) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=False).rstrip("\n")


def _invalid(where: str, problem: str) -> ConflictError:
    return ConflictError(
        _("{where}: the template cannot be rendered: {problem}").format(where=where, problem=problem),
        code="template-invalid",
        details={"template": where},
    )


def _unsafe(path: Path, problem: str) -> ConflictError:
    return ConflictError(
        _("{path}: refused: a template must stay in its own folder: {problem}").format(path=path, problem=problem),
        code="template-unsafe",
        details={"path": path},
    )
