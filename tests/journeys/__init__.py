"""One signal, one history, one city through the whole loop."""
