"""The files under `_platerunner/` in a workspace, as typed records."""
