#include "secret.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define SECRETS_MAX 64 /* a configuration has ten at most, unless it repeats them */
#define SECRET_MIN 4

static struct {
	char *texts[SECRETS_MAX];
	size_t count;
	bool too_many;
} secrets;

static bool
is_known(const char *text)
{
	for (size_t i = 0; i < secrets.count; i++) {
		if (strcmp(secrets.texts[i], text) == 0)
			return true;
	}
	return false;
}

void
ab_secret_add(const char *text)
{
	if (strlen(text) < SECRET_MIN || is_known(text))
		return;
	if (secrets.count < SECRETS_MAX)
		secrets.texts[secrets.count++] = ab_strdup(text);
	else
		secrets.too_many = true;
}

void
ab_secret_release(void)
{
	while (secrets.count > 0)
		free(secrets.texts[--secrets.count]);
	secrets.too_many = false;
}

/* Looked for in text, which stays as it was: secrets may overlap each other, and themselves. */
static bool
mask_one(char *bytes, const char *text, size_t len, const char *secret)
{
	const size_t secret_len = strlen(secret);
	bool found = false;

	for (size_t i = 0; i + secret_len <= len; i++) {
		const char *at = memchr(text + i, secret[0], len - secret_len + 1 - i);
		if (at == NULL)
			return found;
		i = (size_t)(at - text);
		if (memcmp(at, secret, secret_len) == 0) {
			memset(bytes + i, '*', secret_len);
			found = true;
		}
	}
	return found;
}

bool
ab_secret_mask(char *bytes, size_t len)
{
	bool found = secrets.too_many;

	if (secrets.too_many)
		memset(bytes, '*', len);
	if (secrets.too_many || secrets.count == 0)
		return found;
	char *text = ab_memdup(bytes, len);
	for (size_t i = 0; i < secrets.count; i++)
		found |= mask_one(bytes, text, len, secrets.texts[i]);
	free(text);
	return found;
}
