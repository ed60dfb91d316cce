"""Where hgw came from, by the direct_url.json that its installer left (PEP 610)."""

import json

import pytest

from higress_cli.origin import requirement_of

GIT = {"vcs": "git", "requested_revision": "main", "commit_id": "0123abc"}


@pytest.mark.parametrize(
    ("found", "requirement"),
    [
        (
            {"url": "https://git.example.com/a/hgw.git", "vcs_info": GIT},
            "higress-cli[local] @ git+https://git.example.com/a/hgw.git@0123abc",
        ),
        (
            {"url": "ssh://git@git.example.com/a/hgw.git", "vcs_info": GIT},
            "higress-cli[local] @ git+ssh://git@git.example.com/a/hgw.git@0123abc",
        ),
        (
            {"url": "https://git.example.com/a/all.git", "vcs_info": GIT, "subdirectory": "tools/hgw"},
            "higress-cli[local] @ git+https://git.example.com/a/all.git@0123abc#subdirectory=tools/hgw",
        ),
        (
            {"url": "https://files.example.com/hgw-1.whl", "archive_info": {"hashes": {"sha256": "ab12"}}},
            "higress-cli[local] @ https://files.example.com/hgw-1.whl#sha256=ab12",
        ),
        (
            {"url": "https://files.example.com/hgw-1.whl", "archive_info": {}},
            "higress-cli[local] @ https://files.example.com/hgw-1.whl",
        ),
    ],
    ids=["git", "git by ssh", "folder of a repository", "archive", "archive without a digest"],
)
def test_a_remote_is_named_with_its_revision(found: dict[str, object], requirement: str) -> None:
    assert requirement_of(json.dumps(found), version="1.0") == requirement


def test_a_password_is_left_out() -> None:
    found = {"url": "https://me:secret@git.example.com/hgw.git", "vcs_info": GIT}

    assert requirement_of(json.dumps(found), version="1.0") == (
        "higress-cli[local] @ git+https://git.example.com/hgw.git@0123abc"
    )


def test_what_came_from_an_index_is_named_by_its_version() -> None:
    assert requirement_of(None, version="1.0") == "higress-cli[local]==1.0"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"url": "file:///home/me/hgw", "dir_info": {"editable": True}}),
        json.dumps({"url": "file:///home/me/hgw-1.whl", "archive_info": {}}),
        json.dumps({"url": "file:///home/me/hgw", "vcs_info": GIT}),
        json.dumps({"url": "https://git.example.com/$(id).git", "vcs_info": GIT}),
        json.dumps({"url": "https://git.example.com/hgw.git", "vcs_info": {"vcs": "git"}}),
        "[]",
        "{",
    ],
    ids=["folder", "file", "local repository", "a shell's words", "no revision", "a list", "no JSON"],
)
def test_what_others_cannot_reach_has_no_requirement(text: str) -> None:
    assert requirement_of(text, version="1.0") is None
