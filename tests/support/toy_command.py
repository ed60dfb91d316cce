"""A new command, in one file: it counts the letters of a word. The trial of what every command gets without asking."""

from dataclasses import dataclass
from typing import Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.errors import CheckFailed
from higress_cli.result import Result

app = new_app()


@dataclass(frozen=True, kw_only=True)
class ToyResult(Result):
    word: str
    letters: int


@app.command(cls=HgwCommand, help="Count letters.", epilog="hgw toy gateway")
def toy(ctx: typer.Context, word: Annotated[str, typer.Argument(metavar="WORD", help="what to count")]) -> None:
    session = invocation(ctx).session()
    if not word.isalpha():
        raise CheckFailed(f"`{word}` has more than letters", code="toy", hint="hgw toy gateway")
    session.reporter.detail(f"in {session.directory}")
    finish(ctx, ToyResult(word=word, letters=len(word), warnings=("only a toy",)), _show)


def _show(result: ToyResult, ui: Ui) -> None:
    ui.line(f"{result.word} has {result.letters} letters")
