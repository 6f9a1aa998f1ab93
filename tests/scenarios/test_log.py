"""After all stories: both logs hold everything that they did, as an auditor and a monitor verify them."""

from pathlib import Path

import pytest

from tests.scenarios.stack import Stack

pytestmark = pytest.mark.after_all_stories


def test_the_log_is_whole_when_all_stories_have_been_told(stack: Stack) -> None:
    said = stack.manage("verify_audit", "--quiet")
    assert said.startswith("GOOD ")
    assert "audit_log_forked" not in (stack.data_dir / "integrator.log").read_text()


def test_the_key_log_is_right_when_all_stories_have_been_told(stack: Stack, tmp_path: Path) -> None:
    said = stack.manage("monitor_keys", "--state", str(tmp_path))
    verified, _, _ = said.partition(" epochs verified")
    assert int(verified) > 0
    assert "key_log_forked" not in (stack.data_dir / "key-log.log").read_text()
