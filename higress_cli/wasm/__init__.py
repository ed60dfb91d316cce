"""WebAssembly modules as values: read, judged and rewritten without any engine."""
