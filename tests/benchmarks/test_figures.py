"""The parts of the benchmarks that compute: medians, targets, profiles, and what the peers' drivers read."""

from collections import Counter

from benchmarks import measure, profile, scale
from benchmarks.load import quantiles
from benchmarks.peers import matrix, xmpp
from benchmarks.peers.targets import compare


def test_the_median_of_runs_keeps_words_and_takes_the_middle_of_numbers() -> None:
    runs = [{"name": "W1", "rate": rate} for rate in (3, 100, 5)]
    assert measure.median_of(runs) == {"name": "W1", "rate": 5}


def test_quantiles_of_a_hundred_values() -> None:
    assert quantiles([float(n) for n in range(100)]) == {"p50_ms": 50.0, "p99_ms": 99.0}


def test_a_ratio_is_judged_by_floor_and_aim_and_memory_the_other_way_round() -> None:
    medians = {
        ("beep-uvicorn", "W1"): {"deliveries_per_s": 600, "p50_ms": 1, "p99_ms": 2},
        ("beep-daphne", "W1"): {"deliveries_per_s": 300, "p50_ms": 1, "p99_ms": 2},
        ("ejabberd", "W1"): {"deliveries_per_s": 100, "p50_ms": 1, "p99_ms": 2},
        ("beep-uvicorn", "W3"): {"kB_per_connection": 30},
        ("ejabberd", "W3"): {"kB_per_connection": 20},
    }
    lines = compare(medians).splitlines()
    (fan_out,) = (line for line in lines if line.startswith("| W1 against ejabberd |"))
    assert "6 × (floor reached) | 3 × (floor reached)" in fan_out
    (memory,) = (line for line in lines if line.startswith("| memory"))
    assert "1.5 × (floor missed)" in memory
    assert not any("Synapse" in line for line in lines)


def test_a_profile_is_cut_by_part_and_by_function() -> None:
    stacks = profile.read(
        [
            "main (a.py:1);_lock (messaging/engine/writer.py:7);x (b.py:2) 3",
            "main (a.py:1);flush (messaging/engine/outlet.py:5);x (b.py:4) 2",
            "main (a.py:1) 1",
        ]
    )
    parts = profile.by_part(stacks)
    assert parts["messages to disk (round trips of the group commit)"] == 3
    assert parts["writing to the sockets"] == 2
    assert parts["event loop and server"] == 1
    assert profile.by_function(stacks) == Counter({"x (b.py)": 5, "main (a.py)": 1})


def test_what_the_peers_send_is_recognised_in_either_quotes() -> None:
    data = (
        b"<message to='a' from='r/n0' type='groupchat' id='b12'><body>x</body></message>"
        b"<message id=\"b13\" to=\"a\"><body>x</body></message><message id='other'/><a xmlns='u' h='7'/>"
    )
    assert xmpp.MESSAGE.findall(data) == [b"12", b"13"]
    assert xmpp.ACK.findall(data) == [b"7"]
    assert matrix._unchunked(b"4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n") == b"abcdef"


def test_machines_are_counted_from_measured_and_assumed_figures() -> None:
    lines = [
        '{"benchmark": "W1", "system": "s", "cpu_us": 10, "cpu_of": {"python": 0.5, "postgres": 0.5}}',
        '{"benchmark": "W2", "system": "s", "cpu_us": 100, "cpu_of": {"python": 0.6, "postgres": 0.4}}',
        '{"benchmark": "W3", "system": "s", "kB_per_connection": 20}',
        '{"benchmark": "W4", "system": "s", "disk_bytes_each": 800, "body": 300}',
        '{"benchmark": "W5", "system": "s", "all_current_s": 5, "server_up_s": 1, "devices": 2000}',
        '{"benchmark": "W2", "system": "another", "cpu_us": 1, "cpu_of": {}}',
    ]
    found = scale.read(lines, "s")
    assert (found.message_us, found.database_us, found.delivery_us) == (60, 40, 5)
    assert (found.return_s, found.row_bytes) == (0.002, 500)
    small = scale.count(scale.Assumed(employees=28_800, messages=10, peak=1, headroom=1), found)
    # 10 messages a second of 60 us, 120 deliveries a second of 5 us
    assert small.messages_per_s == 10
    assert round(small.web_cores, 6) == 0.0012
    assert (small.web_machines, small.shards, small.database_machines) == (2, 1, 3)
    large = scale.count(scale.Assumed(), found)
    assert large.shards > 1
    assert large.machines == large.web_machines + large.database_machines
