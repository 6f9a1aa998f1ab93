"""The delivery engine: from a socket to disk, and from there to every socket of the conversation.

    socket     one socket's state machine: hello, resume, live; what each frame does
    flight     prepared statements that go to PostgreSQL and come back together
    writer     group commit of `send`: one batch in flight, acknowledged after COMMIT
    contention who comes next among those whose commits lost an epoch
    hub        which local socket belongs to which conversation; a batch is encoded and framed once
    relay      the same between processes, through Valkey; a hint that may be lost
    repair     reads from PostgreSQL what a hint did not bring
    revocations, delivered, slow, reads     what the names say
    runtime    one engine an event loop, put together

Everything here lives on one event loop and needs no locks. The database is the truth, always: a process that
dies at any statement loses nothing that it has acknowledged.
"""
