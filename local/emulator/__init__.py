"""ministack, started by us.

``python -m local.emulator`` runs the AWS emulator in one process with the corrections that the local stack
needs: see ``slots``, ``exceptions``, ``extraction``, ``autosave`` and ``mailbox``. Each names what it replaces, and
``pinned`` refuses to start against another version of ministack than the one they were written for.
"""
