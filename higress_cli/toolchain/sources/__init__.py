"""Where tools come from. Each module gets a tool in one way and puts it whole into the store, or says why not."""
