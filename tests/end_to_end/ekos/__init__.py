"""A real KStars with Ekos, without a screen: its desktop, its settings, its D-Bus interface."""
