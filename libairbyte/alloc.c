#include "alloc.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*report_failure)(size_t size);

/* Nothing is what OpenSSL has for no bytes. */
static void *
openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size > 0 ? ab_malloc(size) : NULL;
}

static void *
openssl_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size > 0)
		return ab_realloc(old, size);
	free(old);
	return NULL;
}

static void
openssl_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	free(memory);
}

void
ab_alloc_on_failure(void (*report)(size_t size))
{
	report_failure = report;
	/* It does not everywhere look whether there was memory. */
	CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = ab_malloc, .free_fn = free});
}

static void *
require(void *memory, size_t size)
{
	if (memory == NULL) {
		if (report_failure != NULL)
			report_failure(size);
		_exit(1);
	}
	return memory;
}

void *
ab_malloc(size_t size)
{
	return require(malloc(size > 0 ? size : 1), size);
}

void *
ab_calloc(size_t count, size_t size)
{
	return require(calloc(count > 0 ? count : 1, size > 0 ? size : 1), size);
}

void *
ab_realloc(void *old, size_t size)
{
	return require(realloc(old, size > 0 ? size : 1), size);
}

void *
ab_alloc_check(void *memory)
{
	return require(memory, 0);
}

char *
ab_memdup(const char *bytes, size_t len)
{
	char *copy = ab_malloc(len + 1);

	if (len > 0)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *
ab_strdup(const char *text)
{
	return ab_memdup(text, strlen(text));
}

void
ab_alloc_trim(void)
{
#ifdef __GLIBC__ /* others give back by themselves, or have no such call */
	malloc_trim(0);
#endif
}
