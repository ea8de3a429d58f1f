#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json_write.h"

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

/* Whether an id in a list of them can be taken for nothing else. */
static bool
is_plain(struct ab_view id)
{
	for (size_t i = 0; i < id.len; i++) {
		const unsigned char c = (unsigned char)id.data[i];
		if (c <= ' ' || c == 0x7F || strchr(",\"\\", c) != NULL)
			return false;
	}
	return true;
}

/* As the inside of a JSON text, cut between characters. */
static void
put_cut(struct ab_buf *text, struct ab_view id)
{
	for (size_t i = 0; i < id.len;) {
		const size_t before = text->len;
		size_t bytes = 1;
		while (i + bytes < id.len && ((unsigned char)id.data[i + bytes] & 0xC0) == 0x80)
			bytes++;
		ab_json_put_escaped(text, id.data + i, bytes);
		if (text->overflowed) {
			ab_buf_truncate(text, before);
			return;
		}
		i += bytes;
	}
}

static void
list_id(struct pendo_finding *finding, struct ab_view id)
{
	const char *quote = is_plain(id) ? "" : "\"";
	char told[sizeof(finding->ids[0])];
	struct ab_buf text;

	if (finding->more)
		return;
	ab_buf_init(&text, PENDO_REPORTED_ID_BYTES);
	put_cut(&text, id);
	snprintf(told, sizeof(told), "%s%s%s", quote, text.data, quote);
	ab_buf_release(&text);
	for (unsigned i = 0; i < finding->listed; i++) {
		if (strcmp(finding->ids[i], told) == 0)
			return;
	}
	if (finding->listed == PENDO_REPORTED_IDS)
		finding->more = true;
	else
		snprintf(finding->ids[finding->listed++], sizeof(told), "%s", told);
}

void
pendo_report_add(struct pendo_report *report, const char *reason, struct ab_view id, size_t records)
{
	struct pendo_finding *finding = finding_of(report, reason);

	finding->records += records;
	if (id.len > 0)
		list_id(finding, id);
}

/* "; ids: v1, v2, ...", or nothing. */
static void
join_ids(char *text, size_t size, const struct pendo_finding *finding)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < finding->listed; i++)
		len += (size_t)snprintf(
		    text + len, size - len, "%s%s", i == 0 ? "; ids: " : ", ", finding->ids[i]);
	if (finding->more)
		snprintf(text + len, size - len, ", ...");
}

void
pendo_report_tell(const struct pendo_report *report, struct ab_stream *stream, unsigned first)
{
	for (unsigned i = 0; report->findings != NULL && i <= PENDO_REASONS; i++) {
		const struct pendo_finding *finding = &report->findings[i];
		char ids[sizeof(finding->ids) + 64];
		if (finding->records == 0)
			continue;
		join_ids(ids, sizeof(ids), finding);
		ab_note(stream, first + i, "%llu %s not written: %s%s",
		    (unsigned long long)finding->records,
		    finding->records == 1 ? "record was" : "records were",
		    i < PENDO_REASONS ? finding->reason : "other reasons", ids);
	}
}

void
pendo_report_release(struct pendo_report *report)
{
	free(report->findings);
}
