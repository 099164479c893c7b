"""Messages to people: what a spec's `notify` asks for."""
