/* Requests of data subjects: a table of verbs. */
#include "cmd/certificate.h"
#include "cmd/request_assess.h"
#include "cmd/request_export.h"
#include "cmd/request_verbs.h"

static const struct opt open_options[] = {
	{ .name = "subject", .arg = "TYPE:KEY", .help = "whom it is about, by the key of the identity's root" },
	{ .name = "identifier", .arg = "NAME=VALUE", .help = "by an identifier of the configuration; VALUE - reads standard input",
	  .many = true },
	{ .name = "kind", .arg = "KIND", .help = "erasure (default), access (a copy) or withdrawal (of consent)" },
	{ .name = "jurisdiction", .arg = "NAME", .help = "whose deadlines count; unknown: the earliest of all" },
	{ .name = "received-at", .arg = "TIME", .help = "when the person asked (default: now)" },
	{ .name = "id", .arg = "UUID", .help = "the id to use; the same one again is the same request" },
	{ .name = NULL },
};

static const struct opt list_options[] = {
	{ .name = "state", .arg = "STATE", .help = "only requests in that state" },
	{ .name = NULL },
};

static const struct opt verify_options[] = {
	{ .name = "evidence", .arg = "REF", .help = "reference of what proved the identity" },
	{ .name = "subject", .arg = "TYPE:KEY", .help = "whom it means, where it may mean several people" },
	{ .name = NULL },
};

static const struct opt refuse_options[] = {
	{ .name = "ground", .arg = "CODE", .help = "G2 .. G8 (the policy's grounds) or P1 .. P7 (procedural)" },
	{ .name = "evidence", .arg = "REF", .help = "reference of the reasons" },
	{ .name = "rule", .arg = "RULE", .help = "only this part of the request" },
	{ .name = "review", .arg = "TIME", .help = "until when it keeps the rows (needed with --rule for G2, G3, G6, G8)" },
	{ .name = NULL },
};

static const struct opt ask_options[] = {
	{ .name = "for", .arg = "WHAT", .help = "identity, or a fee (P1: the same again and again)" },
	{ .name = "until", .arg = "TIME", .help = "until when it must come; the night after that the request expires" },
	{ .name = NULL },
};

static const struct opt evidence_options[] = {
	{ .name = "evidence", .arg = "REF", .help = "reference of the reasons" },
	{ .name = NULL },
};

static const struct opt extend_options[] = {
	{ .name = "reason", .arg = "TEXT", .help = "why it takes longer, as the person is told" },
	{ .name = NULL },
};

static const struct opt approve_options[] = {
	{ .name = "expect", .arg = "FP", .help = "the fingerprint that was read: it is what is approved" },
	{ .name = NULL },
};

static const struct opt certificate_options[] = {
	{ .name = "output", .arg = "FILE", .help = "write it there instead of to stdout" },
	{ .name = "verify", .arg = "FILE", .help = "check a certificate against the ledger" },
	{ .name = NULL },
};

static const struct opt export_options[] = {
	{ .name = "output", .arg = "PATH", .help = "the folder that is made for the copy" },
	{ .name = NULL },
};

static const struct verb verbs[] = {
	{ "open", "--subject TYPE:KEY | --identifier NAME=VALUE", "enters a request and prints its UUID", open_options, 0, 0,
	  request_open },
	{ "list", "", "requests with their states and deadlines", list_options, 0, 0, request_list },
	{ "show", "UUID", "one request: people, items, grounds, deadline", NULL, 1, 1, request_show },
	{ "verify", "UUID --evidence REF", "the identity is right: the person is restricted from now on", verify_options, 1, 1,
	  request_verify },
	{ "assess", "UUID...", "freezes what would happen to each table, and shows it", NULL, 1, -1, request_assess },
	{ "approve", "UUID... --expect FP", "approves exactly that", approve_options, 1, -1, request_approve },
	{ "acknowledge", "UUID", "the person was told that it has arrived", NULL, 1, 1, request_acknowledge },
	{ "ask", "UUID --for identity|fee [--until TIME]", "the person is asked for something first", ask_options, 1, 1, request_ask },
	{ "paid", "UUID", "the fee has come: it goes on", NULL, 1, 1, request_paid },
	{ "refuse", "UUID --ground CODE --evidence REF", "refuses the request, or keeps one rule's rows", refuse_options, 1, 1,
	  request_refuse },
	{ "withdraw", "UUID", "the person takes it back, before it is executed", NULL, 1, 1, request_withdraw },
	{ "extend", "UUID --reason TEXT", "a later deadline, as far as its law allows", extend_options, 1, 1, request_extend },
	{ "certificate", "UUID [--output FILE] | --verify FILE", "what became of it, as a file that the ledger vouches for",
	  certificate_options, 0, 1, request_certificate },
	{ "export", "UUID --output PATH", "the person's copy: a folder with JSON lines, one file a table", export_options, 1, 1,
	  request_export },
	{ "reopen", "UUID --evidence REF", "an erased person is in the tables again: the request begins anew", evidence_options, 1, 1,
	  request_reopen },
	{ "admit", "UUID --evidence REF", "an erased person came back of their own will: nobody looks for them any more",
	  evidence_options, 1, 1, request_admit },
	{ "notify", "UUID [--evidence REF]", "tells recipients anew; with evidence: they were told in another way", evidence_options,
	  1, 1, request_notify },
	{ .name = NULL },
};

const struct command cmd_request = {
	.name = "request",
	.summary = "requests of data subjects, from the letter to the certificate",
	.usage = "",
	.help =
		"open finds the person by key or identifier and sets the deadline; nobody, or several people over\n"
		"time, wait for verify --subject. A verified person is restricted (view pgretain.restricted) until\n"
		"the request is over. Give values of identifiers on standard input (NAME=-): arguments are seen by\n"
		"others on the host.\n"
		"\n"
		"assess counts, for the person of a verified request, what would be erased, what the law keeps and\n"
		"until when, what is held, and what is kept under an approved ground; the items are frozen under a\n"
		"fingerprint. approve lets exactly that happen; where the configuration wants two people, not whoever\n"
		"opened it. A personal-looking table that is neither ruled nor exempt stands in the way. certificate\n"
		"tells what became of it: interim while something is kept, final when the request is completed, void\n"
		"if a count did not balance.\n"
		"\n"
		"When the erasure is done, digests of the person's identifiers remain, under the key file. Each night\n"
		"compares the tables with them: an import that brings the person back is reported (exit 2) until\n"
		"reopen or admit says what it is; recurrence = \"reopen\" reopens by itself.\n"
		"\n"
		"Exit code: 0; 1 refused; 3 another fingerprint.\n"
		"\n"
		"Example:\n"
		"  pgretain request open --subject account:4711 --jurisdiction CN\n"
		"  pgretain request verify 8f14e45f-ceea-467f-a9e0-b5d8f5a0c3d2 --evidence letter-17\n"
		"  pgretain request assess 8f14e45f-ceea-467f-a9e0-b5d8f5a0c3d2\n"
		"  pgretain request approve 8f14e45f-ceea-467f-a9e0-b5d8f5a0c3d2 --expect sha256:4f0c…\n",
	.verbs = verbs,
};
