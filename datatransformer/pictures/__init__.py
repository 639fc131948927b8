"""Pictures of any format as 8-bit JPEG or PNG."""
