"""A second, naive reading of the game notices, to check the library against."""
