"""Measurements: ``python -m bench`` (``make bench``), one module for each question.

Every module's ``measure`` answers counts or ratios within the same run; ``report`` prints them and writes
``.local/bench.json`` with a plot beside it for each series.
"""
