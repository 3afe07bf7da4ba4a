"""From a draft to what is published: the parts that are code's to add, and what a platform does not take."""

import re
import unicodedata
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lambdas.agents.cleaning import plain_text
from lambdas.agents.content_generator.contract import Draft, GeneratorInput
from lambdas.agents.inputs import disclaimers_for
from lambdas.agents.offline.material import LINK
from lambdas.agents.offline.phrases import sms_opt_out
from lambdas.domain.compliance.copy_rules import PROFILE_ONLY
from lambdas.domain.limits import LIMITS, measure, sms_segments, text_as_published, without_surplus
from lambdas.domain.models.post import PostContent
from lambdas.domain.platforms import Platform

_IN_TEXT = frozenset({Platform.EMAIL, Platform.SMS, Platform.BLOG})
"""Where the text itself carries the link; elsewhere the publisher puts it at the end."""
_MAX_HASHTAGS = {
    Platform.X: 1,
    Platform.LINKEDIN: 3,
    Platform.INSTAGRAM: 5,
    Platform.FACEBOOK: 1,
    Platform.TIKTOK: 3,
    Platform.THREADS: 1,
    Platform.BLUESKY: 1,
    Platform.YOUTUBE: 3,
}
"""House rule, below every platform's own limit: more look like spam."""
_PLAIN = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "…": "..."}
)
"""One of these in an SMS would force UCS-2 and halve what fits."""
_TAG = re.compile(r"[^\w]")


def max_hashtags(platform: Platform) -> int:
    return _MAX_HASHTAGS.get(platform, 0)


def link_for(request: GeneratorInput) -> str | None:
    """The tagged link of the post, or ``None`` where the product has no page or the platform no links."""
    post, url = request.post, request.post.campaign.product.url
    if url is None or post.platform in PROFILE_ONLY:
        return None
    if post.platform is Platform.SMS:
        return str(url)  # as short as the brief has it: tags would take most of a message
    return tagged_link(
        str(url),
        platform=post.platform,
        campaign=post.campaign.name,
        content=f"post-{post.index + 1:03d}",
        source=request.brand_config.links.utm_source,
    )


def assemble(draft: Draft, request: GeneratorInput, at: datetime) -> PostContent:
    """The content to publish. Markup is gone from every field; link, disclaimers and opt-out are in their places."""
    platform, link = request.post.platform, link_for(request)
    mentions = () if platform in _IN_TEXT else tuple(_tags(draft.mentions, "@"))
    hashtags = tuple(_tags(draft.hashtags, "#"))[: max_hashtags(platform)]
    return PostContent(
        text=without_surplus(platform, _text(draft.text, request, link), hashtags, mentions),
        hashtags=hashtags,
        mentions=mentions,
        alt_text=None,  # of a picture that nobody has made yet, nothing can be said (ADR 80)
        call_to_action=_cleaned(draft.call_to_action, platform),
        link=link,
        subject=_header(draft.subject) if platform is Platform.EMAIL else None,
        preview=_header(draft.preview) if platform is Platform.EMAIL else None,
        title=_cleaned(_header(draft.title), platform) if platform in (Platform.BLOG, Platform.YOUTUBE) else None,
        generated_at=at,
    )


def room_for_text(request: GeneratorInput, hashtags: tuple[str, ...], mentions: tuple[str, ...], at: datetime) -> int:
    """What is left for the draft's text, in the platform's unit, once everything that is added is counted."""
    frame = assemble(Draft(text="x", hashtags=hashtags, mentions=mentions), request, at)
    platform = request.post.platform
    if platform is Platform.SMS:
        return SEGMENT - sms_segments(_beside_link(frame)).units
    # 2: where the text ends without a space of its own, a separator is added on either side.
    return max(0, LIMITS[platform].max_length - measure(platform, text_as_published(platform, frame)) + 1 - 2)


SEGMENT = 160
"""Septets of one SMS of plain characters."""


def _beside_link(frame: PostContent) -> str:
    """An SMS without its draft and its link, with the space that parts them."""
    return " ".join(frame.text.replace(frame.link or "\0", " ").split()).removeprefix("x")


def _text(draft: str, request: GeneratorInput, link: str | None) -> str:
    platform = request.post.platform
    text = _fitted_characters(plain_text(draft), platform)
    if platform in _IN_TEXT and link:
        text = text.replace(LINK, link, 1) if LINK in text else f"{text}{_gap(platform)}{link}"
    text = plain_text(text.replace(LINK, ""))
    if not text or text == link:
        return ""
    missing = [d for d in disclaimers_for(request.brand_config, platform) if d not in text]
    if platform is Platform.SMS:
        missing.append(sms_opt_out(request.post.campaign.language))
    return _gap(platform).join([text, *missing])


def _gap(platform: Platform) -> str:
    return " " if platform is Platform.SMS else "\n\n"


def _fitted_characters(text: str, platform: Platform) -> str:
    """Without characters the platform refuses or charges for."""
    if platform is Platform.SMS:
        return _for_one_segment(" ".join(text.translate(_PLAIN).split()))
    for character in LIMITS[platform].forbidden_characters:
        text = text.replace(character, "‹" if character == "<" else "›")
    return text


def _for_one_segment(text: str) -> str:
    """Letters that GSM-7 lacks lose their accents where another 70 characters would be a second message.

    Spanish and French have some in nearly every sentence; phones have written them plain for as long.
    """
    if sms_segments(text).encoding == "GSM-7" or len(text) <= _SHORT_SMS:
        return text
    return "".join(c if sms_segments(c).encoding == "GSM-7" else _unaccented(c) for c in text)


_SHORT_SMS = 40
"""Characters that, with the opt-out, are one message in any alphabet."""


def _unaccented(character: str) -> str:
    plain = unicodedata.normalize("NFKD", _LIGATURES.get(character, character))
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return kept if kept and sms_segments(kept).encoding == "GSM-7" else character


_LIGATURES = {"œ": "oe", "Œ": "OE", "ŀ": "l"}


def _cleaned(text: str | None, platform: Platform) -> str | None:
    return _fitted_characters(plain_text(text), platform) or None if text else None


def _header(text: str | None) -> str | None:
    """One line, whatever the model wrote: a line break in a mail's header is how mails are forged."""
    return " ".join(plain_text(text).split()) or None if text else None


def _tags(values: tuple[str, ...], mark: str) -> list[str]:
    """Hashtags or mentions in one spelling, without doubles; what is left empty is dropped."""
    inner = (_TAG.sub("", value) if mark == "#" else value.strip().lstrip("@") for value in values)
    return list({word.casefold(): f"{mark}{word}" for word in inner if word and not word.isdigit()}.values())


_MEDIUM = {Platform.EMAIL: "email", Platform.SMS: "sms", Platform.BLOG: "blog", Platform.YOUTUBE: "video"}


def tagged_link(url: str, *, platform: Platform, campaign: str, content: str, source: str | None = None) -> str:
    """``url`` with ``utm_source``, ``utm_medium``, ``utm_campaign`` and ``utm_content``.

    The URL's own query and fragment stay; UTM parameters it already has are replaced. ``source`` is the platform's
    name where absent.
    """
    parts = urlsplit(url)
    own = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not k.lower().startswith("utm_")]
    tags = [
        ("utm_source", source or platform.value),
        ("utm_medium", _MEDIUM.get(platform, "social")),
        ("utm_campaign", slug(campaign)),
        ("utm_content", content),
    ]
    return urlunsplit(parts._replace(query=urlencode(own + tags)))


def slug(text: str) -> str:
    """``text`` in lower-case ASCII words joined by hyphens; ``campaign`` where nothing is left of it."""
    ascii_text = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    return words[:40].rstrip("-") or "campaign"
