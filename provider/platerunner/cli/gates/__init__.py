"""Commands that answer gates."""
