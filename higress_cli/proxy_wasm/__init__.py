"""A proxy-wasm host on wasmtime: runs a plugin as a Higress gateway does, but knows nothing about gateways.

Whoever owns it feeds requests and answers into streams (stream.py) and gets back what the plugin lets through; what
the plugin wants from outside (log, clock, HTTP and Redis calls, ticks) goes to the owner's `PluginOwner`.

Nothing in here waits or starts a thread besides the one that ends calls which take too long (limits.py): all calls of
one plugin come from one thread.
"""
