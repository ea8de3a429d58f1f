#include "datetime.h"

#include <string.h>

#define DAY_MS 86400000

struct cursor {
	const char *p;
	const char *end;
};

/* Reads exactly `count` digits. */
static bool
digits(struct cursor *at, int count, int *value)
{
	int sum = 0;

	for (int i = 0; i < count; i++, at->p++) {
		if (at->p == at->end || *at->p < '0' || *at->p > '9')
			return false;
		sum = sum * 10 + (*at->p - '0');
	}
	*value = sum;
	return true;
}

static bool
skip(struct cursor *at, const char *any)
{
	if (at->p == at->end || *at->p == '\0' || strchr(any, *at->p) == NULL)
		return false;
	at->p++;
	return true;
}

static bool
leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970-01-01 in the Gregorian calendar, also before it was made. */
static int64_t
days(int year, int month, int day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	const int64_t y = year + 400; /* so that no division below is of a negative number */
	const int64_t leaps = (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400;
	const int64_t day_of_year = before[month - 1] + (month > 2 && leap(year)) + day - 1;
	const int64_t epoch = 2370 * 365 + 2369 / 4 - 2369 / 100 + 2369 / 400;

	return y * 365 + leaps + day_of_year - epoch;
}

static bool
read_date(struct cursor *at, int64_t *day_number)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day;

	if (!digits(at, 4, &year) || !skip(at, "-") || !digits(at, 2, &month) || !skip(at, "-") ||
	    !digits(at, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 ||
	    day > lengths[month - 1] + (month == 2 && leap(year)))
		return false;
	*day_number = days(year, month, day);
	return true;
}

/* hh:mm[:ss[.fraction]] */
static bool
read_time(struct cursor *at, int64_t *ms)
{
	int hour, minute;
	int second = 0;
	int scale = 100;

	if (!digits(at, 2, &hour) || !skip(at, ":") || !digits(at, 2, &minute))
		return false;
	if (skip(at, ":") && !digits(at, 2, &second))
		return false;
	/* 60: a leap second. */
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ms = (((int64_t)hour * 60 + minute) * 60 + second) * 1000;
	if (!skip(at, ".,"))
		return true;
	const char *first = at->p;
	for (; at->p < at->end && *at->p >= '0' && *at->p <= '9'; at->p++) {
		*ms += (int64_t)(*at->p - '0') * scale;
		scale /= 10;
	}
	return at->p > first;
}

/* Nothing, Z, or a sign with hh, hhmm or hh:mm. */
static bool
read_zone(struct cursor *at, int64_t *offset_ms)
{
	int hours;
	int minutes = 0;

	*offset_ms = 0;
	if (at->p == at->end || skip(at, "Zz"))
		return true;
	const int64_t sign = *at->p == '-' ? -1 : 1;
	if (!skip(at, "+-") || !digits(at, 2, &hours))
		return false;
	const bool colon = skip(at, ":");
	if ((colon || at->p < at->end) && !digits(at, 2, &minutes))
		return false;
	*offset_ms = sign * (hours * 60 + minutes) * 60000;
	return hours <= 23 && minutes <= 59;
}

/* Blanks and controls around a text are no part of it. */
static void
trim(struct cursor *at)
{
	while (at->p < at->end && (unsigned char)*at->p <= ' ')
		at->p++;
	while (at->p < at->end && (unsigned char)at->end[-1] <= ' ')
		at->end--;
}

bool
ab_datetime_parse(const char *text, size_t len, int64_t *ms)
{
	struct cursor at = {text, text + len};
	int64_t day = 0;
	int64_t time = 0;
	int64_t offset = 0;

	trim(&at);
	if (!read_date(&at, &day))
		return false;
	if (at.p < at.end) {
		if (!skip(&at, "Tt ") || !read_time(&at, &time))
			return false;
		/* Databases print a space before the zone. */
		skip(&at, " ");
		if (!read_zone(&at, &offset) || at.p < at.end)
			return false;
	}
	*ms = day * DAY_MS + time - offset;
	return true;
}
