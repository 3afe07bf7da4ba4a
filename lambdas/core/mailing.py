"""Mailing several people, of whom one may have an address that takes no mail."""

from lambdas.core.errors import MailRefusedError
from lambdas.core.models.approval import Reviewer
from lambdas.core.models.mail import Mail
from lambdas.core.ports import Mailer


def deliver(mailer: Mailer, mail: Mail) -> str | None:
    """Why the mail was refused for good, or ``None`` when it was accepted. Temporary errors are raised."""
    try:
        mailer.send(mail)
    except MailRefusedError as error:
        return error.message
    return None


def with_refusals(reviewers: tuple[Reviewer, ...], refused: dict[str, str | None]) -> tuple[Reviewer, ...]:
    """Reviewers as they are after mails to them: ``refused`` says of each one mailed why not, or ``None``."""
    return tuple(r.model_copy(update={"unreachable": refused[r.email]}) if r.email in refused else r for r in reviewers)
