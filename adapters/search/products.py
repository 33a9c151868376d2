"""How numpy multiplies: each product in the thread that asks for it.

The library under numpy starts a thread a core for each product and lets them wait for one another
by spinning. On two busy cores that took seventeen times the processor time and twelve times as
long, at the cost of everything else on the machine.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any


@functools.cache
def multiply_in_one_thread() -> None:
    """For this process, from now on; imports numpy."""
    import_module("numpy")  # the limit is set on what is loaded
    threadpoolctl: Any = import_module("threadpoolctl")
    threadpoolctl.threadpool_limits(limits=1, user_api="blas")
