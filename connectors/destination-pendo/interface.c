#include "interface.h"

#include <stdlib.h>

#include "alloc.h"
#include "begin.h"
#include "check.h"
#include "discover.h"
#include "embedded.h"
#include "pendo.h"
#include "row.h"
#include "settings.h"
#include "values.h"

static void
pendo_close(void *self)
{
	struct pendo *pendo = self;

	if (pendo == NULL)
		return;
	pendo_settings_release(pendo);
	free(pendo);
}

static int
pendo_open(
    void **self, struct ab_limits *limits, const struct ab_config *config, struct ab_error *err)
{
	struct pendo *pendo = ab_calloc(1, sizeof(*pendo));

	if (pendo_settings_read(pendo, limits, config, err) != 0) {
		pendo_close(pendo);
		return -1;
	}
	*self = pendo;
	return 0;
}

/* A stream under another schema: what became of its records is told of all of them. */
static void
go_on(struct pendo_stream *before, struct pendo_stream *after)
{
	after->report = before->report;
	before->report = (struct pendo_report){0};
	after->refusals = before->refusals;
	before->refusals = (struct pendo_refusals){0};
}

static int
pendo_streams(void *self, struct ab_stream *streams, size_t count, struct ab_error *err)
{
	struct pendo *pendo = self;

	for (size_t i = 0; i < count; i++) {
		struct pendo_stream *before = streams[i].self;
		struct pendo_stream *made = NULL;
		if (pendo_stream_new(&made, pendo, &streams[i], err) != 0)
			return -1;
		streams[i].self = made;
		streams[i].key_space = 1 + (unsigned)made->kind;
		if (before != NULL)
			go_on(before, made);
	}
	return 0;
}

static void
pendo_stream_close(void *self, void *stream_self)
{
	(void)self;
	pendo_stream_free(stream_self);
}

static enum ab_taken
pendo_append(
    void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	return pendo_row_put(self, batch, record, err);
}

/* At the end of a stream there is nothing to ask, but to tell. If it is the end of all of a good
 * input, all streams are known, so a mapping without one is a mistake. */
static enum ab_ask
end(struct pendo *pendo, const struct ab_exchange *x, struct ab_error *err)
{
	struct ab_stream *stream = x->stream;
	const struct pendo_stream *ours = stream->self;
	char names[1024];

	if (stream->goes_on)
		return AB_SKIP;
	pendo_report_tell(&ours->report, stream, PENDO_NOTE_REPORT);
	if (x->complete && pendo_mappings_unused(&pendo->mappings, names, sizeof(names)))
		ab_note(stream, PENDO_NOTE_STRANGER,
		    "the configuration has settings for streams that are not there: %s", names);
	return pendo_values_end(stream, err) == 0 ? AB_SKIP : AB_REFUSE;
}

static enum ab_ask
pendo_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	struct pendo *pendo = self;

	switch (x->phase) {
	case AB_CHECK:
		return pendo_check_request(pendo, x, out);
	case AB_DISCOVER:
		return pendo_discover_request(pendo, x, out);
	case AB_BEGIN:
		return pendo_begin_request(pendo, x, out);
	case AB_BATCH:
		return pendo_values_request(pendo, x, out);
	case AB_END:
		break;
	}
	return end(pendo, x, err);
}

static enum ab_verdict
pendo_response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	const struct pendo *pendo = self;

	switch (x->phase) {
	case AB_CHECK:
		return pendo_check_response(pendo, x, in, err);
	case AB_DISCOVER:
		return pendo_discover_response(pendo, x, in, err);
	case AB_BEGIN:
		return pendo_begin_response(pendo, x, in, err);
	case AB_BATCH:
	case AB_END:
		break;
	}
	return pendo_values_response(pendo, x, in, err);
}

const struct ab_destination pendo_destination = {
    .name = "destination-pendo",
    .version = EMBEDDED_VERSION,
    .spec = embedded_spec,
    .discovers = true,
    .stream_settings = true,
    .heeds_deletions = true,
    .open = pendo_open,
    .close = pendo_close,
    .streams = pendo_streams,
    .stream_close = pendo_stream_close,
    .append = pendo_append,
    .request = pendo_request,
    .response = pendo_response,
};
