"""Where tools come from. Each module here gets tools in one way and installs them, or says why it cannot."""
