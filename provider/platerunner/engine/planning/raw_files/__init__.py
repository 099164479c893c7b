"""Raw files of the dataset: listed, matched, named, left out, missing, duplicates."""
