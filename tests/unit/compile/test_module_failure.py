"""What is said of Go modules that cannot be fetched, for outputs that the go command really gave."""

from dataclasses import replace

import pytest

from higress_cli.compile.module_failure import Missing, Request, Tried, failed_requests, module_error
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.profile import Profile

WRAPPER = "github.com/alibaba/higress/plugins/wasm-go"
MAIN = f"""\
package main

import (
	"{WRAPPER}/pkg/wrapper"
	"github.com/tidwall/gjson"
)
"""
GO_MOD = f"module demo\n\ngo 1.19\n\nrequire {WRAPPER} v1.4.3\n"
REFUSED = """\
go: downloading github.com/tidwall/gjson v1.17.3
demo imports
	MODULE/pkg/wrapper: MODULE@VERSION: reading http://proxy.example/MODULE/@v/VERSION.zip: STATUS
	server response: This module version is not available.
"""
PINS = {WRAPPER: "v1.4.3", "github.com/tidwall/gjson": "v1.17.3"}


def refused(status: str, *, module: str = WRAPPER, version: str = "v1.4.3") -> str:
    return REFUSED.replace("MODULE", module).replace("VERSION", version).replace("STATUS", status)


@pytest.fixture
def explain(tree):
    def run(output: str, *, main: str = MAIN, go_mod: str = GO_MOD, **facts):
        folder = tree({"main.go": main, "go.mod": go_mod})
        facts = {"imports": [f"{WRAPPER}/pkg/wrapper"], "pins": PINS, **facts}
        return module_error(Missing(directory=folder, **facts), output)

    return run


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            refused("403 Forbidden"),
            Request(
                module=WRAPPER,
                version="v1.4.3",
                proxy="http://proxy.example",
                answer="403 Forbidden (This module version is not available.)",
            ),
        ),
        (
            (
                "go: module github.com/Azure/x: reading "
                "https://user:secret@proxy.example/go/github.com/!azure/x/@v/list: 403 Forbidden"
            ),
            Request(
                module="github.com/Azure/x", version=None, proxy="https://proxy.example/go", answer="403 Forbidden"
            ),
        ),
        (
            (
                'go: github.com/a/b@v1.0.0: Get "https://proxy.example/github.com/a/b/@v/v1.0.0.mod": '
                "dial tcp: lookup proxy.example: no such host"
            ),
            Request(
                module="github.com/a/b",
                version="v1.0.0",
                proxy="https://proxy.example",
                answer="dial tcp: lookup proxy.example: no such host",
            ),
        ),
        ("demo imports\n\tgithub.com/a/b: module lookup disabled by GOPROXY=off", None),
    ],
)
def test_a_request_that_failed_is_read_from_the_go_commands_output(output, expected):
    assert next(failed_requests(output), None) == expected


@pytest.mark.parametrize("status", ["403 Forbidden", "500 Internal Server Error", "407 Proxy Authentication Required"])
def test_a_refusal_names_module_version_importer_proxy_and_status(explain, status):
    error = explain(refused(status))

    assert (error.code, int(error.exit_code)) == ("go-modules-unreachable", 5)
    assert error.message == (
        f"main.go:4: {WRAPPER} v1.4.3 cannot be downloaded: http://proxy.example answers {status} "
        "(This module version is not available.)"
    )
    assert (
        error.hint == "set HGW_MIRROR_GOPROXY to another module proxy, such as `china` or `official`, then build again"
    )


@pytest.mark.parametrize(
    ("status", "code"), [("403 Forbidden", "go-modules-unreachable"), ("404 Not Found", "go-module-version-unknown")]
)
def test_where_hgw_knows_a_version_that_fits_the_hint_writes_it(explain, status, code):
    error = explain(refused(status, version="v1.9.9"))

    assert error.code == code
    assert f"{WRAPPER} v1.9.9" in error.message
    assert error.hint == f"hgw toolchain exec -- go mod edit -require={WRAPPER}@v1.4.3"


def test_a_proxy_without_a_version_that_is_known_to_exist_is_not_the_versions_fault(explain):
    assert "HGW_MIRROR_GOPROXY" in (explain(refused("404 Not Found")).hint or "")


def test_a_module_of_a_host_that_is_not_public_may_be_private(explain):
    main = MAIN.replace("github.com/tidwall/gjson", "git.corp.example/team/tool/client")

    error = explain(refused("403 Forbidden", module="git.corp.example/team/tool", version="v1.2.0"), main=main)

    assert error.message.startswith("main.go:5: git.corp.example/team/tool v1.2.0 cannot be downloaded: ")
    assert error.hint == "if it is a private module: go env -w GOPRIVATE=git.corp.example/team/tool"


def test_a_module_that_only_a_dependency_imports_is_told_with_its_line_in_go_mod(explain):
    go_mod = GO_MOD + "require git.corp.example/deep v0.1.0 // indirect\n"

    error = explain(
        refused("500 Internal Server Error", module="git.corp.example/deep", version="v0.1.0"), go_mod=go_mod
    )

    assert error.message.startswith("go.mod:6: git.corp.example/deep v0.1.0 cannot be downloaded: ")


@pytest.mark.parametrize("profile", list(Profile))
def test_the_wrapper_of_the_other_profile_is_told_with_the_path_of_the_own_one(explain, profile):
    pins = go_profile(profile).pins
    (own,) = go_profile(profile).direct(["wrapper"])
    (other,) = go_profile(next(item for item in Profile if item != profile)).direct(["wrapper"])
    package = f"{other.path}/pkg/wrapper"
    output = f"go: module {package}: reading http://proxy.example/{package}/@v/list: 403 Forbidden\n"

    error = explain(
        output, main=f'package main\n\nimport "{package}"\n', go_mod="module demo\n", pins=pins, imports=[package]
    )

    assert error.hint == f"write {own.path}/pkg/wrapper in main.go:3: that is the wrapper for the plugin's compiler"


def test_a_misspelt_import_is_told_with_what_may_be_meant(explain):
    output = (
        "demo imports\n\tgithub.com/tidwal/gjson: cannot find module providing package github.com/tidwal/gjson: "
        "module github.com/tidwal/gjson: reading http://proxy.example/github.com/tidwal/gjson/@v/list: 404 Not Found\n"
    )

    error = explain(output, main=MAIN.replace("tidwall", "tidwal"))

    assert (error.code, int(error.exit_code)) == ("go-module-unknown", 3)
    assert "main.go:5: github.com/tidwal/gjson" in error.message
    assert error.hint == "write github.com/tidwall/gjson in main.go:5, if you mean that"


def test_a_misspelt_import_is_told_where_the_proxy_refuses_lists(explain):
    output = (
        "go: finding module for package github.com/tidwal/gjson\n"
        "demo imports\n\tgithub.com/tidwal/gjson: cannot find module providing package github.com/tidwal/gjson: module "
        "github.com/tidwal/gjson: reading http://proxy.example/github.com/tidwal/gjson/@v/list: 403 Forbidden\n"
    )

    error = explain(output, main=MAIN.replace("tidwall", "tidwal"))

    assert "main.go:5: github.com/tidwal/gjson" in error.message
    assert error.hint == "write github.com/tidwall/gjson in main.go:5, if you mean that"


@pytest.mark.parametrize(
    ("output", "code", "words"),
    [
        (
            (
                f'{WRAPPER}@v1.4.3: Get "https://proxy.example/{WRAPPER}/@v/v1.4.3.zip": '
                "tls: failed to verify certificate: x509: certificate signed by unknown authority"
            ),
            "go-module-certificate",
            "SSL_CERT_FILE",
        ),
        (
            (
                f"\t{WRAPPER}/pkg/wrapper: {WRAPPER}@v1.4.3: verifying module: {WRAPPER}@v1.4.3: initializing "
                'sumdb.Client: checking tree#71909756: Get "https://sum.golang.org/tile/8/3/000.p/4": '
                "dial tcp: lookup sum.golang.org: no such host"
            ),
            "go-checksum-database",
            "GOSUMDB",
        ),
        (
            (
                f"\t{WRAPPER}/pkg/wrapper: {WRAPPER}@v1.4.3: verifying module: {WRAPPER}@v1.4.3: reading "
                "http://proxy.example/sumdb/sum.golang.org/lookup/x@v1.4.3: 403 Forbidden"
            ),
            "go-checksum-database",
            "GOSUMDB",
        ),
    ],
)
def test_a_cause_of_its_own_has_a_hint_of_its_own(explain, output, code, words):
    error = explain(output)

    assert (error.code, int(error.exit_code)) == (code, 5)
    assert error.message.startswith(f"main.go:4: {WRAPPER} v1.4.3 cannot be downloaded: ")
    assert words in (error.hint or "")


def test_without_a_network_the_first_module_that_is_missing_is_named(explain):
    off = "demo imports\n\tx: module lookup disabled by GOPROXY=off\n"
    dead = Tried(source="https://proxy.example", reason="the connection was refused")

    error = explain(off, tried=[dead])

    assert error.message == (
        f"main.go:4: {WRAPPER} v1.4.3 is not on this machine and cannot be downloaded "
        "(https://proxy.example: the connection was refused)"
    )
    assert "HGW_MIRROR_GOPROXY" in (error.hint or "")
    assert explain(off, tried=[dead, replace(dead, remedy="check the proxy")]).hint == "check the proxy"
    forbidden = Tried(source="network", reason="--offline forbids it")
    assert explain(off, tried=[forbidden], offline=True).hint == "run it once without --offline"


def test_a_go_line_that_go_mod_tidy_refuses_leads_to_the_fix(explain):
    error = explain("go: go.mod file indicates go 1.26, but maximum version supported by tidy is 1.20\n")

    assert (error.code, int(error.exit_code), error.hint) == ("go-mod-too-new", 4, "hgw doctor go-mod --fix")


def test_an_unknown_failure_shows_the_go_commands_words_and_no_command_that_finds_nothing(explain):
    error = explain("go: updates to go.mod needed\n")

    assert error.code == "go-mod-unresolved"
    assert "updates to go.mod needed" in error.message
    assert "hgw doctor" not in (error.hint or "")


def test_a_wrapper_that_moved_is_told_to_a_native_plugin_as_that(explain):
    output = (
        f"main.go:4:2: package {WRAPPER}/pkg/wrapper provided by {WRAPPER} at latest version v1.4.3 "
        "but not at required version v1.4.4-0.20260430100333-4e0d69143208\n"
    )

    tinygo, native = explain(output), explain(output, pins=go_profile(Profile.GO).pins)

    assert (tinygo.code, tinygo.hint) == ("wrapper-for-go", "hgw doctor go-mod --fix")
    assert (native.code, int(native.exit_code)) == ("wrapper-moved", 1)
    assert "import github.com/higress-group/wasm-go/pkg/wrapper" in (native.hint or "")
