/*
 * fuzz.h: what every fuzz target includes.
 */
#ifndef AB_FUZZ_H
#define AB_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "message.h"

/* What must hold whatever the input. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as text, also an empty one. */
static inline struct ab_view
fuzz_view(const uint8_t *data, size_t size)
{
	return (struct ab_view){size > 0 ? (const char *)data : "", size};
}

/* Takes the next line off a text, without its newline. */
static inline struct ab_view
fuzz_line(struct ab_view *text)
{
	const char *newline = text->len > 0 ? memchr(text->data, '\n', text->len) : NULL;
	const size_t len = newline != NULL ? (size_t)(newline - text->data) : text->len;
	const struct ab_view line = {text->data, len};
	const size_t taken = newline != NULL ? len + 1 : len;

	*text = (struct ab_view){text->data + taken, text->len - taken};
	return line;
}

/* Reads each line of a text as a message; checks those that can be. */
static inline void
fuzz_messages(const struct ab_dialect *dialect, struct ab_view text,
    void (*check)(const struct ab_message_reader *reader, const struct ab_message *message,
	struct ab_view line))
{
	struct ab_message_reader reader;
	struct ab_message message;
	struct ab_error err;

	ab_message_init(&reader);
	while (text.len > 0) {
		const struct ab_view line = fuzz_line(&text);
		if (dialect->parse(&reader, line, &message, &err) == 0)
			check(&reader, &message, line);
	}
	ab_message_release(&reader);
}

/* A file without a name that is there until the process ends. */
struct fuzz_file {
	int fd; /* 0: not made yet */
	char path[32];
};

/* The file holds text now, and nothing else. */
static inline const char *
fuzz_fill(struct fuzz_file *file, struct ab_view text)
{
	char name[] = "/tmp/airbyte-fuzz-XXXXXX";

	if (file->fd == 0) {
		file->fd = mkstemp(name);
		CHECK(file->fd > 0);
		unlink(name);
		snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
	}
	CHECK(ftruncate(file->fd, 0) == 0);
	CHECK(pwrite(file->fd, text.data, text.len, 0) == (ssize_t)text.len);
	return file->path;
}

/* A view that is absent, or in the text. */
static inline void
check_within(struct ab_view part, struct ab_view text)
{
	CHECK(part.data >= text.data && part.data + part.len <= text.data + text.len);
}

#endif
