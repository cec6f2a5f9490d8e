"""Written forms of what this authority knows, as Microsoft's interfaces and tools read and write them. Pure."""
