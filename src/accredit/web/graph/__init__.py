"""Microsoft Graph's face: paths, options and JSON come in; what is found or changed goes out. Nothing here decides."""
