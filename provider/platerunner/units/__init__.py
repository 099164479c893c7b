"""What a step has to do: patterns, listing, planning, fingerprints, outcomes."""
