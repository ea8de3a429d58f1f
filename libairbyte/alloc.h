/*
 * alloc.h: allocation that cannot fail: it reports and exits.
 *
 * Safe for this product because a state that was not acknowledged is sent again. The report goes
 * through a hook so that only emit.c writes stdout.
 */
#ifndef AB_ALLOC_H
#define AB_ALLOC_H

#include <stddef.h>

/* Memory of at least one byte, uninitialised; the caller's, for free(). */
void *ab_malloc(size_t size);

/* count * size bytes of zeroes; the product is checked for overflow. */
void *ab_calloc(size_t count, size_t size);

/* As realloc; on failure the process reports and exits. */
void *ab_realloc(void *old, size_t size);

/* Copies of a string, and of len bytes with a NUL added. */
char *ab_strdup(const char *text);
char *ab_memdup(const char *bytes, size_t len);

/* What another library allocated: memory, unless that is NULL, when the process reports and exits.
 */
void *ab_alloc_check(void *memory);

/*
 * Gives the pages of what was freed back to the system, between two phases that need memory of
 * different sizes: the second could not fill the gaps of the first and would be added to it.
 */
void ab_alloc_trim(void);

/* report(size) is called once before the process exits with 1, with a size of 0 if it is not known;
 * it must not allocate. What cJSON and OpenSSL allocate is reported as well from then on. */
void ab_alloc_on_failure(void (*report)(size_t size));

#endif
