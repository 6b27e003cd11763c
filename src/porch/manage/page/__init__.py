"""PAGE: what a browser shows of the door: its picture, live, and the buttons that steer it."""
