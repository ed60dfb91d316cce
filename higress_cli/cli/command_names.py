"""The commands of hgw: each is a module of its name, or for a group a package that lists its own."""

from typing import Final

# In the order of a plugin's life: that is how help lists them.
COMMANDS: Final = (
    "quickstart",
    "install",
    "doctor",
    "init",
    "build",
    "inspect",
    "run",
    "verify",
    "package",
    "push",
    "clean",
    "toolchain",
    "help",
    "version",
)
