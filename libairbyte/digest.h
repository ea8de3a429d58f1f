/*
 * digest.h: SHA-256 over OpenSSL, for ids and content hashes.
 */
#ifndef AB_DIGEST_H
#define AB_DIGEST_H

#include <stddef.h>

#define AB_DIGEST_HEX 64

/* The SHA-256 of len bytes as 64 lower-case hex digits and a NUL. */
void ab_digest_hex(const void *bytes, size_t len, char hex[AB_DIGEST_HEX + 1]);

#endif
