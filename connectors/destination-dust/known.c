#include "known.h"

#include <stdlib.h>

#include "alloc.h"
#include "ids.h"

#define FIRST 1024
#define FORGOTTEN ((uint64_t)1)

void
dust_known_release(struct dust_known *known)
{
	free(known->hashes);
	*known = (struct dust_known){0};
}

/* Forgotten or not, copies of an id are equal. */
static int
compare(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left | FORGOTTEN;
	const uint64_t b = *(const uint64_t *)right | FORGOTTEN;

	return (a > b) - (a < b);
}

/* The copy in the sorted part, or NULL. */
static uint64_t *
find_sorted(const struct dust_known *known, uint64_t hash)
{
	if (known->sorted == 0)
		return NULL;
	return bsearch(&hash, known->hashes, known->sorted, sizeof(hash), compare);
}

static void
sift_down(uint64_t *hashes, size_t top, size_t count)
{
	const uint64_t hash = hashes[top];

	for (size_t child = 2 * top + 1; child < count; child = 2 * top + 1) {
		if (child + 1 < count && hashes[child + 1] > hashes[child])
			child++;
		if (hashes[child] <= hash)
			break;
		hashes[top] = hashes[child];
		top = child;
	}
	hashes[top] = hash;
}

/* A heap sort: qsort would take as much memory again, and there may be millions. */
static void
sort(uint64_t *hashes, size_t count)
{
	for (size_t top = count / 2; top-- > 0;)
		sift_down(hashes, top, count);
	for (size_t end = count; end-- > 1;) {
		const uint64_t largest = hashes[0];
		hashes[0] = hashes[end];
		hashes[end] = largest;
		sift_down(hashes, 0, end);
	}
}

/* Sorts all, and drops what was forgotten and what is repeated. */
static void
consolidate(struct dust_known *known)
{
	size_t kept = 0;
	size_t count = 0;

	for (size_t i = 0; i < known->count; i++) {
		if ((known->hashes[i] & FORGOTTEN) == 0)
			known->hashes[kept++] = known->hashes[i];
	}
	sort(known->hashes, kept);
	for (size_t i = 0; i < kept; i++) {
		if (count == 0 || known->hashes[i] != known->hashes[count - 1])
			known->hashes[count++] = known->hashes[i];
	}
	known->sorted = known->count = count;
}

static bool
is_crowded(const struct dust_known *known)
{
	const size_t tail = known->count - known->sorted;

	return known->count == known->cap || (tail > DUST_KNOWN_TAIL && tail > known->sorted / 4);
}

/* Grows if much of the memory is taken. Returns false if all of it is and there is no more. */
static bool
make_room(struct dust_known *known, size_t limit)
{
	if (known->count < known->cap - known->cap / 4)
		return true;
	size_t cap = known->cap > 0 ? known->cap * 2 : FIRST;
	if (cap > limit)
		cap = limit;
	if (cap > known->cap) {
		known->hashes = ab_realloc(known->hashes, cap * sizeof(*known->hashes));
		known->cap = cap;
	}
	return known->count < known->cap;
}

/* Whether the sorted part has the id, which is then in the set, whatever it was before. */
static bool
add_sorted(struct dust_known *known, uint64_t hash)
{
	uint64_t *copy = find_sorted(known, hash);

	if (copy != NULL)
		*copy = hash;
	return copy != NULL;
}

bool
dust_known_add(struct dust_known *known, const char *id, size_t len, size_t limit)
{
	const uint64_t hash = dust_id_hash(id, len) & ~FORGOTTEN;

	/* A stream may bring a record often: repetitions need no room. */
	if (add_sorted(known, hash))
		return true;
	if (is_crowded(known)) {
		consolidate(known);
		if (add_sorted(known, hash))
			return true;
		if (!make_room(known, limit))
			return false;
	}
	known->hashes[known->count++] = hash;
	return true;
}

void
dust_known_forget(struct dust_known *known, const char *id, size_t len)
{
	const uint64_t hash = dust_id_hash(id, len) & ~FORGOTTEN;
	uint64_t *copy = find_sorted(known, hash);

	if (copy != NULL)
		*copy |= FORGOTTEN;
	for (size_t i = known->sorted; i < known->count; i++) {
		if (known->hashes[i] == hash)
			known->hashes[i] |= FORGOTTEN;
	}
}

bool
dust_known_has(struct dust_known *known, const char *id, size_t len)
{
	const uint64_t hash = dust_id_hash(id, len) & ~FORGOTTEN;

	if (known->count > known->sorted)
		consolidate(known);
	const uint64_t *copy = find_sorted(known, hash);
	return copy != NULL && *copy == hash;
}
