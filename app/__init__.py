"""The service: HTTP, command line, store and loading around the engine."""
