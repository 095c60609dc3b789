"""The offline half: reads labelled pictures, trains, and writes versions into models_store."""
