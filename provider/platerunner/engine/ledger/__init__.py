"""The ledger: one row per attempt that was ever made, what it took, and what it cost."""
