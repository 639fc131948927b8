"""Raw folders: what lies in them, classes, splits and masks by folders."""
