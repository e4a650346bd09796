"""The kernels in C++ (src/native): the same names and signatures as `reference`, held equal to it by the tests.

Compiled once for each kind of processor; the best that this one can is taken, or the one that `HANDGRAD_CPU` names
(baseline, avx2, avx512). Matrix products are NumPy's. One thread, and the GIL is released in calls that take long.
Arguments are checked: TypeError for another dtype, ValueError for another shape or memory that is not contiguous,
IndexError for an index or label out of range.
"""

import os

from handgrad.errors import UsageError
from handgrad.kernels._native import *  # noqa: F403
from handgrad.kernels._native import use_variant, variants

if wanted := os.environ.get("HANDGRAD_CPU"):
    try:
        use_variant(wanted)
    except ValueError:
        raise UsageError(
            f"HANDGRAD_CPU={wanted}: this processor runs no kernels of that name; it runs {', '.join(variants())}"
        ) from None
