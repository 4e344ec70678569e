/* Requests of data subjects: a table of verbs. */
#include "cmd/certificate.h"
#include "cmd/request_assess.h"

static const struct opt approve_options[] = {
	{ .name = "expect", .arg = "FP", .help = "the fingerprint that was read: it is what is approved" },
	{ .name = NULL },
};

static const struct opt certificate_options[] = {
	{ .name = "output", .arg = "FILE", .help = "write it there instead of to stdout" },
	{ .name = "verify", .arg = "FILE", .help = "check a certificate against the ledger" },
	{ .name = NULL },
};

static const struct verb verbs[] = {
	{ "assess", "UUID...", "freezes what would happen to each table, and shows it", NULL, 1, -1, request_assess },
	{ "approve", "UUID... --expect FP", "approves exactly that", approve_options, 1, -1, request_approve },
	{ "certificate", "UUID [--output FILE] | --verify FILE", "what became of it, as a file that the ledger vouches for",
	  certificate_options, 0, 1, request_certificate },
	{ .name = NULL },
};

const struct command cmd_request = {
	.name = "request",
	.summary = "requests of data subjects, from the items to the approval",
	.usage = "",
	.help =
		"assess counts, for the person of a verified request, what would be erased, what the law keeps and until\n"
		"when, what is held, and what is kept under an approved ground; the items are frozen under a fingerprint.\n"
		"approve lets exactly that happen; where the configuration wants two people, not whoever opened it. A\n"
		"personal-looking table that is neither ruled nor exempt stands in the way. certificate tells what became of\n"
		"it: interim while something is kept, final when the request is completed, void if a count did not balance.\n"
		"\n"
		"Exit code: 0; 1 refused; 3 another fingerprint.\n"
		"\n"
		"Example:\n"
		"  pgretain request assess 8f14e45f-ceea-467f-a9e0-b5d8f5a0c3d2\n"
		"  pgretain request approve 8f14e45f-ceea-467f-a9e0-b5d8f5a0c3d2 --expect sha256:4f0c…\n",
	.verbs = verbs,
};
