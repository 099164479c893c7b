"""Why jobs were ended by us: the words that Batch keeps as their `statusReason`, and by which they are known again."""

CLEARED = "platerunner: the task was cleared, marked or killed"
"""Nobody waited for the jobs any more; a task that finds them later runs their units again."""
