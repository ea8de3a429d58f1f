#include "interface.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "alloc.h"
#include "begin.h"
#include "check.h"
#include "count.h"
#include "embedded.h"
#include "luzmo.h"
#include "names.h"
#include "namesakes.h"
#include "push.h"
#include "row.h"
#include "settings.h"
#include "tags.h"
#include "types.h"

static void
luzmo_close(void *self)
{
	struct luzmo *luzmo = self;

	if (luzmo == NULL)
		return;
	luzmo_settings_release(luzmo);
	free(luzmo);
}

static int
luzmo_open(
    void **self, struct ab_limits *limits, const struct ab_config *config, struct ab_error *err)
{
	struct luzmo *luzmo = ab_calloc(1, sizeof(*luzmo));

	if (luzmo_settings_read(luzmo, config, err) != 0) {
		luzmo_close(luzmo);
		return -1;
	}
	luzmo_settings_limits(luzmo, limits);
	*self = luzmo;
	return 0;
}

/* A stream that comes again knows its dataset: see begin.h. */
static void
keep_dataset(struct luzmo_stream *stream, const struct luzmo_stream *former)
{
	const bool replaced = former->replacing && former->off_id[0] == '\0';

	luzmo_columns_follow(&stream->columns, &former->columns, replaced);
	stream->untyped = former->untyped || stream->columns.there < stream->columns.count;
	stream->tally = former->tally;
	stream->linked = former->linked;
	stream->replacing = former->replacing;
	stream->ours = former->ours;
	stream->doubtful = former->doubtful;
	stream->alone = former->alone;
	stream->after = former->after;
	memcpy(stream->dataset, former->dataset, sizeof(stream->dataset));
	memcpy(stream->tag_id, former->tag_id, sizeof(stream->tag_id));
	memcpy(stream->off_id, former->off_id, sizeof(stream->off_id));
	memcpy(stream->since, former->since, sizeof(stream->since));
}

static int
luzmo_streams(void *self, struct ab_stream *streams, size_t count, struct ab_error *err)
{
	struct luzmo *luzmo = self;

	for (size_t i = 0; i < count; i++) {
		struct luzmo_stream *stream = ab_calloc(1, sizeof(*stream));
		stream->untyped = true;
		luzmo_columns_init(&stream->columns, streams[i].schema);
		luzmo_tally_start(&stream->tally, -1);
		if (streams[i].self != NULL)
			keep_dataset(stream, streams[i].self);
		DL_APPEND(luzmo->streams, stream);
		streams[i].self = stream;
	}
	return luzmo_names_init(streams, count, err);
}

static void
luzmo_stream_close(void *self, void *stream_self)
{
	struct luzmo *luzmo = self;
	struct luzmo_stream *stream = stream_self;

	DL_DELETE(luzmo->streams, stream);
	free(stream->name);
	free(stream->tag);
	free(stream->old_tag);
	free(stream->generation_tag);
	free(stream->retypes);
	luzmo_columns_release(&stream->columns);
	free(stream);
}

static enum ab_taken
luzmo_append(
    void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	struct luzmo_stream *stream = batch->stream->self;
	char label[256];

	(void)self;
	if (stream->columns.declared == 0) {
		ab_fail(err, AB_CONFIG_ERROR,
		    "stream %s has no fields in its schema; select some, or refresh it",
		    ab_stream_label(batch->stream, label, sizeof(label)));
		return AB_BROKEN;
	}
	const unsigned findings = luzmo_row_put(&batch->body, &stream->columns, record);
	if ((findings & LUZMO_ROW_UNDECLARED) != 0)
		ab_note(batch->stream, LUZMO_NOTE_UNDECLARED,
		    "records have fields that its schema does not: they are left out; refresh it "
		    "to have them");
	if ((findings & LUZMO_ROW_NO_MOMENT) != 0)
		ab_note(batch->stream, LUZMO_NOTE_MOMENT,
		    "texts in date-time fields are no date-times: they are sent as they are");
	return AB_TAKEN;
}

/* An end: of an overwrite without records, of a stream that had a push whose reply was lost, or of
 * one that can be resumed. */
static bool
start_end(const struct luzmo *luzmo, struct ab_exchange *x)
{
	struct luzmo_stream *stream = x->stream->self;

	if (!x->complete || !stream->linked)
		return false;
	if (x->stream->overwrite && !stream->written) {
		x->step = luzmo->off_id[0] != '\0' ? LUZMO_TAG_LINK : LUZMO_TAG_FIND;
		return stream->off_id[0] == '\0';
	}
	stream->looks = 0;
	x->step = LUZMO_COUNT;
	return stream->doubtful || luzmo_tags_settle(x) == AB_NEXT;
}

/* Where an exchange starts; false if there is nothing to do. */
static bool
start(const struct luzmo *luzmo, struct ab_exchange *x)
{
	const struct luzmo_stream *stream = x->stream->self;
	const bool known = stream->dataset[0] != '\0';

	if (x->phase == AB_END)
		return start_end(luzmo, x);
	if (x->phase == AB_BEGIN) {
		x->step = LUZMO_LOOK;
		return !known;
	}
	x->step = known || stream->tag_id[0] != '\0' ? LUZMO_PUSH : LUZMO_TAG_MAKE;
	return true;
}

static enum ab_ask
luzmo_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	struct luzmo *luzmo = self;

	(void)err;
	if (x->phase == AB_CHECK)
		return luzmo_check_request(luzmo, out);
	if (x->step == LUZMO_START && !start(luzmo, x))
		return AB_SKIP;
	switch ((enum luzmo_step)x->step) {
	case LUZMO_START:
	case LUZMO_LOOK:
	case LUZMO_LOOK_OLD:
		return luzmo_begin_request(luzmo, x, out);
	case LUZMO_TAGS:
	case LUZMO_TAG_FIND:
	case LUZMO_TAG_MAKE:
	case LUZMO_TAG_LINK:
	case LUZMO_TAG_OFF:
		return luzmo_tags_request(luzmo, x, out);
	case LUZMO_NAMESAKES:
	case LUZMO_NAMESAKE:
		return luzmo_namesakes_request(luzmo, x, out);
	case LUZMO_COLUMNS:
	case LUZMO_TYPES:
		return luzmo_types_request(luzmo, x, out);
	case LUZMO_COUNT:
		return luzmo_count_request(luzmo, x, out);
	case LUZMO_PUSH:
		break;
	}
	return luzmo_push_request(luzmo, x, out);
}

static enum ab_verdict
luzmo_response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	struct luzmo *luzmo = self;

	if (x->phase == AB_CHECK)
		return luzmo_check_response(luzmo, x, in, err);
	switch ((enum luzmo_step)x->step) {
	case LUZMO_START:
	case LUZMO_LOOK:
	case LUZMO_LOOK_OLD:
		return luzmo_begin_response(luzmo, x, in, err);
	case LUZMO_TAGS:
		/* In a begin it is part of the look-up, unless a tag was refused. */
		if (x->phase == AB_BEGIN && x->scratch == NULL)
			return luzmo_begin_response(luzmo, x, in, err);
		return luzmo_tags_response(luzmo, x, in, err);
	case LUZMO_TAG_FIND:
	case LUZMO_TAG_MAKE:
	case LUZMO_TAG_LINK:
	case LUZMO_TAG_OFF:
		return luzmo_tags_response(luzmo, x, in, err);
	case LUZMO_NAMESAKES:
	case LUZMO_NAMESAKE:
		return luzmo_namesakes_response(luzmo, x, in, err);
	case LUZMO_COLUMNS:
	case LUZMO_TYPES:
		return luzmo_types_response(luzmo, x, in, err);
	case LUZMO_COUNT:
		return luzmo_count_response(luzmo, x, in, err);
	case LUZMO_PUSH:
		break;
	}
	return luzmo_push_response(luzmo, x, in, err);
}

const struct ab_destination luzmo_destination = {
    .name = "destination-luzmo",
    .version = EMBEDDED_VERSION,
    .spec = embedded_spec,
    .open = luzmo_open,
    .close = luzmo_close,
    .streams = luzmo_streams,
    .stream_close = luzmo_stream_close,
    .append = luzmo_append,
    .request = luzmo_request,
    .response = luzmo_response,
};
