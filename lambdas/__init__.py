"""The code that runs in Lambda.

Nearly every object that a cold start creates is kept as long as the process, so collecting garbage during the start is
useless; it takes a tenth of the time. By default Python collects when 700 more objects were created than freed, and
after ten such collections for objects that survived one. The threshold is set here because this module is imported
before anything that a handler imports. ``bootstrap.load``, at the end of a start, restores Python's own thresholds (ADR
74).
"""

import gc

gc.set_threshold(200_000, 1, 1)
