"""The names that Higress gives to the clusters of services."""

from typing import Final

PREFIX: Final = "outbound|"


def cluster_of(host: str, port: int | str) -> str:
    """The cluster of a service, such as `outbound|80||my-svc.dns` for my-svc.dns and port 80.

    A plugin's wrapper builds the same name from the arguments of its client, and takes such names apart
    (wasm-go, pkg/wrapper/cluster_wrapper.go).
    """
    return f"{PREFIX}{port}||{host}"
