/*
 * state_text.h: the texts of states that wait: kept as they came, given back with their statistics.
 *
 * A text leaves byte for byte as it came, unknown fields and `id` included, with destinationStats
 * added to (or put in the place of) the member of the state object. (Airbyte protocol, "State".)
 *
 * Texts beyond 4 MiB wait in an unlinked file in TMPDIR, so that withheld states of a long
 * overwrite do not fill the memory.
 */
#ifndef AB_STATE_TEXT_H
#define AB_STATE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "json.h"
#include "tempfile.h"

/* What leaves, and where in it destinationStats goes. */
struct ab_state_text {
	struct ab_view line; /* the whole line, without its newline */
	bool bare;           /* it leaves as it is: what follows says nothing */
	size_t cut_at;       /* the text line[cut_at, cut_at + cut_len) is replaced ... */
	size_t cut_len;
	bool comma; /* ... by the member, with a comma before it if set */
};

/* A text that is kept, without what is cut. */
struct ab_kept_text {
	union {
		char *bytes;
		uint64_t offset;
	} at;
	uint32_t len;
	uint32_t cut_at;
	bool in_file; /* at.offset counts, else at.bytes */
	bool comma;
	bool bare;
};

struct ab_state_texts {
	size_t bytes; /* of the texts in memory */
	struct ab_tempfile file;
	size_t in_file; /* texts that are there */
	uint64_t file_end;
};

/* Texts that were not forgotten must be, before the release. */
void ab_state_texts_init(struct ab_state_texts *texts);
void ab_state_texts_release(struct ab_state_texts *texts);

/* Keeps a copy, which is in *kept. Fails when TMPDIR is full. */
AB_MUST_CHECK int ab_state_texts_keep(struct ab_state_texts *texts,
    const struct ab_state_text *text, struct ab_kept_text *kept, struct ab_error *err);

/* Appends the text to line, with {"recordCount":accepted.0,"rejectedRecordCount":rejected.0}, the
 * latter only if it is not 0. It stays kept. Fails, with line as it was, if it cannot be read back
 * or line has no room. */
AB_MUST_CHECK int ab_state_texts_put(const struct ab_state_texts *texts,
    const struct ab_kept_text *kept, uint64_t accepted, uint64_t rejected, struct ab_buf *line,
    struct ab_error *err);

/* Frees what a text occupies. */
void ab_state_texts_forget(struct ab_state_texts *texts, struct ab_kept_text *kept);

#endif
