"""A run that is cancelled ends like one that is interrupted: nothing it started is left behind."""

import signal

signal.signal(signal.SIGTERM, signal.default_int_handler)
