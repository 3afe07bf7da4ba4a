"""Sending a message to a person: one template for mails, one attempt for each message, and its outcome.

A mail has the same content as text and as HTML. Its style sheet is in the head, and the mailer inlines it
(``adapters/aws/ses_mailer.py``). Templates are plain string formatting, for a quick cold start. Nothing is claimed
here: the caller records the message before, so that it is not sent twice, and the outcome afterwards.
"""

from collections.abc import Callable
from html import escape
from typing import NamedTuple

from pydantic import validate_email

from lambdas.domain.errors import CampaignError, MailRefusedError, ThrottledError
from lambdas.domain.models.approval import MailState
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.tenant import Sender, TenantSettings
from lambdas.ports.bundle import Ports
from lambdas.ports.services import Mailer

REASON_CHARS = 300
"""Maximum length of the reason for a failed message; a record may have up to sixty reviewers."""
ONE_MESSAGE_SECONDS = 15.0
"""Seconds that must be left in the invocation to send a message: SES may not answer for the ten seconds that its client
waits (``adapters/aws/clients.py``), and the outcome has to be recorded. Messages that are not sent stay due."""


class Wording(NamedTuple):
    """The texts of one mail."""

    label: str
    title: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    button: tuple[str, str] | None
    """URL and label of the button."""
    closing: str
    language: str = "en"
    here: str = ""
    """What leads to the address of the button where the mail is plain text."""


def letter(to: str, subject: str, wording: Wording, tags: dict[str, str], sender: Sender | None) -> Mail:
    """The mail that says ``wording``."""
    return Mail(to=to, subject=subject[:200], text=_text(wording), html=_html(wording), tags=tags, sender=sender)


def one_line(text: str) -> str:
    """Without line breaks, which would end a mail header."""
    return " ".join(text.split())


def people_of(settings: TenantSettings, campaign: Campaign) -> tuple[str, ...]:
    """Who is mailed about a campaign: whom its brief names, else whom the tenant names, else whoever started it."""
    named = campaign.brief.approval.notify or settings.notify
    if named:
        return tuple(named)
    try:
        return (validate_email(campaign.created_by)[1],)
    except ValueError:
        return ()  # a token's subject need not be an address


def have_time(ports: Ports) -> bool:
    """Whether there is time to send another message: its client may wait for an answer until its timeout."""
    return ports.deadline is None or ports.deadline.left(ONE_MESSAGE_SECONDS) > 0


def send_once(mailer: Mailer, mail: Mail) -> tuple[MailState, str | None]:
    """Send a mail that was claimed, and return the outcome, with the reason if it was not sent."""
    try:
        mailer.send(mail)
    except MailRefusedError as error:
        return MailState.REFUSED, error.message[:REASON_CHARS]
    except ThrottledError:
        return MailState.NOT_ACCEPTED, None
    except Exception:  # noqa: BLE001 - no answer, or one that does not say: the mail may be on its way
        return MailState.UNKNOWN, None
    return MailState.SENT, None


def refusal_of(say: Callable[[], None]) -> str | None:
    """Why Slack refused it, without anything that may contain an address; ``None`` if it was accepted."""
    try:
        say()
    except CampaignError as error:
        return error.message[:REASON_CHARS]
    except Exception as error:  # noqa: BLE001 - an outcome like any other, which the record keeps
        return type(error).__name__
    return None


def _text(wording: Wording) -> str:
    facts = "\n".join(f"{name}: {value}" for name, value in wording.facts)
    button = f"{wording.here}\n{wording.button[0]}" if wording.button else ""
    return "\n\n".join(part for part in (*wording.paragraphs, facts, button, wording.closing) if part) + "\n"


def _html(wording: Wording) -> str:
    parts = [f"<p>{escape(paragraph)}</p>" for paragraph in wording.paragraphs]
    parts += [
        f'<p class="fact"><strong>{escape(name)}</strong><br>{escape(value)}</p>' for name, value in wording.facts
    ]
    if wording.button:
        address, words = wording.button
        parts.append(f'<p class="do"><a class="button" href="{escape(address)}">{escape(words)}</a></p>')
    return _PAGE.format(
        title=escape(wording.title),
        label=escape(wording.label),
        style=_STYLE,
        language=wording.language,
        body="\n".join(parts),
        closing=escape(wording.closing),
    )


_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<table class="card" role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0">
<tr><td class="inside">
<p class="label">{label}</p>
<h1>{title}</h1>
{body}
<p class="closing">{closing}</p>
</td></tr>
</table>
</body>
</html>
"""

_STYLE = """
body { margin: 0; padding: 24px 12px; background: #f3f4f6; color: #111827;
  font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
.card { max-width: 560px; background: #ffffff; border: 1px solid #e5e7eb; border-radius: 12px; }
.inside { padding: 32px; }
.label { margin: 0 0 8px; font-size: 13px; letter-spacing: .04em; text-transform: uppercase; color: #4b5563; }
h1 { margin: 0 0 16px; font-size: 22px; line-height: 1.3; }
p { margin: 0 0 16px; font-size: 16px; line-height: 1.5; }
.fact { margin: 0 0 12px; font-size: 15px; }
.do { margin: 24px 0; }
.button { display: inline-block; padding: 14px 24px; border-radius: 8px; background: #1d4ed8; color: #ffffff;
  font-size: 16px; font-weight: 600; text-decoration: none; }
.closing { margin: 0; font-size: 13px; color: #4b5563; }
"""
