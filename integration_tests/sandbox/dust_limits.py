"""The two rate limiters of Dust."""

import math
import time
from collections import deque


class SlidingWindow:
    """So many admitted requests in the last minute; refused ones are not recorded."""

    def __init__(self):
        self.admitted = deque()

    def admit(self, limit, minute):
        """Whether one more is allowed now; if so it is recorded."""
        now = time.monotonic()
        while self.admitted and self.admitted[0] <= now - minute:
            self.admitted.popleft()
        if len(self.admitted) >= limit:
            return False
        self.admitted.append(now)
        return True


class CalendarMinutes:
    """So many requests per route in each calendar minute."""

    def __init__(self):
        self.window = None
        self.counts = {}

    def wait(self, key, limit, minute):
        """0 when admitted, else the whole seconds to the end of this minute (Retry-After)."""
        now = time.time()
        window = now // minute
        if window != self.window:
            self.window = window
            self.counts.clear()
        self.counts[key] = self.counts.get(key, 0) + 1
        if self.counts[key] <= limit:
            return 0
        return max(1, math.ceil((window + 1) * minute - now))
