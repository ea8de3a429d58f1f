#include "error.h"

#include <stdio.h>
#include <string.h>

/* A cut must not leave half a UTF-8 sequence behind: the text becomes a JSON string. */
static void
trim_partial_utf8(char *text)
{
	size_t len = strlen(text);
	size_t back = 0;

	while (back < 3 && back < len && ((unsigned char)text[len - 1 - back] & 0xC0) == 0x80)
		back++;
	if (back == len)
		return;
	const unsigned char lead = (unsigned char)text[len - 1 - back];
	const size_t need = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
	if (need > back)
		text[len - 1 - back] = '\0';
}

static void format_into(char *text, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void
format_into(char *text, size_t size, const char *format, va_list args)
{
	const int rc = vsnprintf(text, size, format, args);

	if (rc < 0)
		text[0] = '\0';
	else if ((size_t)rc >= size)
		trim_partial_utf8(text);
}

int
ab_fail(struct ab_error *err, enum ab_failure kind, const char *format, ...)
{
	struct ab_error filled = {.kind = kind};
	va_list args;

	/* Through a copy: an argument may point into err itself. */
	va_start(args, format);
	format_into(filled.message, sizeof(filled.message), format, args);
	va_end(args);
	*err = filled;
	return -1;
}

void
ab_error_detail(struct ab_error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	format_into(err->detail, sizeof(err->detail), format, args);
	va_end(args);
}

const char *
ab_failure_name(enum ab_failure kind)
{
	switch (kind) {
	case AB_CONFIG_ERROR:
		return "config_error";
	case AB_TRANSIENT_ERROR:
		return "transient_error";
	case AB_SYSTEM_ERROR:
		break;
	}
	return "system_error";
}
