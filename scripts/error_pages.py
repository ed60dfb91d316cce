"""Write docs/errors.md and docs/errors.zh.md: every id that hgw can end with, from its catalogue.

    python scripts/error_pages.py [--check]

`--check` writes nothing and fails where a page is out of date.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from higress_cli.errors import ExitCode  # noqa: E402 -- from this checkout
from higress_cli.i18n import Translated  # noqa: E402
from higress_cli.knowledge.catalogue import FixText, KnownError, entries  # noqa: E402

DOCS: Final = ROOT / "docs"
PAGES: Final = {"en": DOCS / "errors.md", "zh": DOCS / "errors.zh.md"}
_TITLE: Final = Translated(en="The errors of hgw", zh="hgw 的错误")
_ABOUT: Final = Translated(
    en="`error.code` in the JSON of a command, and `code` of a finding of `hgw doctor`, is one of these ids. An id\n"
    "always ends with the same exit code. This page is made from `higress_cli/data/errors` by `make pages`.",
    zh="命令输出的 JSON 中的 `error.code`，以及 `hgw doctor` 检查结果中的 `code`，都是下列 id 之一。\n"
    "每个 id 对应唯一的退出码。本页由 `make pages` 根据 `higress_cli/data/errors` 生成。",
)
_EXIT: Final = Translated(en="Exit code", zh="退出码")
_COLUMNS: Final = Translated(en="| id | meaning | why, and what to do |", zh="| id | 含义 | 原因与处理方法 |")
_SYSTEMS: Final = {"linux": "Linux", "darwin": "macOS", "windows": "Windows"}
_FAMILIES: Final = {
    ExitCode.CHECK_FAILED: Translated(en="a check found something wrong", zh="检查发现问题"),
    ExitCode.USAGE: Translated(en="wrong usage", zh="用法错误"),
    ExitCode.INVALID_INPUT: Translated(en="a file of the project is invalid or absent", zh="工程文件无效或缺失"),
    ExitCode.TOOL: Translated(en="a tool or an engine is missing or does not fit", zh="工具或引擎缺失或不匹配"),
    ExitCode.DOWNLOAD: Translated(en="a transfer failed", zh="传输失败"),
    ExitCode.CONFLICT: Translated(en="a template or a file conflict", zh="模板或文件冲突"),
    ExitCode.COMPILE: Translated(en="the compiler refused", zh="编译器拒绝"),
    ExitCode.GATEWAY: Translated(en="the local gateway failed", zh="本地网关失败"),
    ExitCode.CONSENT: Translated(en="rights or consent are missing", zh="缺少权限或同意"),
    ExitCode.BUG: Translated(en="a bug in hgw", zh="hgw 的缺陷"),
    ExitCode.INTERRUPTED: Translated(en="interrupted", zh="被中断"),
}


def pages() -> Mapping[Path, str]:
    """Each page and its text."""
    return {path: "\n".join(_lines(language)) for language, path in PAGES.items()}


def outdated() -> list[Path]:
    """The pages that are missing or differ from the catalogue."""
    return [path for path, text in pages().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def _lines(language: str) -> Iterator[str]:
    yield from (f"# {_TITLE.in_(language)}", "", _ABOUT.in_(language), "")
    for code, family in _FAMILIES.items():
        rows = sorted((row for row in entries().values() if row.exit is code), key=lambda row: row.id)
        colon = "：" if language == "zh" else ": "
        yield from (f"## {_EXIT.in_(language)} {int(code)}{colon}{family.in_(language)}", "")
        yield from (_COLUMNS.in_(language), "|---|---|---|")
        yield from (_row(row, language) for row in rows)
        yield ""


def _row(row: KnownError, language: str) -> str:
    cells = (
        row.cause.in_(language),
        *(_fixes(row.fix, language) if row.fix else ()),
        *(f"<{link}>" for link in row.links),
    )
    return f"| `{row.id}` | {_cell(row.title.in_(language))} | {'<br>'.join(_cell(cell) for cell in cells)} |"


def _fixes(fix: FixText, language: str) -> Iterator[str]:
    yield f"→ {fix.in_(language)}"
    for system, name in _SYSTEMS.items():
        if (own := fix.on(system)) is not fix:
            yield f"→ {name}{'：' if language == 'zh' else ': '}{own.in_(language)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is out of date")
    check = parser.parse_args().check
    stale = outdated()
    for path in stale:
        print(path.relative_to(ROOT))
        if not check:
            path.write_text(pages()[path], encoding="utf-8", newline="\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
