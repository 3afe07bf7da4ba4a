"""The code that runs in Lambda.

Nearly all that a cold start makes lasts as long as its process, so looking through it for garbage is wasted: a tenth of
the time. Python looks when so many more objects were made than freed (700 by default). This stands here because it has
to come before whatever a handler imports (ADR 74).
"""

import gc

gc.set_threshold(200_000)
