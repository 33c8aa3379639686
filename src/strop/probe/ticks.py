"""Which clocks time a recording? The machine's own, also while a test has frozen time.

Libraries that freeze time (freezegun) look through the modules for the functions of `time` and replace
them. These are other objects that do the same, so they are not found.
"""

from __future__ import annotations

import time
from functools import partial

perf_counter_ns = partial(time.perf_counter_ns)
process_time_ns = partial(time.process_time_ns)
