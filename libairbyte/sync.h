/*
 * sync.h: `write`: the loop that joins input, delivery and acknowledgement.
 */
#ifndef AB_SYNC_H
#define AB_SYNC_H

#include "catalog.h"
#include "destination.h"
#include "error.h"
#include "message.h"

struct ab_sync_options {
	int input;                        /* descriptor to read messages from */
	const struct ab_dialect *dialect; /* of these messages */
	bool dedup;              /* a stream that is announced with a key has one row per key */
	const char *reject_file; /* or NULL */
};

/*
 * Runs a whole write: tells the connector the streams of the catalog, reads messages until the end
 * of input, delivers records, prints states once all before them is safe. Returns 0 if every record
 * and state it received is settled; else -1 with the first cause in err, after what could be saved
 * was saved and acknowledged. A SIGTERM or SIGINT (process.h) is such a cause; it is kept until the
 * process ends.
 */
AB_MUST_CHECK int ab_sync_write(const struct ab_destination *destination, void *self,
    const struct ab_limits *limits, struct ab_catalog *catalog,
    const struct ab_sync_options *options, struct ab_error *err);

/* Zeroes in limits become the defaults that destination.h names. */
void ab_sync_default_limits(struct ab_limits *limits);

#endif
