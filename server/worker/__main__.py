"""The child of `procession serve`: a worker without the web server's weight."""

from server.late import program

program("server.worker.program:work_for_parent")()
