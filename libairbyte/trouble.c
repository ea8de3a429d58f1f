#include "trouble.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"

void
ab_trouble_note(struct ab_trouble **trouble, int status, const struct ab_error *error)
{
	if (*trouble == NULL) {
		*trouble = ab_calloc(1, sizeof(**trouble));
		(*trouble)->first = *error;
	}
	for (int i = 0; i < AB_TROUBLE_TALLY_MAX; i++) {
		if ((*trouble)->tally[i].times > 0 && (*trouble)->tally[i].status != status)
			continue;
		(*trouble)->tally[i].status = status;
		(*trouble)->tally[i].times++;
		return;
	}
	(*trouble)->others++;
}

void
ab_trouble_tell(const struct ab_trouble *trouble, struct ab_error *err)
{
	char tally[160] = "";
	unsigned tries = trouble->others;

	for (int i = 0; i < AB_TROUBLE_TALLY_MAX && trouble->tally[i].times > 0; i++) {
		const size_t len = strlen(tally);
		tries += trouble->tally[i].times;
		if (trouble->tally[i].status > 0)
			snprintf(tally + len, sizeof(tally) - len, "%s%u x HTTP %d",
			    len > 0 ? ", " : "", trouble->tally[i].times, trouble->tally[i].status);
		else
			snprintf(tally + len, sizeof(tally) - len, "%s%u x connection lost",
			    len > 0 ? ", " : "", trouble->tally[i].times);
	}
	if (trouble->others > 0)
		snprintf(tally + strlen(tally), sizeof(tally) - strlen(tally), ", %u x other",
		    trouble->others);
	ab_fail(err, trouble->first.kind, "%.800s; given up after %u %s (%s)",
	    trouble->first.message, tries, tries == 1 ? "try" : "tries", tally);
	ab_error_detail(err, "%s", trouble->first.detail);
}
