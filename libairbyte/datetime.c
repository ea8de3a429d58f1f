#include "datetime.h"

#define DAY_MS 86400000
#define CYCLE_YEARS 400 /* after which the calendar repeats */
#define CYCLE_DAYS 146097
#define FIRST_DAY (-719528) /* 0000-01-01, in days since 1970 */
#define FIRST_MS ((int64_t)FIRST_DAY * DAY_MS)
#define END_MS ((int64_t)(FIRST_DAY + 25 * CYCLE_DAYS) * DAY_MS) /* after the year 9999 */

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
skip(struct cursor *at, char byte)
{
	if (at->p == at->end || *at->p != byte)
		return false;
	at->p++;
	return true;
}

static bool
skip_either(struct cursor *at, char one, char other)
{
	return skip(at, one) || skip(at, other);
}

static bool
leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 0000-01-01 of the first day of a year. */
static int
year_start(int year)
{
	/* Rounded up: the year 0 is one of each kind. */
	return year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
}

/* Days of the year before the first of a month, 1 to 13. */
static int
month_start(int year, int month)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

	return before[month - 1] + (month > 2 && leap(year));
}

static bool
read_date(struct cursor *at, int64_t *day_number)
{
	int year, month, day;

	if (!digits(at, 4, &year) || !skip(at, '-') || !digits(at, 2, &month) || !skip(at, '-') ||
	    !digits(at, 2, &day))
		return false;
	if (month < 1 || month > 12)
		return false;
	const int before = month_start(year, month);
	if (day < 1 || day > month_start(year, month + 1) - before)
		return false;
	*day_number = FIRST_DAY + year_start(year) + before + day - 1;
	return true;
}

/* hh:mm[:ss[.fraction]] */
static bool
read_time(struct cursor *at, int64_t *ms)
{
	int hour, minute;
	int second = 0;
	int scale = 100;

	if (!digits(at, 2, &hour) || !skip(at, ':') || !digits(at, 2, &minute))
		return false;
	const bool seconds = skip(at, ':');
	if (seconds && !digits(at, 2, &second))
		return false;
	/* 60: a leap second. */
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ms = (((int64_t)hour * 60 + minute) * 60 + second) * 1000;
	if (!seconds || !skip_either(at, '.', ','))
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
	if (at->p == at->end || skip_either(at, 'Z', 'z'))
		return true;
	const int64_t sign = *at->p == '-' ? -1 : 1;
	if (!skip_either(at, '+', '-') || !digits(at, 2, &hours))
		return false;
	const bool colon = skip(at, ':');
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
		if ((!skip_either(&at, 'T', 't') && !skip(&at, ' ')) || !read_time(&at, &time))
			return false;
		/* Databases print a space before the zone. */
		skip(&at, ' ');
		if (!read_zone(&at, &offset) || at.p < at.end)
			return false;
	}
	*ms = day * DAY_MS + time - offset;
	return true;
}

/* Writes a number with so many digits and the byte that follows it; returns its end. */
static char *
put_number(char *to, int value, int count, char after)
{
	for (int i = count - 1; i >= 0; i--) {
		to[i] = (char)('0' + value % 10);
		value /= 10;
	}
	to[count] = after;
	return to + count + 1;
}

/* day counts from 0000-01-01. */
static char *
put_date(char *to, int day)
{
	/* Years differ in length, so this may be off by one. */
	int year = (int)((int64_t)day * CYCLE_YEARS / CYCLE_DAYS);
	if (year_start(year) > day)
		year--;
	else if (year_start(year + 1) <= day)
		year++;
	day -= year_start(year);
	/* No month is longer than 31 days, so this is never too late. */
	int month = day / 31 + 1;
	while (month < 12 && month_start(year, month + 1) <= day)
		month++;
	to = put_number(to, year, 4, '-');
	to = put_number(to, month, 2, '-');
	return put_number(to, day - month_start(year, month) + 1, 2, 'T');
}

bool
ab_datetime_put(struct ab_buf *out, int64_t ms)
{
	char text[AB_DATETIME_BYTES];

	if (ms < FIRST_MS || ms >= END_MS)
		return false;
	const int64_t time = (ms - FIRST_MS) % DAY_MS;
	char *to = put_date(text, (int)((ms - FIRST_MS) / DAY_MS));
	to = put_number(to, (int)(time / 3600000), 2, ':');
	to = put_number(to, (int)(time / 60000 % 60), 2, ':');
	to = put_number(to, (int)(time / 1000 % 60), 2, '.');
	put_number(to, (int)(time % 1000), 3, 'Z');
	ab_buf_add(out, text, sizeof(text));
	return true;
}
