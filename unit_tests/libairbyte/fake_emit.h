/*
 * fake_emit.h: stands in for emit.c in tests of whole runs. Each state and each log line goes to
 * the test at the moment it leaves. Include it in one file of a test program.
 */
#ifndef AB_FAKE_EMIT_H
#define AB_FAKE_EMIT_H

#include "emit.h"

static struct {
	void (*state)(const char *line, size_t len);
	void (*log)(enum ab_level level, const char *text); /* NULL: nobody looks */
} fake_emit;

void
ab_emit_state(const char *line, size_t len)
{
	fake_emit.state(line, len);
}

int
ab_emit_flush(struct ab_error *err)
{
	(void)err;
	return 0;
}

void
ab_emit_log(enum ab_level level, const char *format, ...)
{
	char text[512];
	va_list args;

	if (fake_emit.log == NULL)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fake_emit.log(level, text);
}

void
ab_emit_metric(const char *json)
{
	(void)json;
}

bool
ab_emit_wanted(enum ab_level level)
{
	(void)level;
	return false;
}

/* There is no live line then, whatever stderr is. */
bool
ab_emit_on_stderr(void)
{
	return true;
}

#endif
