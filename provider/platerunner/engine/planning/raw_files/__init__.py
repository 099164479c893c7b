"""What the dataset has: raw files listed, matched, named, left out, missing, told apart."""
