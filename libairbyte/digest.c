#include "digest.h"

#include <assert.h>
#include <openssl/evp.h>

void
ab_digest_hex(const void *bytes, size_t len, char hex[AB_DIGEST_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	static EVP_MD *sha256; /* fetched once: a fetch per call costs more than the hash */
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned sum_len = 0;

	if (sha256 == NULL)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	const int rc = EVP_Digest(bytes, len, sum, &sum_len, sha256, NULL);
	assert(rc == 1 && sum_len == AB_DIGEST_HEX / 2);
	(void)rc;
	for (size_t i = 0; i < sum_len; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[AB_DIGEST_HEX] = '\0';
}
