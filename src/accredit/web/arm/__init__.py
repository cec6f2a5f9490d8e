"""Azure Resource Manager's face: enough of it for its clients to sign in here and find their way. It grants nothing."""
