#include "secret.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define SECRET_MIN 4

/* The longest first: one may be part of another. */
static struct {
	char **texts;
	size_t count;
} secrets;

void
ab_secret_add(const char *text)
{
	const size_t len = strlen(text);
	size_t at = secrets.count;

	if (len < SECRET_MIN)
		return;
	secrets.texts = ab_realloc(secrets.texts, (secrets.count + 1) * sizeof(secrets.texts[0]));
	for (; at > 0 && strlen(secrets.texts[at - 1]) < len; at--)
		secrets.texts[at] = secrets.texts[at - 1];
	secrets.texts[at] = ab_strdup(text);
	secrets.count++;
}

void
ab_secret_release(void)
{
	while (secrets.count > 0)
		free(secrets.texts[--secrets.count]);
	free(secrets.texts);
	secrets.texts = NULL;
}

static void
mask_one(char *bytes, size_t len, const char *secret)
{
	const size_t secret_len = strlen(secret);

	for (size_t i = 0; i + secret_len <= len; i++) {
		const char *at = memchr(bytes + i, secret[0], len - secret_len + 1 - i);
		if (at == NULL)
			return;
		i = (size_t)(at - bytes);
		if (memcmp(at, secret, secret_len) == 0)
			memset(bytes + i, '*', secret_len);
	}
}

void
ab_secret_mask(char *bytes, size_t len)
{
	for (size_t i = 0; i < secrets.count; i++)
		mask_one(bytes, len, secrets.texts[i]);
}
