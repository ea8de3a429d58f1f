#include "streams.h"

#include <stdlib.h>

#include "alloc.h"

static void
close_one(const struct ab_destination *destination, void *self, void *stream_self)
{
	if (stream_self != NULL && destination->stream_close != NULL)
		destination->stream_close(self, stream_self);
}

int
ab_streams_open(const struct ab_destination *destination, void *self, struct ab_stream *streams,
    size_t count, struct ab_error *err)
{
	if (destination->streams == NULL || count == 0)
		return 0;
	void **before = ab_calloc(count, sizeof(*before));
	for (size_t i = 0; i < count; i++)
		before[i] = streams[i].self;
	const int rc = destination->streams(self, streams, count, err);
	for (size_t i = 0; i < count; i++) {
		void *made = streams[i].self;
		if (made == before[i])
			continue;
		if (rc != 0)
			streams[i].self = before[i];
		close_one(destination, self, rc == 0 ? before[i] : made);
	}
	free(before);
	return rc;
}

void
ab_streams_close(
    const struct ab_destination *destination, void *self, struct ab_stream *streams, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		close_one(destination, self, streams[i].self);
		streams[i].self = NULL;
	}
}
