"""Commands that bundle and deploy to Amazon MWAA."""
