#include "secret.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define SECRETS_MAX 16
#define SECRET_MIN 4

static struct {
	char *texts[SECRETS_MAX];
	size_t count;
} secrets;

void
ab_secret_add(const char *text)
{
	if (strlen(text) >= SECRET_MIN && secrets.count < SECRETS_MAX)
		secrets.texts[secrets.count++] = ab_strdup(text);
}

void
ab_secret_release(void)
{
	while (secrets.count > 0)
		free(secrets.texts[--secrets.count]);
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
