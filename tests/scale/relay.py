"""Passes connections on, between a port of loopback and a socket file: ``relay.py FROM TO``, each either.

A server that listens on all interfaces is started in a network of its own, which has none but loopback; the
file leads into it.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamWriter


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # the other side is gone, and so is this one now
    finally:
        writer.close()


async def _relay(begin: str, end: str) -> None:
    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            if end.isdigit():
                there = await asyncio.open_connection("127.0.0.1", int(end))
            else:
                there = await asyncio.open_unix_connection(end)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))

    if begin.isdigit():
        server = await asyncio.start_server(connected, "127.0.0.1", int(begin))
    else:
        server = await asyncio.start_unix_server(connected, begin)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_relay(sys.argv[1], sys.argv[2]))
