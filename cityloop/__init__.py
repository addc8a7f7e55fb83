"""cityloop: a signal becomes a report, a report a case; the case goes once round the loop and is scored."""

__version__ = "0.1.0"
