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

static char *
add_suffix(const struct dust_name *name)
{
	struct ab_buf text;

	ab_buf_init(&text, AB_JSON_TEXT_MAX);
	ab_buf_add_text(&text, name->clean);
	dust_slug_suffix(&text, 0, DUST_TABLE_MAX, name->seed, name->seed_len, 0);
	char *copy = ab_memdup(text.data, text.len);
	ab_buf_release(&text);
	return copy;
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
dust_table_names(const char *prefix, const struct ab_stream *streams, size_t count,
    struct dust_table_name *names)
{
	struct dust_name *wanted = ab_calloc(count, sizeof(*wanted));

	for (size_t i = 0; i < count; i++) {
		begin_name(prefix, &streams[i], &wanted[i]);
		wanted[i].owner = i;
		names[i].suffixed = add_suffix(&wanted[i]);
		names[i].plain = ab_strdup(wanted[i].suffix ? names[i].suffixed : wanted[i].clean);
	}
	dust_names_resolve(wanted, count, DUST_TABLE_MAX);
	for (size_t i = 0; i < count; i++) {
		struct dust_table_name *name = &names[wanted[i].owner];
		name->first = strcmp(wanted[i].clean, name->plain) == 0;
	}
	dust_names_free(wanted, count);
}

void
dust_table_name_release(struct dust_table_name *name)
{
	free(name->plain);
	free(name->suffixed);
	*name = (struct dust_table_name){0};
}
