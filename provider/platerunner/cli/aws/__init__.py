"""Commands that check or tidy an AWS account."""
