"""Names in tables, lists and of masks, and the files that they mean."""
