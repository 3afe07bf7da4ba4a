"""Scheduled Lambdas: open requests for approval, and campaigns whose execution was lost."""
