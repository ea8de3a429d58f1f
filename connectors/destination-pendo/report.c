#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

static struct pendo_finding *
finding_of(struct pendo_report *report, const char *reason)
{
	if (report->findings == NULL)
		report->findings = ab_calloc(PENDO_REASONS + 1, sizeof(*report->findings));
	for (size_t i = 0; i < report->reasons; i++) {
		struct pendo_finding *finding = &report->findings[i];
		if (strncmp(finding->reason, reason, PENDO_REASON_BYTES - 1) == 0)
			return finding;
	}
	if (report->reasons == PENDO_REASONS)
		return &report->findings[PENDO_REASONS];
	struct pendo_finding *finding = &report->findings[report->reasons++];
	snprintf(finding->reason, sizeof(finding->reason), "%s", reason);
	return finding;
}

/* Cut between characters. */
static size_t
cut(struct ab_view id)
{
	size_t len = id.len < PENDO_REPORTED_ID_BYTES ? id.len : PENDO_REPORTED_ID_BYTES;

	while (len > 0 && len < id.len && ((unsigned char)id.data[len] & 0xC0) == 0x80)
		len--;
	return len;
}

void
pendo_report_add(struct pendo_report *report, const char *reason, struct ab_view id)
{
	struct pendo_finding *finding = finding_of(report, reason);

	finding->records++;
	if (finding->records > PENDO_REPORTED_IDS || id.len == 0)
		return;
	const size_t len = strlen(finding->ids);
	snprintf(finding->ids + len, sizeof(finding->ids) - len, "%s%.*s", len > 0 ? ", " : "",
	    (int)cut(id), id.data);
}

void
pendo_report_tell(const struct pendo_report *report, struct ab_stream *stream, unsigned first)
{
	for (unsigned i = 0; report->findings != NULL && i <= PENDO_REASONS; i++) {
		const struct pendo_finding *finding = &report->findings[i];
		if (finding->records == 0)
			continue;
		ab_note(stream, first + i, "%llu %s not written: %s%s%s%s",
		    (unsigned long long)finding->records,
		    finding->records == 1 ? "record was" : "records were",
		    i < PENDO_REASONS ? finding->reason : "other reasons",
		    finding->ids[0] != '\0' ? "; ids: " : "", finding->ids,
		    finding->records > PENDO_REPORTED_IDS ? ", ..." : "");
	}
}

void
pendo_report_release(struct pendo_report *report)
{
	free(report->findings);
}
