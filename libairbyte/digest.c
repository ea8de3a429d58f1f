#include "digest.h"

#include <assert.h>
#include <openssl/evp.h>

#include "alloc.h"

void
ab_digest_hex(const void *bytes, size_t len, char hex[AB_DIGEST_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	static EVP_MD *sha256; /* fetched once: a fetch per call costs more than the hash */
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned sum_len = 0;

	if (sha256 == NULL)
		sha256 = ab_alloc_check(EVP_MD_fetch(NULL, "SHA256", NULL));
	if (EVP_Digest(bytes, len, sum, &sum_len, sha256, NULL) != 1)
		ab_alloc_check(NULL); /* it fails only without memory */
	assert(sum_len == AB_DIGEST_HEX / 2);
	for (size_t i = 0; i < sum_len; i++) {
		hex[2 * i] = digits[sum[i] >> 4];
		hex[2 * i + 1] = digits[sum[i] & 15];
	}
	hex[AB_DIGEST_HEX] = '\0';
}
