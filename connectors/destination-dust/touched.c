#include "touched.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include "alloc.h"
#include "ids.h"

void
dust_touched_release(struct dust_touched *touched)
{
	free(touched->bits);
	*touched = (struct dust_touched){0};
}

/* Where the bits of an id are. */
static void
find_bits(const char *id, size_t len, size_t bits[2])
{
	const uint64_t hash = dust_id_hash(id, len);

	bits[0] = (size_t)(hash % DUST_TOUCHED_BITS);
	bits[1] = (size_t)((hash >> 32) % DUST_TOUCHED_BITS);
}

void
dust_touched_add(struct dust_touched *touched, const char *id, size_t len)
{
	size_t bits[2];

	if (touched->bits == NULL)
		touched->bits = ab_calloc(DUST_TOUCHED_BITS / CHAR_BIT, 1);
	find_bits(id, len, bits);
	for (size_t i = 0; i < 2; i++)
		touched->bits[bits[i] / CHAR_BIT] |= (unsigned char)(1U << bits[i] % CHAR_BIT);
}

bool
dust_touched_has(const struct dust_touched *touched, const char *id, size_t len)
{
	size_t bits[2];

	if (touched->bits == NULL)
		return false;
	find_bits(id, len, bits);
	for (size_t i = 0; i < 2; i++) {
		if ((touched->bits[bits[i] / CHAR_BIT] >> bits[i] % CHAR_BIT & 1U) == 0)
			return false;
	}
	return true;
}
