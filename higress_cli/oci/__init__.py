"""Images that hold a plugin: how they are made, judged, pushed and read."""
