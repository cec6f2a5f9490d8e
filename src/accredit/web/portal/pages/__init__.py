"""The pages, one file each; what a file exports is ``ROUTES``."""
