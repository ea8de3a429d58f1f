"""A run that is cancelled ends like one that is interrupted: nothing it started is left behind. What
it starts hears interrupts also where the run itself does not, in the background of a shell."""

import signal

signal.signal(signal.SIGTERM, signal.default_int_handler)
signal.signal(signal.SIGINT, signal.default_int_handler)
