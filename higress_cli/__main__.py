"""`python -m higress_cli`: the same program as `hgw`."""

from higress_cli.cli.main import entry

if __name__ == "__main__":
    entry()
