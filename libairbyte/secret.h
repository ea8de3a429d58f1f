/*
 * secret.h: values that must never be printed, known in one place.
 *
 * Replies that are not a success are masked as they come in, before anybody can quote or cut them;
 * emit.c masks whatever it prints but a STATE.
 */
#ifndef AB_SECRET_H
#define AB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* From now on text is a secret; copied. Shorter ones than 4 bytes are not: masking them would hide
 * half of every message. After more than 64 different ones all that is to be masked is. */
void ab_secret_add(const char *text);
void ab_secret_release(void);

/* Overwrites every secret in len bytes with asterisks, length for length. Returns whether there may
 * have been any. */
bool ab_secret_mask(char *bytes, size_t len);

#endif
