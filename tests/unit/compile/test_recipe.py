import dataclasses
import shlex

import pytest

from higress_cli.abi import Abi
from higress_cli.compile.recipe import make_recipe
from higress_cli.profile import Profile

# The commands of the official guide, as a shell would read them.
GUIDE = {
    (Profile.TINYGO, Abi.V0_2_1): 'tinygo build -o main.wasm -scheduler=none -target=wasi -gc=custom'
    ' -tags="custommalloc nottinygc_finalizer" ./',
    (Profile.TINYGO, Abi.V0_2_100): 'tinygo build -o main.wasm -scheduler=none -target=wasi -gc=custom'
    ' -tags="custommalloc nottinygc_finalizer proxy_wasm_version_0_2_100" ./',
    (Profile.GO, Abi.V0_2_100): "go build -buildmode=c-shared -o main.wasm ./",
}  # fmt: skip


@pytest.mark.parametrize(("profile", "abi"), GUIDE)
def test_the_commands_are_the_guides(profile: Profile, abi: Abi):
    recipe = make_recipe(profile=profile, abi=abi, output="main.wasm")
    assert list(recipe.argv) == shlex.split(GUIDE[profile, abi])


def test_tags_and_flags_are_added_where_the_compiler_reads_them():
    recipe = make_recipe(
        profile=Profile.TINYGO, abi=Abi.V0_2_100, output="o.wasm", tags=["a", "b"], flags=["-no-debug"]
    )
    assert recipe.argv[-3:] == (
        "-tags=custommalloc nottinygc_finalizer a b proxy_wasm_version_0_2_100", "-no-debug", "./",
    )  # fmt: skip
    assert recipe.tags == ("custommalloc", "nottinygc_finalizer", "a", "b", "proxy_wasm_version_0_2_100")
    recipe = make_recipe(profile=Profile.GO, abi=Abi.V0_2_100, output="o.wasm", tags=["a", "b"], flags=["-trimpath"])
    assert recipe.argv == ("go", "build", "-buildmode=c-shared", "-o", "o.wasm", "-tags=a,b", "-trimpath", "./")
    assert recipe.tags == ("a", "b")


def test_the_flags_that_choose_tinygos_files_are_known_without_the_command_line():
    recipe = make_recipe(
        profile=Profile.TINYGO, abi=Abi.V0_2_1, output="o", tags=["a"], flags=["-target=wasip1", "-no-debug"]
    )
    assert recipe.platform_flags == (
        "-scheduler=none", "-target=wasi", "-gc=custom", "-tags=custommalloc nottinygc_finalizer a", "-target=wasip1",
    )  # fmt: skip
    moved = dataclasses.replace(recipe, output="elsewhere.wasm")
    assert moved.argv[:4] == ("tinygo", "build", "-o", "elsewhere.wasm")
    assert moved.argv[4:] == recipe.argv[4:]


def test_native_go_is_told_its_platform_and_tinygo_how_to_collect():
    own = {"GOGC": "off"}
    platform = {"GOOS": "wasip1", "GOARCH": "wasm"}
    assert make_recipe(profile=Profile.GO, abi=Abi.V0_2_100, output="o").collecting(own).edits == platform
    assert make_recipe(profile=Profile.TINYGO, abi=Abi.V0_2_1, output="o").collecting(own).edits == own
