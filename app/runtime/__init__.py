"""Running models: backends, the engine that feeds them, and which of them are resident."""
