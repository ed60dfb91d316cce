"""A gateway in this process: an HTTP/1.1 proxy with the proxy-wasm host of `higress_cli.proxy_wasm` in it."""
