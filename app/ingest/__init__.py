"""Records from registries, read, mapped, parsed and stored."""
