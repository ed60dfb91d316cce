"""What people see of a URL names no user and no password."""

import pytest

from higress_cli.errors import DownloadError
from higress_cli.system.urls import shown, without_secrets


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("http://user:s3cret@mirror.example/go", "http://mirror.example/go"),
        ("http://token@mirror.example", "http://mirror.example"),
        ("https://user:p%40ss@w@mirror.example/a@b", "https://mirror.example/a@b"),
        ("GOPROXY=http://u:p@one.example,https://u:p@two.example,direct", "GOPROXY=http://one.example,https://two.example,direct"),
        ("http://user:x@[::1", "http://[::1"),
        ("https://mirror.example/tinygo@v0.30.0", "https://mirror.example/tinygo@v0.30.0"),
        ("see https://a.example and write to me@b.example", "see https://a.example and write to me@b.example"),
    ],
)  # fmt: skip
def test_user_information_is_left_out(text: str, seen: str) -> None:
    assert shown(text) == seen


def test_an_error_is_clean_in_all_its_parts() -> None:
    url = "http://user:s3cret@mirror.example/go"
    error = DownloadError(f"{url} is down", code="x", hint=f"ask {url}", details={"url": url, "tried": [url, (url,)]})
    clean = without_secrets(error)
    assert "s3cret" not in f"{clean.message}{clean.hint}{clean.details}"
    assert clean.details["tried"][1] == ("http://mirror.example/go",)


def test_an_error_is_clean_within_a_mapping() -> None:
    error = DownloadError("down", code="x", details={"by": {"mirror": "http://u:s3cret@mirror.example", "tries": 3}})
    assert without_secrets(error).details == {"by": {"mirror": "http://mirror.example", "tries": 3}}
