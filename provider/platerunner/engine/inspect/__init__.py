"""What commands and pages read: why units run, what changed, how a run stands."""
