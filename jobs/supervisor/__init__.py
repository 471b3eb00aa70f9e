"""The supervisor: a small program that owns one running script (design, section 5).

    python -S -P -m jobs.supervisor FOLDER

It outlives the worker that started it. It knows nothing of Procession but the folder it is given:

    launch.json   what to run (`jobs.supervisor.launch`)
    lock          locked (flock) for as long as the supervisor lives
    spool         what the script printed, as records (`jobs.supervisor.spool`)
    bell          a FIFO: a byte goes in whenever there is something new
    stop          there if the script is to be stopped, and why; it may come at any time
    control       a FIFO: a byte in it says that `stop` is there now
    events        a FIFO for the script, to tell of itself (`jobs.supervisor.event`)
    report.json   what these events come to (`jobs.supervisor.report`)
    ended.json    written last: how it ended (`jobs.supervisor.end`)

For `stop` and `ended.json` there is room also on a full disk (`jobs.supervisor.room`).

It uses only the standard library, and little of it, so that it starts at once and stays small: of
`signal`, `json` and `ctypes` only the parts in C, because to import those in Python takes longer
than all the rest.
"""
