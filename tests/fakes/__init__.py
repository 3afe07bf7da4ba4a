"""In-memory stand-ins for every port, for tests. They keep the ports' promises: conditions, errors, paging.

Records are kept as they would travel (``to_record``), so what is read back went through the same narrowing as in
the real stores: times to the millisecond, lists as tuples.
"""

from tests.fakes.approvals import MemoryApprovals
from tests.fakes.campaigns import MemoryCampaigns
from tests.fakes.catalog import MemoryCatalog
from tests.fakes.chat import MemoryChat
from tests.fakes.checkpoints import MemoryCheckpoints
from tests.fakes.cipher import MemoryCipher
from tests.fakes.due import MemoryDue
from tests.fakes.effects import MemoryEffects
from tests.fakes.executions import MemoryActive, MemoryAlerts, MemoryExecutions
from tests.fakes.posts import MemoryPosts
from tests.fakes.promises import MemoryPromises
from tests.fakes.recent_texts import MemoryRecentTexts
from tests.fakes.senders import MemorySenders
from tests.fakes.services import MemoryEngine, MemoryKeys, MemoryMailer, MemoryManifests
from tests.fakes.system import MemoryClock, MemoryIds, stored

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
    "stored",
]
