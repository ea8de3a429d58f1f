/*
 * streams.h: what a connector keeps of each stream of a write (ab_stream.self): made by its
 * streams(), and the library's from then on, until its stream_close().
 */
#ifndef AB_STREAMS_H
#define AB_STREAMS_H

#include <stddef.h>

#include "destination.h"

/* Tells the connector its streams. Of one that comes again what was kept before is closed; if they
 * are refused, each keeps what it had. self: the connector's. */
AB_MUST_CHECK int ab_streams_open(const struct ab_destination *destination, void *self,
    struct ab_stream *streams, size_t count, struct ab_error *err);

/* Closes what the connector keeps of the streams; before its close(). */
void ab_streams_close(
    const struct ab_destination *destination, void *self, struct ab_stream *streams, size_t count);

#endif
