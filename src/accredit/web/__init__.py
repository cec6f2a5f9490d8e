"""What the wire looks like: forms, headers, answers. Nothing here decides anything."""
