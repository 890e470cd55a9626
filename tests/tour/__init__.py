"""A tour of the page in Chromium, through every view; it makes the pictures of docs/images."""
