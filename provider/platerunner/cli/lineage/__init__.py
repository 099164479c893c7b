"""`platerunner lineage`: where files come from, and what was made of them."""
