/*
 * session.h: a connector with its configuration: what every command but `spec` works with.
 */
#ifndef AB_SESSION_H
#define AB_SESSION_H

#include <stdbool.h>

#include "buf.h"
#include "catalog.h"
#include "config.h"
#include "destination.h"
#include "error.h"
#include "message.h"

struct cJSON;

/* All zeroes but destination at first. */
struct ab_session {
	const struct ab_destination *destination;
	struct cJSON *spec;
	struct ab_config config;
	void *self; /* the connector's; NULL: not open */
	struct ab_limits limits;
};

/* Reads the configuration. Failing here is a fault of how the connector was called. */
AB_MUST_CHECK int ab_session_read(
    struct ab_session *session, const char *config_path, struct ab_error *err);

/* Gives the configuration to the connector. Failing here is the configuration's fault. */
AB_MUST_CHECK int ab_session_open(struct ab_session *session, struct ab_error *err);

/* Runs the one exchange of a check or a discovery; gives up when the time is over. *answer is the
 * caller's on success. */
AB_MUST_CHECK int ab_session_exchange(
    struct ab_session *session, enum ab_phase phase, struct ab_buf *answer, struct ab_error *err);

/* Runs a write of standard input (ab_sync_write, with the options of that name); the catalog is
 * released. */
AB_MUST_CHECK int ab_session_write(struct ab_session *session, struct ab_catalog *catalog,
    const struct ab_dialect *dialect, bool dedup, struct ab_error *err);

void ab_session_close(struct ab_session *session);

#endif
