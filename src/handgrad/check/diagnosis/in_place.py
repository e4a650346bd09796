"""Whether a program's text changes z in place on the way forward, before a mask is made of it."""

from __future__ import annotations

import re

_NAME = r"([A-Za-z_][\w.]*(?:\[[\w\'\" +-]+\])?)"
_IN_PLACE = (
    rf"{_NAME}\s*\[\s*\1\s*<=?\s*0\.?0?\s*\]\s*=\s*0",  # z[z < 0] = 0
    rf"np\.maximum\(\s*(?:0\.?0?\s*,\s*)?{_NAME}\s*,\s*(?:0\.?0?\s*,\s*)?(?:out\s*=\s*)?\1\s*\)",
    rf"np\.clip\(\s*{_NAME}\s*,[^()]*out\s*=\s*\1\s*\)",
    rf"{_NAME}\s*\*=\s*\(?\s*\1\s*>=?\s*0",  # z *= z > 0
)
_MASK = r">=?\s*0|<=?\s*0|np\.(sign|heaviside)\("


def overwrites_z(text: str) -> bool:
    """Whether some array is cut off at 0 in its own place, and a comparison with 0 stands elsewhere too.

    >>> overwrites_z("h = np.maximum(z, 0, out=z)\\nd = d * (z >= 0)")
    True
    >>> overwrites_z("h = np.maximum(z, 0)\\nd[z <= 0] = 0")
    False
    """
    found = [match.span() for pattern in _IN_PLACE for match in re.finditer(pattern, text)]
    rest = text
    for start, end in sorted(found, reverse=True):
        rest = rest[:start] + rest[end:]
    return bool(found) and re.search(_MASK, rest) is not None
