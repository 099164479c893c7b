"""The host of the embedded cloud: the agent that runs jobs' commands as processes or containers."""
