"""The child of `procession serve`: a worker without the web server's weight."""

import gc

from server.late import late, put_off

gc.disable()  # nothing of what is imported can be thrown away
put_off()
work = late("server.worker.program:work_for_parent")
gc.freeze()
gc.enable()
work()
