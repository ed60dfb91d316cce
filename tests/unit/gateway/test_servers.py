"""What a server of hgw saw of a request."""

from higress_cli.gateway.servers import Seen, recorded


def test_the_value_of_a_header_is_read_as_utf_8() -> None:
    seen: list[Seen] = []
    # As a WSGI server hands it over: a character for each byte.
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_X": "é中".encode().decode("latin-1")}
    recorded(lambda _environ, _start: [], seen.append)(environ, lambda *_given: None)
    assert seen[0].headers == {"x": "é中"}
