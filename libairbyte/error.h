/*
 * error.h: what went wrong, as a value in the caller's hands.
 *
 * A function that can fail takes `struct ab_error *err` last and returns -1 (or NULL); on success
 * err is untouched, on failure the outputs are. Whoever returns an error does not print it: cli.c
 * turns the one that reaches it into exactly one TRACE ERROR message.
 */
#ifndef AB_ERROR_H
#define AB_ERROR_H

#include <stdarg.h>

/* The protocol's failure_type (AirbyteErrorTraceMessage). */
enum ab_failure {
	AB_CONFIG_ERROR,    /* the user can mend it: configuration, permission, input */
	AB_TRANSIENT_ERROR, /* the same run may succeed later */
	AB_SYSTEM_ERROR,    /* neither: a defect, a full disk, an unexpected reply */
};

struct ab_error {
	enum ab_failure kind;
	char message[1024]; /* for the user: one clause, no capital, no full stop; UTF-8 */
	char detail[1024];  /* internal_message: for engineers, may be empty; no record content */
};

#define AB_PRINTF(format_index, args_index)                                                        \
	__attribute__((format(printf, format_index, args_index)))
#define AB_MUST_CHECK __attribute__((warn_unused_result))

/* Fills err (detail becomes empty) and returns -1. A message that is too long is cut. */
int ab_fail(struct ab_error *err, enum ab_failure kind, const char *format, ...) AB_PRINTF(3, 4);

/* Sets the detail of an error that ab_fail has filled. */
void ab_error_detail(struct ab_error *err, const char *format, ...) AB_PRINTF(2, 3);

/* "config_error", "transient_error" or "system_error". */
const char *ab_failure_name(enum ab_failure kind);

#endif
