from pathlib import Path

import pytest

from higress_cli.fault import Fault, refuse
from higress_cli.go.goroutines import goroutine_faults
from higress_cli.go.syntax import parse
from higress_cli.profile import Profile

REGISTER = "func main() { wrapper.SetCtx(`x`, wrapper.ProcessRequestHeadersBy(onHeaders)) }\n"


def judged(*sources: str, profile: Profile = Profile.TINYGO) -> tuple[Fault, ...]:
    """Each source becomes a file whose line 1 is the package."""
    files = [parse(Path(f"{index}.go"), f"package main\n{source}\n".encode()) for index, source in enumerate(sources)]
    return goroutine_faults(files, profile=profile)


@pytest.mark.parametrize(
    ("sources", "place"),
    [
        (("func main() { go work() }",), "0.go:2:15"),
        (("func main() { wrapper.SetCtx(func() {\ngo func() { log() }()\n}) }",), "0.go:3:1"),
        ((REGISTER + "func onHeaders() { ask() }\nfunc ask() { if x > 1 { go work() } }",), "0.go:4:25"),
        ((REGISTER, "func onHeaders() { client{}.start() }\nfunc (c client) start() { go c.run() }"), "1.go:3:27"),
        (("var cache = fill()\nfunc fill() int { go work(); return 1 }",), "0.go:3:19"),
        (("func init() { for { go work() } }",), "0.go:2:21"),
    ],
)
def test_a_goroutine_that_the_plugin_gets_to_is_named(sources: tuple[str, ...], place: str):
    (fault,) = judged(*sources)
    assert (fault.id, fault.fatal, fault.places) == ("goroutine", True, (place,))
    (fault,) = judged(*sources, profile=Profile.GO)
    assert (fault.fatal, fault.places) == (False, (place,))


@pytest.mark.parametrize(
    "source",
    [
        REGISTER + "func onHeaders() {}\nfunc unused() { go work() }",
        "const debug = false\nfunc main() { if debug { go work() } }",
        "const level = 1\nfunc main() { if level > 2 && x { go work() } }",
        # `start` of another type, and a function of another package with the name of the plugin's own.
        'import "example.com/queue"\nfunc main() { queue.Start() }\nfunc Start() { go work() }',
        "func main() { start := 1; x.start() }\nfunc start() { go work() }",
        "// go work()\nfunc main() { log(`go work()`) }",
    ],
)
def test_what_the_plugin_does_not_get_to_is_not(source: str):
    assert judged(source) == ()


@pytest.mark.parametrize(
    "wait",
    ["<-done", "x := <-done", "wg.Wait()", "for range done { }", "select { case <-done: }"],
)
def test_native_go_runs_what_is_waited_for(wait: str):
    source = f"func main() {{\ngo work()\n{wait}\n}}"
    assert judged(source, profile=Profile.GO) == ()
    assert len(judged(source)) == 1


def test_the_compiler_has_the_last_word():
    (warning,) = refuse(judged("func main() { go work() }"))
    assert warning.startswith("0.go:2:15: ")
