"""The picture or video that goes with a post, by platform."""

from typing import NamedTuple

from lambdas.domain.models.post import AssetRequirements
from lambdas.domain.platforms import Platform


class _Format(NamedTuple):
    kind: str
    width: int
    height: int


# Pixels, as the platforms recommend for feed posts (checked 2026-11): 16:9 on X and blogs, 1.91:1 for link cards on
# LinkedIn and Facebook, 4:5 on Instagram and Threads, 9:16 on TikTok, 16:9 full HD on YouTube. A mail's header is
# 600 px wide at double density.
_FORMATS = {
    Platform.X: _Format("image", 1600, 900),
    Platform.LINKEDIN: _Format("image", 1200, 627),
    Platform.INSTAGRAM: _Format("image", 1080, 1350),
    Platform.FACEBOOK: _Format("image", 1200, 630),
    Platform.TIKTOK: _Format("video", 1080, 1920),
    Platform.THREADS: _Format("image", 1080, 1350),
    Platform.BLUESKY: _Format("image", 1200, 675),
    Platform.YOUTUBE: _Format("video", 1920, 1080),
    Platform.EMAIL: _Format("image", 1200, 600),
    Platform.BLOG: _Format("image", 1600, 900),
}


def asset_for(platform: Platform, visual: str) -> AssetRequirements:
    """What ``platform`` shows beside the text; nothing for SMS."""
    wanted = _FORMATS.get(platform)
    if wanted is None:
        return AssetRequirements()
    return AssetRequirements(kind=wanted.kind, description=visual or None, width=wanted.width, height=wanted.height)
