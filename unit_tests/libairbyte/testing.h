/*
 * testing.h: what every unit test includes. cmocka wants these headers before its own.
 */
#ifndef AB_TESTING_H
#define AB_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A file of this text, its name in path; the caller unlinks it. */
static inline void
write_temporary(char path[64], const char *text)
{
	snprintf(path, 64, "/tmp/ab_test_XXXXXX");
	const int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
