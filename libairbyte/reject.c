#include "reject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "emit.h"
#include "json_write.h"

#define WARNINGS_MAX 10
#define LINE_MAX_BYTES ((size_t)1 << 30)

struct ab_reject {
	int fd; /* -1: no file */
	char *path;
	struct ab_buf line;
	unsigned warnings;
	bool dirty;
	bool failed; /* for good */
	struct ab_error failure;
};

int
ab_reject_open(struct ab_reject **reject, const char *path, struct ab_error *err)
{
	int fd = -1;

	if (path != NULL && path[0] != '\0') {
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (fd < 0)
			return ab_fail(err, AB_CONFIG_ERROR, "reject_file %s cannot be opened: %s",
			    path, strerror(errno));
	}
	struct ab_reject *opened = ab_calloc(1, sizeof(*opened));
	opened->fd = fd;
	opened->path = ab_strdup(path != NULL ? path : "");
	ab_buf_init(&opened->line, LINE_MAX_BYTES);
	*reject = opened;
	return 0;
}

void
ab_reject_close(struct ab_reject *reject)
{
	if (reject == NULL)
		return;
	if (reject->fd >= 0)
		close(reject->fd);
	ab_buf_release(&reject->line);
	free(reject->path);
	free(reject);
}

bool
ab_reject_wants_records(const struct ab_reject *reject)
{
	return reject->fd >= 0;
}

/* From now on nothing counts as kept: what follows would leave a gap. */
static int
give_up(struct ab_reject *reject, struct ab_error *err)
{
	ab_fail(&reject->failure, AB_SYSTEM_ERROR, "reject_file %s cannot be written: %s",
	    reject->path, strerror(errno));
	reject->failed = true;
	*err = reject->failure;
	return -1;
}

/* No torn line stays behind. A pipe has none to take back, and a disk that refuses even this is
 * told about anyway. */
static void
take_back(const struct ab_reject *reject, off_t start)
{
	if (start >= 0 && ftruncate(reject->fd, start) != 0)
		ab_emit_log(AB_WARN, "the last line of reject_file %s is torn", reject->path);
}

static int
write_line(struct ab_reject *reject, struct ab_error *err)
{
	const off_t start = lseek(reject->fd, 0, SEEK_END);
	const char *at = reject->line.data;
	size_t left = reject->line.len;

	while (left > 0) {
		const ssize_t n = write(reject->fd, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			give_up(reject, err);
			take_back(reject, start);
			return -1;
		}
		at += n;
		left -= (size_t)n;
	}
	reject->dirty = true;
	return 0;
}

/* From the byte after the opening quote to the byte after the closing one. */
static const char *
skip_string(const char *p, const char *end)
{
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;
	return p + 1;
}

/* Outside of strings N and I only begin NaN and Infinity, which JSON lacks: they get quotes. */
static void
put_record(struct ab_buf *line, struct ab_view record)
{
	const char *end = record.data + record.len;
	const char *done = record.data;

	for (const char *p = record.data; p < end;) {
		if (*p == '"') {
			p = skip_string(p + 1, end);
		} else if (*p == 'N' || *p == 'I') {
			const char *start = p[-1] == '-' ? p - 1 : p;
			p += *p == 'N' ? strlen("NaN") : strlen("Infinity");
			ab_buf_add(line, done, (size_t)(start - done));
			ab_json_put_string(line, start, (size_t)(p - start));
			done = p;
		} else {
			p++;
		}
	}
	ab_buf_add(line, done, (size_t)(end - done));
}

int
ab_reject_record(struct ab_reject *reject, const struct ab_stream *stream, uint64_t ordinal,
    const char *reason, struct ab_view record, struct ab_error *err)
{
	struct ab_buf *line = &reject->line;
	char label[256];

	if (reject->warnings < WARNINGS_MAX)
		ab_emit_log(AB_WARN, "stream %s: record %llu was rejected: %s",
		    ab_stream_label(stream, label, sizeof(label)), (unsigned long long)ordinal,
		    reason);
	else if (reject->warnings == WARNINGS_MAX)
		ab_emit_log(AB_WARN, "further rejected records are only counted");
	if (reject->warnings <= WARNINGS_MAX)
		reject->warnings++;
	if (reject->fd < 0)
		return 0;
	if (reject->failed) {
		*err = reject->failure;
		return -1;
	}
	ab_buf_reset(line);
	ab_buf_add_text(line, "{\"stream\":");
	ab_json_put_text(line, stream->name);
	ab_buf_add_text(line, ",\"namespace\":");
	if (stream->namespace != NULL)
		ab_json_put_text(line, stream->namespace);
	else
		ab_buf_add_text(line, "null");
	ab_buf_printf(line, ",\"record\":%llu,\"reason\":", (unsigned long long)ordinal);
	ab_json_put_text(line, reason);
	ab_buf_add_text(line, ",\"data\":");
	if (record.len > 0)
		put_record(line, record);
	else
		ab_buf_add_text(line, "null");
	ab_buf_add_text(line, "}\n");
	return write_line(reject, err);
}

/* A pipe or a terminal cannot be synced, and need not be. */
static bool
sync_file(int fd)
{
	int rc = 0;

	do {
		rc = fdatasync(fd);
	} while (rc != 0 && errno == EINTR);
	return rc == 0 || errno == EINVAL || errno == ENOTSUP;
}

int
ab_reject_sync(struct ab_reject *reject, struct ab_error *err)
{
	if (reject->failed) {
		*err = reject->failure;
		return -1;
	}
	if (!reject->dirty)
		return 0;
	reject->dirty = false;
	return sync_file(reject->fd) ? 0 : give_up(reject, err);
}
