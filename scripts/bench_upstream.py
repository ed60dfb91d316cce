"""A server that costs next to nothing, for benchmarks: every GET gets 200 and the body `ok`.

It prints the port that it listens at: `python -m scripts.bench_upstream`. A process of its own, so that neither the
clients of a benchmark nor a Python server's own work are in the figures.
"""

import asyncio
from typing import Final

_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
_END: Final = b"\r\n\r\n"


class _Protocol(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        # In one write: in two, the second would wait for the client to acknowledge the first.
        while _END in self._received:
            _request, _end, self._received = self._received.partition(_END)
            self._transport.write(_ANSWER)


async def _main() -> None:
    server = await asyncio.get_running_loop().create_server(_Protocol, "127.0.0.1", 0, backlog=200)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
