#include "table_names.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "names.h"
#include "slug.h"

/* prefix, namespace and name as the user knows them, and what tells the stream from all others. */
static void
describe_stream(
    const char *prefix, const struct ab_stream *stream, struct ab_buf *raw, struct ab_buf *seed)
{
	const char *namespace = stream->namespace;

	ab_buf_add_text(raw, prefix);
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
begin_name(const char *prefix, const struct ab_stream *stream, struct dust_name *name)
{
	struct ab_buf raw;
	struct ab_buf seed;
	struct ab_buf clean;

	ab_buf_init(&raw, AB_JSON_TEXT_MAX);
	ab_buf_init(&seed, AB_JSON_TEXT_MAX);
	ab_buf_init(&clean, AB_JSON_TEXT_MAX);
	describe_stream(prefix, stream, &raw, &seed);
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

void
dust_table_names(const char *prefix, const struct ab_stream *streams, size_t count, char **ids)
{
	struct dust_name *names = ab_calloc(count, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		begin_name(prefix, &streams[i], &names[i]);
		names[i].owner = i;
	}
	dust_names_resolve(names, count, DUST_TABLE_MAX);
	for (size_t i = 0; i < count; i++)
		ids[names[i].owner] = ab_strdup(names[i].clean);
	dust_names_free(names, count);
}
