"""hgw: one command line for Higress gateway WASM plugins written in Go."""

__version__ = "0.1.0"
DISTRIBUTION = "higress-cli"
"""What pip calls hgw."""
