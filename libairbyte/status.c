/*
 * Which streams are complete, by their STREAM_STATUS messages. The platform sends COMPLETE for
 * every stream or for none, and maps the names in it as it maps those of records; Airbyte's own
 * destinations do not rely on that, and only count them. So COMPLETEs of streams that the catalog
 * lacks, one each and as many as it has streams, stand for these. They prove nothing where a status
 * came for a stream that it has, as names are not mapped then, or where one is not of a stream that
 * is complete.
 */
#include "status.h"

/* Returns false if that makes more of them than there are streams. An empty namespace is none, as
 * in ab_catalog_find. Names may be of any size, so they are kept as digests. */
static bool
add_stranger(struct ab_sync *sync, const struct ab_message *message)
{
	char name[2 * AB_DIGEST_HEX + 1];
	const struct ab_view view = {name, sizeof(name) - 1};

	ab_digest_hex(message->namespace.data, message->namespace.len, name);
	ab_digest_hex(message->stream.data, message->stream.len, name + AB_DIGEST_HEX);
	return ab_catalog_find(&sync->strangers, (struct ab_view){0}, view) != NULL ||
	       ab_catalog_add(&sync->strangers, NULL, name) != NULL;
}

void
ab_status_start(struct ab_sync *sync)
{
	ab_catalog_init(&sync->strangers, sync->catalog->count);
}

void
ab_status_end(struct ab_sync *sync)
{
	ab_catalog_release(&sync->strangers);
}

void
ab_status_take(struct ab_sync *sync, struct ab_flow *flow, const struct ab_message *message)
{
	if (message->status == AB_STATUS_OTHER)
		return;
	if (flow != NULL && message->status == AB_STATUS_COMPLETE)
		flow->complete_seen = true;
	else if (flow != NULL)
		flow->incomplete_seen = true;
	else if (message->status == AB_STATUS_COMPLETE && add_stranger(sync, message))
		return;
	sync->strangers_prove_nothing = true;
}

bool
ab_status_complete(const struct ab_sync *sync, const struct ab_flow *flow)
{
	return flow->complete_seen ||
	       (!sync->strangers_prove_nothing && sync->strangers.count == sync->catalog->count);
}
