"""What medicine knows, as tables with their sources: units, analytes, names, kinds, codes."""
