"""The campaign as a DBOS Transact program on SQLite. Runs in the bench's own virtual environment.

A workflow of steps, each of which DBOS persists: plan, one for each post, then wait for the reviewer's message and
complete. ``--tuned`` switches SQLite to WAL and polls every 10 ms, as one would on one machine; without it everything
is as DBOS comes.
"""

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig
from timing import Arguments, Campaigns, main

POLL_SECONDS = 0.01


@DBOS.step()
def plan(posts: int) -> list[int]:
    return list(range(posts))


@DBOS.step()
def write_post(campaign: str, index: int) -> dict[str, Any]:
    return {"postId": f"{campaign}-{index}", "status": "completed", "text": f"Post {index} of {campaign}. " * 20}


@DBOS.step()
def complete(campaign: str) -> str:
    return f"{campaign} is completed"


@DBOS.workflow()
def build(campaign: str, posts: int) -> str:
    written = [write_post(campaign, index) for index in plan(posts)]
    DBOS.set_event("status", "awaiting_approval" if written else "failed")
    decision = DBOS.recv("decision", timeout_seconds=600)
    if decision != "approved":
        raise RuntimeError(f"nobody approved: {decision}")
    result: str = complete(campaign)
    return result


class DbosCampaigns(Campaigns):
    def __init__(self, arguments: Arguments) -> None:
        url = f"sqlite:///{Path(arguments.directory) / 'dbos.sqlite'}"
        config: DBOSConfig = {"name": "bench", "system_database_url": url, "log_level": "ERROR"}
        if arguments.tuned:
            config["notification_listener_polling_interval_sec"] = POLL_SECONDS
            sa.event.listen(sa.engine.Engine, "connect", _write_ahead)
        self._poll = {"polling_interval_sec": POLL_SECONDS} if arguments.tuned else {}
        self._handles: dict[str, Any] = {}
        DBOS(config=config)
        DBOS.launch()

    def start(self, campaign: str, posts: int) -> None:
        self._handles[campaign] = DBOS.start_workflow(build, campaign, posts)

    def wait_for_approval(self, campaign: str) -> None:
        status = DBOS.get_event(self._handles[campaign].workflow_id, "status", timeout_seconds=600)
        if status != "awaiting_approval":
            raise RuntimeError(f"{campaign} is {status}")

    def approve(self, campaign: str) -> None:
        DBOS.send(self._handles[campaign].workflow_id, "approved", "decision")

    def wait_for_end(self, campaign: str) -> None:
        self._handles[campaign].get_result(**self._poll)

    def close(self) -> None:
        # Its threads poll for ever, and there is nothing left to persist.
        os._exit(0)


def _write_ahead(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


if __name__ == "__main__":
    main(DbosCampaigns)
