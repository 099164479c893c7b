"""A step of a run: submit, adopt, collect, try again, report."""
