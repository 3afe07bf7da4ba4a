"""How wide a text will be, without the font: the system's own font differs from machine to machine."""

from typing import Final

_NARROW: Final = frozenset("ijlI.,:;'|!() ")
_SLIM: Final = frozenset('frt-/"[]{}·')
_WIDE: Final = frozenset("mwMW@%—→≥≤")
BOLD: Final = 1.08


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimated width in pixels, on the generous side (DejaVu Sans, the widest of the usual system fonts)."""
    return sum(_em(char) for char in text) * size * (BOLD if bold else 1)


def _em(char: str) -> float:
    if char in _NARROW:
        return 0.34
    if char in _SLIM:
        return 0.43
    if char in _WIDE:
        return 0.95
    if ord(char) > 0x2E7F:  # CJK and emoji take a full em
        return 1.0
    return 0.72 if char.isupper() else 0.63


def shortened(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """``text``, cut with an ellipsis where it would be wider than ``room`` pixels."""
    if width(text, size, bold=bold) <= room:
        return text
    while text and width(text + "…", size, bold=bold) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def duration(milliseconds: float) -> str:
    """``820 ms``, ``4.2 s``, ``3 min 05 s``, ``2 h 07 min``, ``3 d 4 h``."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
