"""After all stories: the audit log holds everything that they did, as an auditor verifies it."""

import pytest

from tests.scenarios.stack import Stack

pytestmark = pytest.mark.after_all_stories


def test_the_log_is_whole_when_all_stories_have_been_told(stack: Stack) -> None:
    said = stack.manage("verify_audit", "--quiet")
    assert said.startswith("GOOD ")
    assert "audit_log_forked" not in (stack.data_dir / "integrator.log").read_text()
