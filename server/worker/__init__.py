"""The worker as a program: `procession worker`, or a child of `procession serve`."""

STOP_SCRIPTS = b"!"  # what the server writes to its child before it closes the child's input
