"""In-memory stand-ins for the ports, for tests. They keep the ports' promises: conditions, errors, paging.

The stores have none: they are the real ones, on a table in memory.
"""

from tests.fakes.chat import MemoryChat
from tests.fakes.cipher import MemoryCipher
from tests.fakes.engine import MemoryEngine
from tests.fakes.recent_texts import MemoryRecentTexts
from tests.fakes.senders import MemorySenders
from tests.fakes.services import MemoryAlerts, MemoryKeys, MemoryLog, MemoryMailer, MemoryManifests
from tests.fakes.system import MemoryClock, MemoryIds, stored
from tests.fakes.table import MemoryTable

__all__ = [
    "MemoryAlerts",
    "MemoryChat",
    "MemoryCipher",
    "MemoryClock",
    "MemoryEngine",
    "MemoryIds",
    "MemoryKeys",
    "MemoryLog",
    "MemoryMailer",
    "MemoryManifests",
    "MemoryRecentTexts",
    "MemorySenders",
    "MemoryTable",
    "stored",
]
