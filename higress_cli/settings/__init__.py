"""Every setting, declared once, and the order of precedence of their values."""
