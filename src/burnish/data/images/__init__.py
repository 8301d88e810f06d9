"""Images in folders: their layout, how they are decoded, where their samples come from."""
