"""How the API's functions log, over the process's logger."""

from aws_lambda_powertools import Logger

from lambdas.domain.errors import CampaignError


class LoggerLog:
    """``RequestLog`` and ``InvocationLog`` over the powertools logger, which scrubs whatever looks like a token."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def begin(self, correlation_id: str) -> None:
        self._logger.set_correlation_id(correlation_id)

    def event(self, name: str, **fields: str) -> None:
        self._logger.warning("security event", extra={"security_event": name, **fields})

    def served(self, method: str, route: str, status: int) -> None:
        self._logger.info("request served", extra={"method": method, "route": route, "status": status})

    def failed(self, error: Exception) -> None:
        self._logger.error("request failed", exc_info=error)

    def started(self, tenant_id: str, campaign_id: str) -> None:
        self._logger.info("campaign started", extra={"tenant_id": tenant_id, "campaign_id": campaign_id})

    def refused(self, error: CampaignError) -> None:
        fields = [field._asdict() for field in error.errors]
        self._logger.warning("campaign refused", extra={"error": error.code, "reason": error.message, "fields": fields})
