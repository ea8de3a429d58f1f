"""Luzmo's rate limiter: per token a bucket that holds so many calls and is refilled steadily."""


class Bucket:
    """The calls one token may still make."""

    def __init__(self, burst, now):
        self.calls = burst
        self.at = now

    def take(self, settings, now):
        """Whether one more call is allowed now; if so it is counted.

        settings: rate calls come back per rate_window seconds, up to burst.
        """
        refill = (now - self.at) * settings.rate / settings.rate_window
        self.calls = min(settings.burst, self.calls + refill)
        self.at = now
        if self.calls < 1:
            return False
        self.calls -= 1
        return True
