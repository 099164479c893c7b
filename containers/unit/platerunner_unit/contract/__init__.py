"""What both sides share: manifest, evidence, verdict, outcome, patterns, storage, processes."""
