"""DOCTOR: whatever keeps a door from doing its work, looked for, and said with the way out."""
