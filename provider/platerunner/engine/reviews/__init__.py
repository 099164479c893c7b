"""Architecture reviews: which patterns a spec and its stack use, what each asks, and what is known of that."""
