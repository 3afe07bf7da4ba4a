"""Runs the peers' programs in a virtual environment of their own, made when it is first needed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from bench.campaigns import Timing
from local.process import ROOT

LOCK = ROOT / "requirements" / "bench.txt"
PROGRAMS = Path(__file__).parent / "peers"
_LIMIT_SECONDS = 300


class Peer(NamedTuple):
    name: str
    program: str
    tuned: bool


PEERS = (
    Peer("DBOS, SQLite tuned", "dbos_program.py", True),
    Peer("DBOS, as it comes", "dbos_program.py", False),
    Peer("AWS durable, flat map", "durable_program.py", True),
    Peer("AWS durable, as it comes", "durable_program.py", False),
)


def environment(home: Path) -> Path:
    """The environment's Python; installs what ``requirements/bench.txt`` pins unless it is there."""
    python, stamp = home / "bench-venv" / "bin" / "python", home / "bench-venv" / "installed"
    if not stamp.is_file() or stamp.read_text() != LOCK.read_text():
        subprocess.run([sys.executable, "-m", "venv", str(home / "bench-venv")], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", str(LOCK)], check=True)
        stamp.write_text(LOCK.read_text())
    return python


def run(python: Path, peer: Peer, campaigns: int, posts: int) -> Timing:
    command = [str(python), str(PROGRAMS / peer.program), "--campaigns", str(campaigns), "--posts", str(posts)]
    if peer.tuned:
        command.append("--tuned")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS)
    if done.returncode:
        raise RuntimeError(f"{peer.name} failed: {done.stderr[-2_000:]}")
    times = json.loads(done.stdout.splitlines()[-1])
    return Timing(campaigns * posts, times["toApproval"], times["toEnd"])
