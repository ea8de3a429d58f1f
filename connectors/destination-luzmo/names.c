#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/* prefix, namespace and name as one text. */
static char *
join(const char *prefix, const char *namespace, const char *name)
{
	struct ab_buf text;

	ab_buf_init(&text, SIZE_MAX / 2);
	ab_buf_add_text(&text, prefix);
	ab_buf_add_text(&text, namespace != NULL ? namespace : "");
	ab_buf_add_text(&text, name);
	char *copy = ab_memdup(text.data, text.len);
	ab_buf_release(&text);
	return copy;
}

static struct luzmo_stream *
self_of(const struct ab_stream *stream)
{
	return stream->self;
}

bool
luzmo_is_generation_tag(const char *tag)
{
	const size_t prefix_len = strlen(LUZMO_TAG_GENERATION);

	if (strncmp(tag, LUZMO_TAG_GENERATION, prefix_len) != 0)
		return false;
	const char *number = tag + prefix_len;
	return number[0] != '\0' && strspn(number, "0123456789.") == strlen(number);
}

/* Whether a tag says something else than whose a dataset is. */
static bool
is_reserved(const char *tag)
{
	return strcmp(tag, LUZMO_TAG_REPLACE) == 0 || luzmo_is_generation_tag(tag);
}

static bool
may_have_old_tag(const struct ab_stream *catalog, size_t count, size_t i, const char *old_tag)
{
	if (catalog[i].namespace == NULL || catalog[i].namespace[0] == '\0' || is_reserved(old_tag))
		return false;
	for (size_t other = 0; other < count; other++) {
		if (other != i && (strcmp(catalog[other].name, catalog[i].name) == 0 ||
				      strcmp(self_of(&catalog[other])->tag, old_tag) == 0))
			return false;
	}
	return true;
}

struct owner {
	const char *tag;
	const struct ab_stream *stream;
};

static int
by_tag(const void *a, const void *b)
{
	const struct owner *x = a;
	const struct owner *y = b;

	return strcmp(x->tag, y->tag);
}

/* A stream must not be called so that its tag is one that says something else. */
static int
check_reserved(const struct owner *owner, struct ab_error *err)
{
	char label[256];

	if (!is_reserved(owner->tag))
		return 0;
	return ab_fail(err, AB_CONFIG_ERROR,
	    "the tag of stream %s would be one that says something else about datasets (REPLACE "
	    "DATA, or GENERATION and a number); give it another namespace or a prefix",
	    ab_stream_label(owner->stream, label, sizeof(label)));
}

static int
check_different(const struct owner *a, const struct owner *b, struct ab_error *err)
{
	char first[256];
	char second[256];

	if (strcmp(a->tag, b->tag) != 0)
		return 0;
	return ab_fail(err, AB_CONFIG_ERROR,
	    "streams %s and %s would be one dataset, since both have the tag %.300s; give one of "
	    "them another namespace or a prefix",
	    ab_stream_label(a->stream, first, sizeof(first)),
	    ab_stream_label(b->stream, second, sizeof(second)), a->tag);
}

static int
check_tags(const struct ab_stream *catalog, size_t count, struct ab_error *err)
{
	struct owner *owners = ab_calloc(count, sizeof(*owners));
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		owners[i] = (struct owner){self_of(&catalog[i])->tag, &catalog[i]};
	qsort(owners, count, sizeof(*owners), by_tag);
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = check_reserved(&owners[i], err);
		if (rc == 0 && i > 0)
			rc = check_different(&owners[i - 1], &owners[i], err);
	}
	free(owners);
	return rc;
}

static char *
generation_tag(const struct ab_stream *stream)
{
	char generation[AB_GENERATION_MAX];

	return join(LUZMO_TAG_GENERATION, NULL, ab_stream_generation(stream, generation));
}

int
luzmo_names_init(const struct ab_stream *catalog, size_t count, struct ab_error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct ab_stream *stream = &catalog[i];
		self_of(stream)->name = join("Airbyte - ", stream->namespace, stream->name);
		self_of(stream)->tag = join(LUZMO_TAG_PREFIX, stream->namespace, stream->name);
		if (stream->resumable)
			self_of(stream)->generation_tag = generation_tag(stream);
	}
	for (size_t i = 0; i < count; i++) {
		char *old_tag = join(LUZMO_TAG_PREFIX, NULL, catalog[i].name);
		if (may_have_old_tag(catalog, count, i, old_tag))
			self_of(&catalog[i])->old_tag = old_tag;
		else
			free(old_tag);
	}
	return check_tags(catalog, count, err);
}
