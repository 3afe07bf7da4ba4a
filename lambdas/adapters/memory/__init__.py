"""In-memory stand-ins for every port, for tests. They keep the ports' promises: conditions, errors, paging.

Records are kept as they would travel (``to_record``), so what is read back went through the same narrowing as in
the real stores: times to the millisecond, lists as tuples.
"""

from lambdas.adapters.memory.approvals import MemoryApprovals
from lambdas.adapters.memory.campaigns import MemoryCampaigns
from lambdas.adapters.memory.catalog import MemoryCatalog
from lambdas.adapters.memory.chat import MemoryChat
from lambdas.adapters.memory.checkpoints import MemoryCheckpoints
from lambdas.adapters.memory.cipher import MemoryCipher
from lambdas.adapters.memory.due import MemoryDue
from lambdas.adapters.memory.effects import MemoryEffects
from lambdas.adapters.memory.executions import MemoryActive, MemoryAlerts, MemoryExecutions
from lambdas.adapters.memory.posts import MemoryPosts
from lambdas.adapters.memory.promises import MemoryPromises
from lambdas.adapters.memory.recent_texts import MemoryRecentTexts
from lambdas.adapters.memory.senders import MemorySenders
from lambdas.adapters.memory.services import MemoryEngine, MemoryKeys, MemoryMailer, MemoryManifests
from lambdas.adapters.memory.system import MemoryClock, MemoryIds

__all__ = [
    "MemoryActive",
    "MemoryAlerts",
    "MemoryApprovals",
    "MemoryCampaigns",
    "MemoryCatalog",
    "MemoryChat",
    "MemoryCheckpoints",
    "MemoryCipher",
    "MemoryClock",
    "MemoryDue",
    "MemoryEffects",
    "MemoryEngine",
    "MemoryExecutions",
    "MemoryIds",
    "MemoryKeys",
    "MemoryMailer",
    "MemoryManifests",
    "MemoryPosts",
    "MemoryPromises",
    "MemoryRecentTexts",
    "MemorySenders",
]
