"""The widgets, one a file: NAME.py, its view NAME.js, and NAME.css for what only this view has."""
