"""What `procession` can do, a module for each command or group of them."""
