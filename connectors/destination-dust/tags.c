#include "tags.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "json_write.h"

static void
put_tag(struct ab_buf *out, const char *prefix, const char *name)
{
	ab_buf_add_char(out, '"');
	ab_buf_add_text(out, prefix);
	ab_json_put_escaped(out, name, strlen(name));
	ab_buf_add_char(out, '"');
}

void
dust_tags_put(struct ab_buf *out, const struct ab_stream *stream)
{
	put_tag(out, DUST_TAG_STREAM, stream->name);
	if (stream->namespace == NULL)
		return;
	ab_buf_add_char(out, ',');
	put_tag(out, DUST_TAG_NAMESPACE, stream->namespace);
}

/* Counts the tags with a prefix, and how many of them go on with name. */
static size_t
count_tags(const cJSON *tags, const char *prefix, const char *name, size_t *same)
{
	const size_t prefix_len = strlen(prefix);
	const cJSON *tag;
	size_t count = 0;

	*same = 0;
	cJSON_ArrayForEach(tag, tags)
	{
		if (!cJSON_IsString(tag) || strncmp(tag->valuestring, prefix, prefix_len) != 0)
			continue;
		count++;
		*same += strcmp(tag->valuestring + prefix_len, name) == 0;
	}
	return count;
}

enum dust_owner
dust_tags_owner(const struct ab_stream *stream, const cJSON *tags)
{
	const char *namespace = stream->namespace != NULL ? stream->namespace : "";
	size_t same;

	const size_t names = count_tags(tags, DUST_TAG_STREAM, stream->name, &same);
	if (names == 0)
		return DUST_NOBODY;
	/* Two names are of two streams: neither may take it for its own. */
	if (same < names)
		return DUST_OTHER;
	const size_t namespaces = count_tags(tags, DUST_TAG_NAMESPACE, namespace, &same);
	if (same < namespaces || (namespaces > 0) != (stream->namespace != NULL))
		return DUST_OTHER;
	return DUST_OURS;
}

void
dust_tags_put_generation(struct ab_buf *out, const struct ab_stream *stream)
{
	char generation[AB_GENERATION_MAX];

	put_tag(out, DUST_TAG_GENERATION, ab_stream_generation(stream, generation));
}

void
dust_tags_put_others(struct ab_buf *out, const cJSON *tags)
{
	const cJSON *tag;

	cJSON_ArrayForEach(tag, tags)
	{
		if (!cJSON_IsString(tag) || strncmp(tag->valuestring, DUST_TAG_GENERATION,
						strlen(DUST_TAG_GENERATION)) == 0)
			continue;
		ab_json_put_text(out, tag->valuestring);
		ab_buf_add_char(out, ',');
	}
}

bool
dust_tags_have_generation(const struct ab_stream *stream, const cJSON *tags)
{
	char generation[AB_GENERATION_MAX];
	size_t same;

	if (!stream->resumable)
		return false;
	count_tags(tags, DUST_TAG_GENERATION, ab_stream_generation(stream, generation), &same);
	return same > 0;
}
