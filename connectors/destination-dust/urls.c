#include "urls.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 253

static size_t
span(const char *text, size_t len, const char *allowed)
{
	size_t at = 0;

	while (at < len && text[at] != '\0' && strchr(allowed, text[at]) != NULL)
		at++;
	return at;
}

/* A host whose last label begins with a digit is read as an IPv4 address, or is an error. */
static bool
good_host(const char *text, size_t len)
{
	char host[HOST_MAX + 1];
	unsigned char address[4];

	if (len == 0 || len > HOST_MAX || text[0] == '.' || text[len - 1] == '.')
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	const char *dot = strrchr(host, '.');
	const char *last = dot != NULL ? dot + 1 : host;
	return *last < '0' || *last > '9' || inet_pton(AF_INET, host, address) == 1;
}

static bool
good_port(const char *text, size_t len)
{
	char port[6];

	if (len >= sizeof(port) || span(text, len, "0123456789") < len)
		return false;
	memcpy(port, text, len);
	port[len] = '\0';
	return len == 0 || strtol(port, NULL, 10) <= 65535;
}

static size_t
scheme_bytes(const char *text, size_t len)
{
	if (len >= 7 && strncasecmp(text, "http://", 7) == 0)
		return 7;
	if (len >= 8 && strncasecmp(text, "https://", 8) == 0)
		return 8;
	return 0;
}

/* What follows the host: no `//` before the query. */
static bool
good_path(const char *text, size_t len)
{
	for (size_t i = 0; i < len && text[i] != '?' && text[i] != '#'; i++) {
		if (text[i] == '/' && i + 1 < len && text[i + 1] == '/')
			return false;
	}
	return true;
}

bool
dust_url_good(const char *text, size_t len)
{
	static const char host_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._";
	const size_t scheme = scheme_bytes(text, len);

	if (scheme == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		/* The URL parser reads a backslash as a slash. */
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F || text[i] == '\\')
			return false;
	}
	const char *host = text + scheme;
	size_t left = len - scheme;
	const size_t host_len = span(host, left, host_chars);
	if (!good_host(host, host_len))
		return false;
	const char *p = host + host_len;
	left -= host_len;
	if (left > 0 && *p == ':') {
		const size_t port = span(p + 1, left - 1, "0123456789");
		if (!good_port(p + 1, port))
			return false;
		p += 1 + port;
		left -= 1 + port;
	}
	if (left > 0 && *p != '/' && *p != '?' && *p != '#')
		return false;
	return good_path(p, left);
}
