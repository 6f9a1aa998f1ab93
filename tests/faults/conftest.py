"""Figures as JSON lines."""

import json
from collections.abc import Callable

import pytest

Say = Callable[..., None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print one line of figures past what pytest captures."""

    def line(**figures: object) -> None:
        with capsys.disabled():
            print(json.dumps(figures), flush=True)  # noqa: T201

    return line
