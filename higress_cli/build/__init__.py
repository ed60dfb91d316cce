"""How a plugin is compiled, and how the result is judged."""
