"""What a hostile or careless world may send."""
