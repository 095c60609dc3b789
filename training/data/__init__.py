"""Pictures and what is known of them: index, duplicates, splits, views."""
