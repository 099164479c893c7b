"""Fuzzing is bounded by examples, never by the clock: a busy machine is no fault of the code."""

from hypothesis import settings

settings.register_profile("judge", deadline=None)
settings.load_profile("judge")
