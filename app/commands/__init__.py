"""The commands of `trialmatch`, by what they are about; app/cli.py puts them together."""
