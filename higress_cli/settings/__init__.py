"""Every setting, declared once, and the one order in which values win."""
