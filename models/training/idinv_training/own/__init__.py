"""Training on images and generators of your own: see `command.py`."""
