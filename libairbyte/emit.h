/*
 * emit.h: the only writer of stdout, in one of two styles.
 *
 * Airbyte: SPEC, CONNECTION_STATUS, DESTINATION_CATALOG, STATE, TRACE,
 * LOG, one JSON line each.
 *
 * Lines gather in a buffer and leave whole, in order, at ab_emit_flush or when much has gathered;
 * to a pipe in pieces that are whole lines as well, wherever this process ends, if they are not
 * longer than PIPE_BUF (4 KiB). What a full disk cuts of a line is taken back from the file. A
 * STATE leaves as it is; in all other texts every known secret (secret.h) is masked, and what would
 * end a line or steer a terminal is a blank (ab_utf8_print), also for whoever decodes the JSON.
 * Once a write failed (the reader is gone, the disk is full) nothing more is written and
 * ab_emit_flush keeps saying so: the promise behind a STATE is only as good as its delivery.
 *
 * Singer: states alone go to stdout, in the same way. All else is a line on stderr that begins with
 * its level, written at once: "INFO text", "WARNING text", "INFO METRIC: {...}", and "CRITICAL
 * text" for the error that ends a run (singer-python's log format, which consumers of metrics
 * match).
 */
#ifndef AB_EMIT_H
#define AB_EMIT_H

#include <stdbool.h>

#include "error.h"
#include "json.h"

enum ab_level { AB_FATAL, AB_ERROR, AB_WARN, AB_INFO, AB_DEBUG, AB_TRACE };

enum ab_emit_style { AB_EMIT_AIRBYTE, AB_EMIT_SINGER };

/* Reads LOG_LEVEL from the environment (default INFO), ignores SIGPIPE and SIGXFSZ, arms the report
 * for failed allocations. Call it first. */
void ab_emit_init(enum ab_emit_style style);
void ab_emit_release(void);

/* In place of what the environment says. */
void ab_emit_level(enum ab_level level);

/* Whether log lines go to stderr. */
bool ab_emit_on_stderr(void);

bool ab_emit_wanted(enum ab_level level);
void ab_emit_log(enum ab_level level, const char *format, ...) AB_PRINTF(2, 3);

/* The specification as embedded: a JSON text. */
void ab_emit_spec(const unsigned char *spec);

/* A metric of the Singer style, a JSON object; nothing in the other. */
void ab_emit_metric(const char *json);

/* CONNECTION_STATUS: SUCCEEDED if message is NULL, else FAILED. */
void ab_emit_connection_status(const char *message);

/* DESTINATION_CATALOG: catalog is the JSON text of an AirbyteDestinationCatalog on one line. */
void ab_emit_destination_catalog(struct ab_view catalog);

/* A whole STATE line, without newline. */
void ab_emit_state(const char *line, size_t len);

/* TRACE ERROR: what the platform shows the user; CRITICAL. now_ms is Unix time. */
void ab_emit_error(const struct ab_error *failure, int64_t now_ms);

/* Writes out what gathered; waits for the reader. */
AB_MUST_CHECK int ab_emit_flush(struct ab_error *err);

#endif
