"""How a worker process begins. It stands alone: nothing that needs Django may be imported before this has run."""

import gc
import signal

import django


def prepare() -> None:
    """Set a worker process up; an interrupt is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    django.setup()
    gc.disable()  # a chunk is half a million tuples without a cycle; looking for one costs a third of the time
