"""How conditions are said in Chinese."""

import pytest

from higress_cli import i18n
from higress_cli.gateway.servers import Seen
from higress_cli.project.matcher import Contains, Equals
from higress_cli.project.scenario import RequestMatch
from higress_cli.scenarios.condition_checks import named_subjects, request_words
from higress_cli.scenarios.matching import Subject, describe, verdicts


@pytest.fixture(autouse=True)
def _chinese():
    i18n.activate("zh")
    yield
    i18n.activate("en")


def test_what_a_request_has_is_not_called_a_responses() -> None:
    match = RequestMatch(headers={"hello": Equals("a")}, body=Equals("b"))
    seen = Seen(method="GET", path="/", headers={}, body=b"")

    assert [what for _key, what, _matcher, _subject in named_subjects(match, seen)] == ["请求头 hello", "请求体"]
    assert list(request_words(match)) == ["请求头 hello 为 `a`", "请求体为 `b`"]


@pytest.mark.parametrize(
    ("what", "text"), [("响应体", "响应体包含 `中 文`"), ("响应头 x-a", "响应头 x-a 包含 `中 文`")]
)
def test_a_space_stands_beside_a_word_of_another_script_only(what: str, text: str) -> None:
    assert describe(what, Contains("中 文")) == text
    (verdict,) = verdicts(what, Equals("a"), Subject.of_text(None))
    assert verdict.got == f"{text.partition('包含')[0]}不存在"
