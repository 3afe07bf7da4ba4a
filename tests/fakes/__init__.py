"""In-memory stand-ins for the ports, for tests. They keep the ports' promises: conditions, errors, paging.

The stores have none: they are the real ones, on a table in memory.
"""

from tests.fakes.chat import MemoryChat
from tests.fakes.cipher import MemoryCipher
from tests.fakes.executions import MemoryAlerts, MemoryExecutions
from tests.fakes.recent_texts import MemoryRecentTexts
from tests.fakes.senders import MemorySenders
from tests.fakes.services import MemoryEngine, MemoryKeys, MemoryMailer, MemoryManifests
from tests.fakes.system import MemoryClock, MemoryIds, stored
from tests.fakes.table import MemoryTable

__all__ = [
    "MemoryAlerts",
    "MemoryChat",
    "MemoryCipher",
    "MemoryClock",
    "MemoryEngine",
    "MemoryExecutions",
    "MemoryIds",
    "MemoryKeys",
    "MemoryMailer",
    "MemoryManifests",
    "MemoryRecentTexts",
    "MemorySenders",
    "MemoryTable",
    "stored",
]
