"""What `platerunner accept` runs: a spec, its gate, and the wells' script."""
