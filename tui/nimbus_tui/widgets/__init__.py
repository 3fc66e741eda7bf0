"""What screens are made of: each draws values that it is given, and reads nothing."""
