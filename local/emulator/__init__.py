"""The emulator: ministack with corrections.

``python -m local.emulator`` runs the AWS emulator in one process with the corrections that the local stack needs. Each
is a function registered by ``patch`` with what it replaces and the AWS page that gives the reason; ``docs/emulator.md``
lists them all, and the differences that remain.
"""
