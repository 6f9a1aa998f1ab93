"""The slow link carries everything, in order and both ways, and is as slow as it says or slower."""

import asyncio

from tests.support.slow_link import HEADERS, PACKET, Profile, slow_link


async def _shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each byte with its complement, until the other end has said all."""
    while data := await reader.read(1 << 16):
        writer.write(bytes(255 - octet for octet in data))
        await writer.drain()
    writer.close()


async def test_it_carries_all_bytes_slowly_and_counts_them() -> None:
    server = await asyncio.start_server(_shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    profile = Profile("test", down=2e6, up=1e6, round_trip=0.1, loss=0.05)
    said = bytes(range(250)) * 200
    async with slow_link(profile, port) as link:
        began = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        writer.write(said)
        heard = await reader.readexactly(len(said))
        took = asyncio.get_running_loop().time() - began
        writer.close()
    server.close()
    assert heard == bytes(255 - octet for octet in said)
    assert (link.up.bytes, link.down.bytes) == (len(said), len(said))
    assert link.up.packets >= len(said) // PACKET
    assert link.moved()[0] == len(said) + HEADERS * link.up.packets
    # A handshake, a round trip and what the narrower way needs: a lower bound, however busy it is here.
    assert took >= 2 * profile.round_trip + 8 * len(said) / profile.up
