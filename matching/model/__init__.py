"""The nouns of the engine, as frozen dataclasses."""
