from higress_cli.errors import ExitCode
from higress_cli.knowledge.catalogue import entries
from scripts.error_pages import outdated, pages


def test_the_pages_are_up_to_date() -> None:
    assert outdated() == [], "the catalogue has changed: run `make pages`"


def test_every_id_has_one_row_in_each_language() -> None:
    for text in pages().values():
        assert all(text.count(f"\n| `{identifier}` |") == 1 for identifier in entries())


def test_every_exit_code_but_success_has_a_section() -> None:
    for text in pages().values():
        assert text.count("\n## ") == len(ExitCode) - 1
