"""The composition root: creates the adapters behind the ports. Every entry point gets its ports from here.

``step`` makes the handler of a workflow state, ``ports_for`` the ports of any other function. An adapter is imported
and created when it is first used, so that a function only loads what it needs.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from lambdas.adapters.aws.clients import client
from lambdas.adapters.system import SystemClock, UlidSource, deadline_of, sleep
from lambdas.settings import (
    AlertSettings,
    BucketSettings,
    CallerSettings,
    EngineSettings,
    InviteSettings,
    LinkSettings,
    MailSettings,
    QuotaSettings,
    SealSettings,
    Settings,
    SettingsError,
    SettingsT,
    TableSettings,
    settings,
)

if TYPE_CHECKING:
    from lambdas.adapters.aws.kms_cipher import KmsCipher
    from lambdas.adapters.aws.parameters import Parameters, SecretKeys
    from lambdas.adapters.aws.s3_manifests import S3Manifests
    from lambdas.adapters.aws.s3_recent_texts import RememberedTexts, S3RecentTexts
    from lambdas.adapters.aws.ses_mailer import SesMailer, SesSenders
    from lambdas.adapters.aws.sns_alerts import SnsAlerts
    from lambdas.adapters.aws.step_functions import StepFunctionsEngine
    from lambdas.adapters.slack_chat import SlackChat
    from lambdas.adapters.step import Step
    from lambdas.adapters.table.active_store import TableActive
    from lambdas.adapters.table.campaign_store import TableCampaigns
    from lambdas.adapters.table.catalog_store import TableCatalog
    from lambdas.adapters.table.checkpoint_store import TableCheckpoints
    from lambdas.adapters.table.due_store import TableDue
    from lambdas.adapters.table.dynamo_table import DynamoTable
    from lambdas.adapters.table.effect_store import TableEffects
    from lambdas.adapters.table.news_store import TableNews
    from lambdas.adapters.table.post_store import TablePosts
    from lambdas.adapters.table.promise_store import TablePromises
    from lambdas.adapters.table.request_store import TableApprovals
    from lambdas.adapters.telemetry import LoggerLog
    from lambdas.domain.models.base import Model
    from lambdas.domain.models.workflow import TaskEvent
    from lambdas.ports.bundle import Deadline, Ports
    from lambdas.ports.services import TextModel
    from lambdas.ports.stores import Limits

EventT = TypeVar("EventT", bound="TaskEvent")

_STORES = ("dynamo_table", "campaign_store", "post_store", "checkpoint_store")
"""What nearly every function works with that has the table."""

_THRESHOLDS = (700, 10, 10)
"""Python's own (docs.python.org/3/library/gc.html): ``lambdas`` raised them for the start."""


class Bootstrap:
    """``Ports`` of one function, created from its settings: for one invocation, or for the lifetime of its process.

    ``deadline``, when Lambda ends the invocation, reaches the table and the model from here and not through steps.
    """

    def __init__(self, settings: Settings, deadline: Deadline | None = None) -> None:
        self._settings, self.deadline = settings, deadline
        self.clock, self.ids = SystemClock(), UlidSource()

    def _need(self, model: type[SettingsT]) -> SettingsT:
        """The function's settings as the class that a port needs. Raises ``SettingsError`` if it lacks them."""
        if not isinstance(self._settings, model):
            raise SettingsError(f"{type(self._settings).__name__} does not inherit from {model.__name__}")
        return self._settings

    @cached_property
    def _table(self) -> DynamoTable:
        from lambdas.adapters.table.dynamo_table import DynamoTable

        return DynamoTable(client("dynamodb"), self._need(TableSettings).table_name, self.deadline)

    @cached_property
    def campaigns(self) -> TableCampaigns:
        from lambdas.adapters.table.campaign_store import TableCampaigns

        return TableCampaigns(self._table)

    @cached_property
    def posts(self) -> TablePosts:
        from lambdas.adapters.table.post_store import TablePosts

        return TablePosts(self._table)

    @cached_property
    def catalog(self) -> TableCatalog:
        from lambdas.adapters.table.catalog_store import TableCatalog

        return TableCatalog(self._table)

    @cached_property
    def checkpoints(self) -> TableCheckpoints:
        from lambdas.adapters.table.checkpoint_store import TableCheckpoints

        return TableCheckpoints(self._table)

    @cached_property
    def approvals(self) -> TableApprovals:
        from lambdas.adapters.table.request_store import TableApprovals

        return TableApprovals(self._table)

    @cached_property
    def effects(self) -> TableEffects:
        from lambdas.adapters.table.effect_store import TableEffects

        return TableEffects(self._table)

    @cached_property
    def news(self) -> TableNews:
        from lambdas.adapters.table.news_store import TableNews

        return TableNews(self._table)

    @cached_property
    def promises(self) -> TablePromises:
        from lambdas.adapters.table.promise_store import TablePromises

        return TablePromises(self._table)

    @cached_property
    def due(self) -> TableDue:
        from lambdas.adapters.table.due_store import TableDue

        return TableDue(self._table)

    @cached_property
    def active(self) -> TableActive:
        from lambdas.adapters.table.active_store import TableActive

        return TableActive(self._table)

    @cached_property
    def limits(self) -> Limits:
        from lambdas.ports.stores import Limits

        of = self._need(QuotaSettings)
        return Limits(of.tenant_campaigns, of.tenant_model_calls)

    @cached_property
    def manifests(self) -> S3Manifests:
        from lambdas.adapters.aws.s3_manifests import S3Manifests

        return S3Manifests(client("s3"), self._need(BucketSettings).manifest_bucket)

    @cached_property
    def recent_texts(self) -> S3RecentTexts:
        from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts

        return S3RecentTexts(client("s3"), self._need(BucketSettings).manifest_bucket)

    @property
    def remembered_texts(self) -> RememberedTexts:
        return _remembered(self._need(BucketSettings).manifest_bucket)

    @cached_property
    def engine(self) -> StepFunctionsEngine:
        """A function without engine settings cannot start executions, but it can answer waiting tasks."""
        from lambdas.adapters.aws.step_functions import StepFunctionsEngine
        from lambdas.ports.engine import BUILD

        of = self._settings
        machines = {BUILD: of.build_state_machine_arn} if isinstance(of, EngineSettings) else {}
        return StepFunctionsEngine(client("stepfunctions"), machines)

    @cached_property
    def model(self) -> TextModel:
        from lambdas.adapters.aws.bedrock import bedrock_model
        from lambdas.adapters.openai_model import openai_model
        from lambdas.agents.model_choice import AgentSettings, choose_model

        of = self._need(AgentSettings)
        bedrock = bedrock_model(self.deadline, of.model_reserve_seconds)
        openai = openai_model(_model_key, self.deadline, of.model_reserve_seconds)
        return choose_model(of, bedrock=bedrock, openai=openai, sleep=sleep)

    @cached_property
    def mailer(self) -> SesMailer:
        from lambdas.adapters.aws.ses_mailer import SesMailer

        of = self._need(MailSettings)
        return SesMailer(client("sesv2"), of.sender_email, of.configuration_set)

    @cached_property
    def chat(self) -> SlackChat:
        from lambdas.adapters.slack_chat import SlackChat

        of = self._need(InviteSettings)
        return SlackChat(client("secretsmanager"), of.slack_secret_prefix, of.slack_api_url)

    @cached_property
    def alerts(self) -> SnsAlerts:
        from lambdas.adapters.aws.sns_alerts import SnsAlerts

        return SnsAlerts(client("sns"), self._need(AlertSettings).alert_topic_arn)

    @cached_property
    def senders(self) -> SesSenders:
        from lambdas.adapters.aws.ses_mailer import SesSenders

        return SesSenders(client("sesv2"))

    @cached_property
    def cipher(self) -> KmsCipher:
        """A function without seal settings can decrypt, but not encrypt."""
        from lambdas.adapters.aws.kms_cipher import KmsCipher

        of = self._settings
        return KmsCipher(client("kms"), of.token_key_id if isinstance(of, SealSettings) else "")

    @property
    def keys(self) -> SecretKeys:
        of = self._settings
        return _secret_keys(
            of.approval_keys_secret if isinstance(of, LinkSettings) else "",
            of.api_keys_secret if isinstance(of, CallerSettings) else "",
        )

    @cached_property
    def log(self) -> LoggerLog:
        from lambdas.adapters.telemetry import LoggerLog, logger

        return LoggerLog(logger())

    @property
    def base_url(self) -> str:
        name = self._need(LinkSettings).approval_base_url_parameter
        return _parameters().text(name) if name else ""


# Kept for the lifetime of the process, although ports are created for each invocation: values that were read and stay
# valid for a while.


@cache
def _secret_keys(approval_secret: str, api_secret: str) -> SecretKeys:
    from lambdas.adapters.aws.parameters import SecretKeys

    secrets = client("secretsmanager")
    return SecretKeys(secrets, SystemClock(), approval_secret=approval_secret, api_secret=api_secret)


@cache
def _model_key(secret: str | None) -> str:
    """A key that is changed is read by new processes, and functions are deployed with a change of their settings."""
    from lambdas.adapters.openai_model import api_key

    return api_key(client("secretsmanager"), secret) if secret else ""


@cache
def _parameters() -> Parameters:
    from lambdas.adapters.aws.parameters import Parameters

    return Parameters(client("ssm"))


@cache
def _remembered(bucket: str) -> RememberedTexts:
    from lambdas.adapters.aws.s3_recent_texts import RememberedTexts, S3RecentTexts

    return RememberedTexts(S3RecentTexts(client("s3"), bucket))


def step(
    name: str,
    event: type[EventT],
    settings: type[Settings],
    logic: Callable[[EventT, Ports], Model],
    *,
    checkpoint: bool = True,
    begin: bool = False,
    approvals: bool = False,
) -> Step[EventT]:
    """The Lambda handler of the state ``name``: ``logic`` inside the wrapper that every step has.

    ``checkpoint=False`` where the step's own records are its checkpoint; ``begin`` where it works for long before it
    writes anything, so that its checkpoint is stored at once; ``approvals`` as in ``load``.
    """
    from lambdas.adapters.step import Step

    event.model_rebuild()
    load(settings, approvals=approvals)
    return Step(name, event, settings, logic, Bootstrap, checkpoint=checkpoint, begin=begin)


def load(model: type[Settings], *, approvals: bool = False) -> None:
    """Import what a function with these settings will use, while Lambda initialises its process and not within its
    first invocation (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html). ``approvals``: with the
    store of requests, whose models are many. What exists by then is not garbage-collected any more."""
    stores = (*_STORES, "request_store") if approvals else _STORES
    for store in stores if issubclass(model, TableSettings) else ():
        import_module(f"lambdas.adapters.table.{store}")
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def ports_for(model: type[Settings], context: object = None) -> Bootstrap:
    """Ports with settings from the environment. ``context`` is the invocation's, which says when it ends."""
    return Bootstrap(settings(model), deadline_of(context))
