#include "interface.h"

#include <stdlib.h>

#include "alloc.h"
#include "check.h"
#include "documents.h"
#include "dust.h"
#include "embedded.h"
#include "settings.h"
#include "tables.h"

static void
dust_close(void *self)
{
	struct dust *dust = self;

	if (dust == NULL)
		return;
	dust_settings_release(dust);
	ab_json_release(&dust->nested);
	dust_touched_release(&dust->touched);
	dust_id_release(&dust->id);
	ab_buf_release(&dust->room);
	ab_buf_release(&dust->room2);
	free(dust);
}

static int
dust_open(
    void **self, struct ab_limits *limits, const struct ab_config *config, struct ab_error *err)
{
	struct dust *dust = ab_calloc(1, sizeof(*dust));

	ab_json_init(&dust->nested);
	dust_id_init(&dust->id);
	ab_buf_init(&dust->room, AB_JSON_TEXT_MAX);
	ab_buf_init(&dust->room2, AB_JSON_TEXT_MAX);
	if (dust_settings_read(dust, config, err) != 0) {
		dust_close(dust);
		return -1;
	}
	dust_settings_limits(dust, config, limits);
	*self = dust;
	return 0;
}

static int
dust_streams(void *self, struct ab_stream *streams, size_t count, struct ab_error *err)
{
	struct dust *dust = self;

	(void)err;
	if (dust->is_tables)
		dust_tables_open(dust, streams, count);
	else
		dust_documents_open(dust, streams, count);
	return 0;
}

static void
dust_stream_close(void *self, void *stream_self)
{
	struct dust *dust = self;

	if (dust->is_tables)
		dust_table_close(dust, stream_self);
	else
		dust_documents_close(stream_self);
}

static enum ab_taken
dust_append(
    void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	struct dust *dust = self;

	return dust->is_tables ? dust_tables_append(dust, batch, record, err)
			       : dust_documents_append(dust, batch, record, err);
}

static enum ab_ask
dust_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	struct dust *dust = self;

	if (x->phase == AB_CHECK)
		return dust_check_request(dust, x, out, err);
	return dust->is_tables ? dust_tables_request(dust, x, out, err)
			       : dust_documents_request(dust, x, out, err);
}

static enum ab_verdict
dust_response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	struct dust *dust = self;

	if (x->phase == AB_CHECK)
		return dust_check_response(dust, x, in, err);
	return dust->is_tables ? dust_tables_response(dust, x, in, err)
			       : dust_documents_response(dust, x, in, err);
}

const struct ab_destination dust_destination = {
    .name = "destination-dust",
    .version = EMBEDDED_VERSION,
    .spec = embedded_spec,
    .heeds_deletions = true,
    .open = dust_open,
    .close = dust_close,
    .streams = dust_streams,
    .stream_close = dust_stream_close,
    .append = dust_append,
    .request = dust_request,
    .response = dust_response,
};
