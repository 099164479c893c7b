"""Commands that run pipelines on this machine."""
