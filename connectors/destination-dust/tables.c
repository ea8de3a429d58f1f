/*
 * Steps of a begin: LOOK whether the table is there, MAKE it. Of a batch: ROWS, and DELETE for each row
 * that a CDC source deleted. An overwrite's end has ROWS alone, to empty a table that got no rows.
 */
#include "tables.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alloc.h"
#include "json_write.h"
#include "names.h"
#include "reply.h"
#include "rows.h"
#include "slug.h"

enum step { LOOK, MAKE, ROWS, DELETE };
enum kind { KIND_ROW, KIND_DELETE };

/* After a 429: Dust merges the queued rows of a table only after 10 s without new ones. */
#define QUEUE_WAIT_MS 15000

/* --- streams --- */

/* prefix, namespace and name as the user knows them, and what tells the stream from all others. */
static void
describe_stream(const struct dust *dust, const struct ab_stream *stream, struct ab_buf *raw,
    struct ab_buf *seed)
{
	const char *namespace = stream->namespace;

	ab_buf_add_text(raw, dust->table_id_prefix);
	if (namespace != NULL && namespace[0] != '\0')
		ab_buf_printf(raw, "%s_", namespace);
	ab_buf_add_text(raw, stream->name);
	if (namespace != NULL)
		ab_buf_printf(seed, "p%zu:%s", strlen(namespace), namespace);
	else
		ab_buf_add_text(seed, "a0:");
	ab_buf_printf(seed, "s%zu:%s", strlen(stream->name), stream->name);
}

static void
begin_name(const struct dust *dust, const struct ab_stream *stream, struct dust_name *name)
{
	struct ab_buf raw, seed, clean;

	ab_buf_init(&raw, AB_JSON_TEXT_MAX);
	ab_buf_init(&seed, AB_JSON_TEXT_MAX);
	ab_buf_init(&clean, AB_JSON_TEXT_MAX);
	describe_stream(dust, stream, &raw, &seed);
	dust_slug_table(&clean, raw.data, raw.len);
	*name = (struct dust_name){
	    .raw = ab_memdup(raw.data, raw.len),
	    .clean = ab_memdup(clean.data, clean.len),
	    .seed = ab_memdup(seed.data, seed.len),
	    .seed_len = seed.len,
	    .suffix = clean.len == 0 || clean.len > DUST_TABLE_MAX,
	};
	ab_buf_release(&raw);
	ab_buf_release(&seed);
	ab_buf_release(&clean);
}

/* The table that a resolved name belongs to is the one whose seed it has. */
static void
name_tables(const struct dust *dust, const struct ab_stream *streams, size_t count)
{
	struct dust_name *names = ab_calloc(count, sizeof(*names));
	struct dust_table *tables = dust->streams;
	const char **seeds = ab_calloc(count, sizeof(*seeds));

	for (size_t i = 0; i < count; i++) {
		begin_name(dust, &streams[i], &names[i]);
		seeds[i] = names[i].seed;
	}
	dust_names_resolve(names, count, DUST_TABLE_MAX);
	for (size_t i = 0; i < count; i++) {
		size_t owner = 0;
		while (seeds[owner] != names[i].seed)
			owner++;
		tables[owner].id = names[i].clean;
		free((void *)(uintptr_t)names[i].raw);
	}
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)seeds[i]);
	free(seeds);
	free(names);
}
