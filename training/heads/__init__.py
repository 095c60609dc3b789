"""What a trained network is taught besides the classes, on its embedding, in seconds."""
