"""Ports for servers that start later: free now, out of the way of outgoing connections, new each time."""

import socket

from beep.leftovers import PORTS, usable_port


def test_a_free_port_that_is_wanted_is_kept() -> None:
    port = usable_port(0)
    assert usable_port(port) == port


def test_each_choice_is_another_port_below_those_of_outgoing_connections() -> None:
    chosen = [usable_port(0) for _ in range(30)]
    assert len(set(chosen)) == 30
    assert set(chosen) <= set(PORTS)


def test_a_taken_port_gives_way() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", usable_port(0)))
        server.listen()
        port = server.getsockname()[1]
        assert usable_port(port) != port
    assert usable_port(port, taken=port) != port
