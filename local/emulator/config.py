"""Configuration of the emulator process, passed by its environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ACCOUNT_ID = "000000000000"
REGION = "us-east-1"
ROOT_ACCESS_KEY = "test"
"""ministack treats this key as the account's root, which no policy restricts. Lambdas never see it: with AUTH on
each runs under a session of its own execution role."""

DEFAULT_WORKERS_PER_FUNCTION = 3
DEFAULT_WORKERS = 8
"""On two cores. Each worker is a Python process of about 70 MB."""

_MODEL = (
    "MINISTACK_BEDROCK_PROXY_URL",
    "MINISTACK_BEDROCK_PROXY_TIMEOUT_SECONDS",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "AWS_BEARER_TOKEN_BEDROCK",
)
"""Variables with which a developer uses a real model (docs/agents.md); nothing else is taken from outside."""
_KEEP = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "VIRTUAL_ENV", "SYSTEMROOT", *_MODEL)


@dataclass(frozen=True)
class EmulatorConfig:
    """``home`` holds everything the emulator writes; ``port`` is where it listens on 127.0.0.1."""

    home: Path
    port: int
    workers: int = DEFAULT_WORKERS
    workers_per_function: int = DEFAULT_WORKERS_PER_FUNCTION
    autosave_seconds: float = 3.0
    plugins: tuple[str, ...] = ()
    """Modules with corrections of their own, such as ``bench.usage``, which counts what AWS would bill."""
    partition_throughput: str = ""
    """``<write units a second>:<burst>`` that a partition takes (``local.emulator.throughput``); empty: any."""
    stale_reads: str = ""
    """``<probability>:<seed>`` of stale reads (``local.emulator.staleness``); empty: none."""

    @property
    def state_dir(self) -> Path:
        return self.home / "state"

    @property
    def objects_dir(self) -> Path:
        return self.home / "objects"

    @property
    def extracted_dir(self) -> Path:
        return self.home / "extracted"

    @property
    def temporary_dir(self) -> Path:
        return self.home / "tmp"

    @property
    def empty_dir(self) -> Path:
        """The working directory. It must stay empty, because ministack imports ``jsonata`` and others by plain name."""
        return self.home / "empty"

    def directories(self) -> tuple[Path, ...]:
        return (self.state_dir, self.objects_dir, self.extracted_dir, self.temporary_dir, self.empty_dir)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "EmulatorConfig":
        return cls(
            home=Path(environment["CAMPAIGN_HOME"]),
            port=int(environment["GATEWAY_PORT"]),
            workers=int(environment.get("LOCAL_WORKERS") or DEFAULT_WORKERS),
            workers_per_function=int(environment.get("LOCAL_WORKERS_PER_FUNCTION") or DEFAULT_WORKERS_PER_FUNCTION),
            autosave_seconds=float(environment.get("LOCAL_AUTOSAVE_SECONDS") or 3.0),
            plugins=tuple(environment.get("LOCAL_EMULATOR_PLUGINS", "").split()),
            partition_throughput=environment.get("LOCAL_PARTITION_THROUGHPUT", ""),
            stale_reads=environment.get("LOCAL_STALE_READS", ""),
        )

    def environment(self) -> dict[str, str]:
        """The complete environment of the process.

        It does not inherit the caller's: the emulator passes its environment to every Lambda worker, which must not see
        a developer's AWS profile or PYTHONPATH.
        """
        return {
            **{name: os.environ[name] for name in _KEEP if name in os.environ},
            "CAMPAIGN_HOME": str(self.home),
            "GATEWAY_PORT": str(self.port),
            "LOCAL_WORKERS": str(self.workers),
            "LOCAL_WORKERS_PER_FUNCTION": str(self.workers_per_function),
            "LOCAL_AUTOSAVE_SECONDS": str(self.autosave_seconds),
            "LOCAL_EMULATOR_PLUGINS": " ".join(self.plugins),
            "LOCAL_PARTITION_THROUGHPUT": self.partition_throughput,
            "LOCAL_STALE_READS": self.stale_reads,
            "BIND_HOST": "127.0.0.1",
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_ACCESS_KEY,
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.state_dir),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.objects_dir),
            "TMPDIR": str(self.temporary_dir),
            "LAMBDA_EXECUTOR": "local",
            # Idle workers beyond a function's first are ended after this time.
            "LAMBDA_WARM_TTL_SECONDS": "60",
            # Our own limit makes callers wait, so ministack's must never throttle them first.
            "LAMBDA_ACCOUNT_CONCURRENCY": "0",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # When ministack starts, it stops every container that it ever labelled; a socket that does not exist keeps
            # it away from a developer's Docker.
            "DOCKER_HOST": f"unix://{self.empty_dir}/no-docker.sock",
            "LOG_LEVEL": os.environ.get("LOCAL_LOG_LEVEL", "WARNING"),
            "PYTHONUNBUFFERED": "1",
        }
