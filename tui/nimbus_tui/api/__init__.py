"""What screens ask and change, without any of the screen: each question is a value that calls the assembly."""
