#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "slug.h"

static int
compare_seeds(const struct dust_name *a, const struct dust_name *b)
{
	const size_t shorter = a->seed_len < b->seed_len ? a->seed_len : b->seed_len;
	const int order = memcmp(a->seed, b->seed, shorter);

	if (order != 0)
		return order;
	return (a->seed_len > b->seed_len) - (a->seed_len < b->seed_len);
}

/* By clean name; the one that keeps it comes first. */
static int
compare(const void *left, const void *right)
{
	const struct dust_name *a = left;
	const struct dust_name *b = right;
	const int by_clean = strcmp(a->clean, b->clean);

	if (by_clean != 0)
		return by_clean;
	if (a->suffix != b->suffix)
		return a->suffix ? 1 : -1;
	const bool a_same = strcmp(a->raw, a->clean) == 0;
	const bool b_same = strcmp(b->raw, b->clean) == 0;
	if (a_same != b_same)
		return a_same ? -1 : 1;
	const int by_raw = strcmp(a->raw, b->raw);
	return by_raw != 0 ? by_raw : compare_seeds(a, b);
}

static bool
taken(const struct dust_name *names, size_t count, size_t but, const char *clean)
{
	for (size_t i = 0; i < count; i++) {
		if (i != but && strcmp(names[i].clean, clean) == 0)
			return true;
	}
	return false;
}

static void
rename_one(struct dust_name *names, size_t count, size_t i, size_t max)
{
	struct ab_buf name;
	unsigned attempt = 0;

	ab_buf_init(&name, strlen(names[i].clean) + max);
	do {
		ab_buf_reset(&name);
		ab_buf_add_text(&name, names[i].clean);
		dust_slug_suffix(&name, 0, max, names[i].seed, names[i].seed_len, attempt++);
	} while (taken(names, count, i, name.data));
	free(names[i].clean);
	names[i].clean = ab_memdup(name.data, name.len);
	ab_buf_release(&name);
}

void
dust_names_resolve(struct dust_name *names, size_t count, size_t max)
{
	if (count == 0)
		return;
	qsort(names, count, sizeof(*names), compare);
	/* Marked before any is renamed: the comparison is with what they shared. */
	for (size_t i = 1; i < count; i++) {
		if (strcmp(names[i].clean, names[i - 1].clean) == 0)
			names[i].suffix = true;
	}
	for (size_t i = 0; i < count; i++) {
		if (names[i].suffix)
			rename_one(names, count, i, max);
	}
}

void
dust_names_free(struct dust_name *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(names[i].raw);
		free(names[i].clean);
		free(names[i].seed);
	}
	free(names);
}
