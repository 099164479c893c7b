"""What a step does with its files: units, their settings, outputs, keys and fingerprints."""
