"""Tables of users: labels, names of classes, lists, splits."""
