#include "state_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json_write.h"

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

static void
put_stats(struct ab_buf *line, bool comma, uint64_t accepted, uint64_t rejected)
{
	/* There may be one for each record: too many for printf. */
	ab_buf_add_text(line, comma ? ",\"destinationStats\":{\"recordCount\":"
				    : "\"destinationStats\":{\"recordCount\":");
	ab_json_put_integer(line, (int64_t)accepted);
	if (rejected > 0) {
		ab_buf_add_text(line, ".0,\"rejectedRecordCount\":");
		ab_json_put_integer(line, (int64_t)rejected);
	}
	ab_buf_add_text(line, ".0}");
}

int
ab_state_texts_put(const struct ab_state_texts *texts, const struct ab_kept_text *kept,
    uint64_t accepted, uint64_t rejected, struct ab_buf *line, struct ab_error *err)
{
	const size_t start = line->len;
	char *copy = NULL;

	if (kept->in_file) {
		copy = ab_malloc(kept->len);
		if (ab_tempfile_read(&texts->file, copy, kept->len, kept->at.offset, err) != 0) {
			free(copy);
			return -1;
		}
	}
	const char *text = kept->in_file ? copy : kept->at.bytes;
	ab_buf_add(line, text, kept->cut_at);
	if (!kept->bare)
		put_stats(line, kept->comma, accepted, rejected);
	ab_buf_add(line, text + kept->cut_at, kept->len - kept->cut_at);
	free(copy);
	if (!line->overflowed)
		return 0;
	ab_buf_truncate(line, start);
	return ab_fail(err, AB_SYSTEM_ERROR,
	    "a state of %" PRIu32 " bytes is too long to be sent back", kept->len);
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
