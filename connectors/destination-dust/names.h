/*
 * names.h: pure: different things get different names.
 *
 * Two fields of a stream, or two streams of a catalog, may be cleaned to the same name. Who keeps
 * it and what the others are called depends on the set alone, not on its order: agents refer to
 * tables and columns by name, so a name must be the same in every run.
 */
#ifndef DUST_NAMES_H
#define DUST_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* The texts are malloced. */
struct dust_name {
	char *raw;   /* what the name was made from */
	char *clean; /* the name; replaced if another one must have it */
	char *seed;  /* what tells it from all others, for the suffix */
	size_t seed_len;
	size_t owner; /* the caller's: where it stood at first */
	bool suffix;  /* needs a suffix anyhow, as something was lost: cut, or empty */
};

/*
 * Makes the clean names differ. Of those that share one, the one whose raw name is spelt like it
 * keeps it, else the smallest by raw name and seed; the others get a suffix (dust_slug_suffix, up
 * to max bytes in all). The array is reordered.
 */
void dust_names_resolve(struct dust_name *names, size_t count, size_t max);

/* Frees the array and the texts. */
void dust_names_free(struct dust_name *names, size_t count);

#endif
