"""Writes one planned post, and checks what it wrote."""

from lambdas.agents.content_generator.agent import run

__all__ = ["run"]
