"""A gate of a run: question, decision, report."""
