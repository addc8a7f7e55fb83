"""How a worker process begins. It stands alone: nothing that needs Django may be imported before this has run."""

import gc
import multiprocessing
import os
import signal
import threading

import django


def prepare() -> None:
    """Set a worker process up; an interrupt is the parent's to handle."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    django.setup()
    gc.disable()  # a chunk is half a million tuples without a cycle; looking for one costs a third of the time


def _end_with_parent() -> None:
    """A replay that was killed leaves nobody who goes on beside the next one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
