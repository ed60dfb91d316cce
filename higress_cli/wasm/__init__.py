"""WebAssembly modules as values: read, checked and rewritten without an engine."""
