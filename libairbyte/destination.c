#include "destination.h"

#include <stdio.h>
#include <string.h>

void
ab_request_header(struct ab_request *request, const char *name, const char *value)
{
	ab_buf_printf(&request->headers, "%s: %s\n", name, value);
}

void
ab_url_encode(struct ab_buf *url, const char *bytes, size_t len)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-";
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)bytes[i];
		if (c != '\0' && strchr(plain, c) != NULL) {
			ab_buf_add_char(url, (char)c);
		} else {
			const char escaped[3] = {'%', digits[c >> 4], digits[c & 15]};
			ab_buf_add(url, escaped, sizeof(escaped));
		}
	}
}

static enum ab_failure
failure_of_status(int status)
{
	switch (status) {
	case 400:
	case 401:
	case 403:
	case 404:
		return AB_CONFIG_ERROR;
	default:
		return AB_SYSTEM_ERROR;
	}
}

enum ab_verdict
ab_verdict_of_status(const struct ab_reply *in, struct ab_error *err)
{
	const int again = ab_retry_status(in->status);

	if (again == 0)
		return AB_DONE;
	if (in->untrusted) {
		ab_fail(err, AB_CONFIG_ERROR, "no answer: %s", in->loss);
		return AB_FAILED;
	}
	if (in->status == 0)
		ab_fail(err, AB_TRANSIENT_ERROR, "no answer: %s", in->loss);
	else
		ab_fail(err, again > 0 ? AB_TRANSIENT_ERROR : failure_of_status(in->status),
		    "HTTP %d", in->status);
	return again > 0 ? AB_RETRY : AB_FAILED;
}
