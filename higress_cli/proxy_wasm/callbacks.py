"""The functions of a module that a host calls: which parameters and results they have to have.

Envoy judges them when it loads a module (proxy-wasm-cpp-host, `getFunctions` in src/wasm.cc), and so does this host.
"""

from collections.abc import Mapping
from typing import Final

from higress_cli.proxy_wasm.vm import Vm

Shape = tuple[tuple[str, ...], tuple[str, ...]]
"""The types of a function's parameters and of its results."""


def _shape(parameters: int, results: int = 0) -> Shape:
    return ("i32",) * parameters, ("i32",) * results


_SHAPES: Final[Mapping[str, tuple[Shape, ...]]] = {
    "_initialize": (_shape(0),),
    "_start": (_shape(0),),
    "main": (_shape(0), _shape(0, 1), _shape(2, 1)),
    "malloc": (_shape(1, 1),),
    "proxy_on_memory_allocate": (_shape(1, 1),),
    "proxy_on_context_create": (_shape(2),),
    "proxy_on_vm_start": (_shape(2, 1),),
    "proxy_validate_configuration": (_shape(2, 1),),
    "proxy_on_configure": (_shape(2, 1),),
    "proxy_on_tick": (_shape(1),),
    "proxy_on_queue_ready": (_shape(2),),
    "proxy_on_http_call_response": (_shape(5),),
    "proxy_on_redis_call_response": (_shape(4),),
    # ABI 0.1.0 knows no end of stream.
    "proxy_on_request_headers": (_shape(3, 1), _shape(2, 1)),
    "proxy_on_request_body": (_shape(3, 1),),
    "proxy_on_request_trailers": (_shape(2, 1),),
    "proxy_on_response_headers": (_shape(3, 1), _shape(2, 1)),
    "proxy_on_response_body": (_shape(3, 1),),
    "proxy_on_response_trailers": (_shape(2, 1),),
    "proxy_on_done": (_shape(1, 1),),
    "proxy_on_log": (_shape(1),),
    "proxy_on_delete": (_shape(1),),
}


def badly_shaped(vm: Vm) -> str | None:
    """What is wrong with the first function of the module that a host could not call, in Envoy's words."""
    for name, wanted in _SHAPES.items():
        if vm.has(name) and vm.shape(name) not in wanted:
            return f"Bad function signature for: {name}, want: {_words(wanted[0])}, but the module exports: " + _words(
                vm.shape(name)
            )
    return None


def _words(shape: Shape) -> str:
    return " -> ".join(" ".join(types) or "void" for types in shape)
