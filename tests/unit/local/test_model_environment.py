"""Pointing the local stack at a real model: the one thing of a developer's environment that the emulator gets."""

from pathlib import Path

import pytest

from local.emulator.config import EmulatorConfig


def test_only_the_models_whereabouts_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINISTACK_BEDROCK_PROXY_URL", "http://127.0.0.1:11434")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "key")
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    environment = EmulatorConfig(home=Path("/nowhere"), port=4566).environment()
    assert environment["MINISTACK_BEDROCK_PROXY_URL"] == "http://127.0.0.1:11434"
    assert environment["AWS_BEARER_TOKEN_BEDROCK"] == "key"
    assert "AWS_PROFILE" not in environment
