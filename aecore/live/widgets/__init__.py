"""The widgets, one a file: NAME.py, its view NAME.js, and NAME.css where it needs more than live.css."""
