"""The client without its views, under Node, against the same server: two people, attacks, groups,
devices.
"""

from pathlib import Path

from tests.scenarios.stack import Stack
from tests.scenarios.under_node import run


def test_two_cores_under_node_against_the_real_server(stack: Stack, tmp_path: Path) -> None:
    run("real-server", stack, tmp_path, [stack.newcomer() for _ in range(2)])


def test_attacks_under_node_against_the_real_server(stack: Stack, tmp_path: Path) -> None:
    run("real-attacks", stack, tmp_path, [stack.newcomer() for _ in range(4)])


def test_groups_and_devices_under_node_against_the_real_server(own_stack: Stack, tmp_path: Path) -> None:
    run("real-groups", own_stack, tmp_path, [own_stack.newcomer() for _ in range(7)])


def test_unseen_devices_and_stopped_resets_under_node(stack: Stack, tmp_path: Path) -> None:
    run("real-devices", stack, tmp_path, [stack.newcomer() for _ in range(2)])
