"""What both sides send to an OTLP collector: which signals, their names, and the trace of a run."""
