/*
 * request.h: the memory of a request that is used again and again, empty each time the connector
 * gets it.
 */
#ifndef AB_REQUEST_H
#define AB_REQUEST_H

#include <stdbool.h>

#include "destination.h"

/* Its texts may grow up to 256 KiB, its body up to 256 MiB. */
void ab_request_init(struct ab_request *request);
void ab_request_release(struct ab_request *request);

/* Empty, but with its memory. */
void ab_request_reset(struct ab_request *request);

/* Whether something did not fit. */
bool ab_request_overflowed(const struct ab_request *request);

#endif
