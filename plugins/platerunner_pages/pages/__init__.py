"""The pages: each has its addresses in a `router`."""
