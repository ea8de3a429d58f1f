#include "tag_list.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "names.h"

static const char *
text_of(const cJSON *tag)
{
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(tag, "tag");

	return cJSON_IsString(text) ? text->valuestring : "";
}

const cJSON *
luzmo_tag_list_find(const cJSON *tags, const char *text)
{
	const cJSON *tag;

	cJSON_ArrayForEach(tag, tags)
	{
		if (strcmp(text_of(tag), text) == 0)
			return tag;
	}
	return NULL;
}

/* Whether there is a tag; its id, if it has one. */
static bool
copy_id(char id[LUZMO_ID_MAX + 1], const cJSON *tag)
{
	if (tag != NULL && !luzmo_id_copy(id, cJSON_GetObjectItemCaseSensitive(tag, "id")))
		id[0] = '\0';
	return tag != NULL;
}

bool
luzmo_tag_list_have(const cJSON *tags, const char *text, char id[LUZMO_ID_MAX + 1])
{
	return copy_id(id, luzmo_tag_list_find(tags, text));
}

bool
luzmo_tag_list_have_generation(const cJSON *tags, const char *other_than, char id[LUZMO_ID_MAX + 1])
{
	const cJSON *tag;

	cJSON_ArrayForEach(tag, tags)
	{
		if (luzmo_is_generation_tag(text_of(tag)) && strcmp(text_of(tag), other_than) != 0)
			return copy_id(id, tag);
	}
	return false;
}

bool
luzmo_tag_list_have_other(const cJSON *tags, const char *tag, const char *old_tag)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, tags)
	{
		const char *text = text_of(one);
		if (strncmp(text, LUZMO_TAG_PREFIX, strlen(LUZMO_TAG_PREFIX)) == 0 &&
		    strcmp(text, LUZMO_TAG_REPLACE) != 0 && !luzmo_is_generation_tag(text) &&
		    strcmp(text, tag) != 0 && (old_tag == NULL || strcmp(text, old_tag) != 0))
			return true;
	}
	return false;
}
