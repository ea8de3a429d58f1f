#include "state_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "digits.h"

/* Bytes that destinationStats may need. */
#define STATS_MAX (64 + 2 * AB_DIGITS_MAX)

static const size_t bytes_max = (size_t)4 << 20; /* in memory; more goes to the file */

void
ab_state_texts_init(struct ab_state_texts *texts)
{
	*texts = (struct ab_state_texts){.bytes = 0};
	ab_tempfile_init(&texts->file);
}

void
ab_state_texts_release(struct ab_state_texts *texts)
{
	assert(texts->bytes == 0 && texts->in_file == 0);
	ab_tempfile_release(&texts->file);
}

int
ab_state_texts_keep(struct ab_state_texts *texts, const struct ab_state_text *text,
    struct ab_kept_text *kept, struct ab_error *err)
{
	const size_t after = text->cut_at + text->cut_len;
	const size_t len = text->line.len - text->cut_len;
	char *copy = ab_malloc(len);

	assert(after <= text->line.len && len <= UINT32_MAX);
	memcpy(copy, text->line.data, text->cut_at);
	memcpy(copy + text->cut_at, text->line.data + after, text->line.len - after);
	*kept = (struct ab_kept_text){.len = (uint32_t)len,
	    .cut_at = (uint32_t)text->cut_at,
	    .comma = text->comma,
	    .bare = text->bare};
	if (texts->bytes + len <= bytes_max) {
		kept->at.bytes = copy;
		texts->bytes += len;
		return 0;
	}
	kept->in_file = true;
	kept->at.offset = texts->file_end;
	const int rc = ab_tempfile_write(&texts->file, copy, len, kept->at.offset, err);
	free(copy);
	if (rc != 0)
		return -1;
	texts->file_end += len;
	texts->in_file++;
	return 0;
}

/* Adds text at `to` and returns its end. There may be a state for each record: too many for printf,
 * or for a buffer that is asked for room each time. */
static char *
put(char *to, const char *text, size_t len)
{
	memcpy(to, text, len);
	return to + len;
}

static char *
put_count(char *to, uint64_t count)
{
	char digits[AB_DIGITS_MAX];
	char *end = digits + sizeof(digits);
	const char *first = ab_digits(end, count);

	to = put(to, first, (size_t)(end - first));
	return put(to, ".0", 2);
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

static char *
put_stats(char *to, bool comma, uint64_t accepted, uint64_t rejected)
{
	if (comma)
		to = PUT(to, ",");
	to = PUT(to, "\"destinationStats\":{\"recordCount\":");
	to = put_count(to, accepted);
	if (rejected > 0) {
		to = PUT(to, ",\"rejectedRecordCount\":");
		to = put_count(to, rejected);
	}
	return PUT(to, "}");
}

static int
put_text(const struct ab_kept_text *kept, const char *text, uint64_t accepted, uint64_t rejected,
    struct ab_buf *line, struct ab_error *err)
{
	char stats[STATS_MAX];
	char *stats_end = kept->bare ? stats : put_stats(stats, kept->comma, accepted, rejected);
	const size_t stats_len = (size_t)(stats_end - stats);
	char *to = ab_buf_reserve(line, kept->len + stats_len);

	if (to == NULL) {
		ab_buf_truncate(line, line->len);
		return ab_fail(err, AB_SYSTEM_ERROR,
		    "a state of %" PRIu32 " bytes is too long to be sent back", kept->len);
	}
	to = put(to, text, kept->cut_at);
	to = put(to, stats, stats_len);
	to = put(to, text + kept->cut_at, kept->len - kept->cut_at);
	*to = '\0';
	line->len += kept->len + stats_len;
	return 0;
}

int
ab_state_texts_put(const struct ab_state_texts *texts, const struct ab_kept_text *kept,
    uint64_t accepted, uint64_t rejected, struct ab_buf *line, struct ab_error *err)
{
	if (!kept->in_file)
		return put_text(kept, kept->at.bytes, accepted, rejected, line, err);
	char *copy = ab_malloc(kept->len);
	int rc = ab_tempfile_read(&texts->file, copy, kept->len, kept->at.offset, err);
	if (rc == 0)
		rc = put_text(kept, copy, accepted, rejected, line, err);
	free(copy);
	return rc;
}

void
ab_state_texts_forget(struct ab_state_texts *texts, struct ab_kept_text *kept)
{
	if (!kept->in_file) {
		texts->bytes -= kept->len;
		free(kept->at.bytes);
	} else if (--texts->in_file == 0) {
		texts->file_end = 0;
	}
	*kept = (struct ab_kept_text){.len = 0};
}
