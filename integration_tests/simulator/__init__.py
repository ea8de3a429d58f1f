"""A simulator of the Airbyte platform, for destinations.

It starts a connector as the platform starts it and believes of it what the platform believes; what
a user would have seen is the report of an attempt. The platform trusts a destination with much, so
the report has a second part, `offences`: whatever breaks the rules of the protocol, also where the
platform itself would notice nothing.

    host, image_host   where a connector runs: its files, its rights, its memory, its death
    wrapper            the shell script and the environment it is started with
    connection         what the user set up; the catalog, and the names on the wire
    source             a source that can be resumed, or fail
    generated          records for catalogs of real size
    wire               JSON as the platform writes it
    bookkeeping        ids and counts of states on their way out, and whether they come back right
    pipes              the three FIFOs
    orchestrator       one attempt: messages in, messages out, the end
    interruption       what may happen to an attempt in its midst
    report             what is known after it
    sync               attempts until one succeeds, each resumed from where the last came to
    sidecar            spec and check
"""
