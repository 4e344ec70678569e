/* Backups: which there are, which of them still hold erased rows, until when. */
#include "cmd/backup_rewrite.h"
#include "cmd/backup_verbs.h"

static const struct verb verbs[] = {
	{ .name = "scan", .usage = "[STORE...]", .summary = "lists the stores anew, notices what is new and what is gone, settles",
	  .max_words = -1, .run = backup_scan },
	{ .name = "list", .usage = "[SET...]", .summary = "which sets hold erased rows, of how many requests, until when, and why",
	  .max_words = -1, .run = backup_list },
	{ .name = "show", .usage = "SET...", .summary = "everything known of a set, and its obligations with their evidence",
	  .min_words = 1, .max_words = -1, .run = backup_show },
	{ .name = "rewrite", .usage = "[SET...] | --file PATH [--output PATH]",
	  .summary = "drops and alters in archives of pg_dump what the rules take",
	  .options = backup_rewrite_options, .max_words = -1, .run = backup_rewrite },
	{ .name = "verify", .usage = "[SET...] | --file PATH", .summary = "reads archives from their first byte to their last",
	  .options = backup_verify_options, .max_words = -1, .run = backup_verify },
	{ .name = NULL },
};

const struct command cmd_backup = {
	.name = "backup",
	.summary = "which backups still hold erased rows, and until when",
	.usage = "scan [STORE...] | list [SET...] | show SET... |\n"
		 "rewrite [SET... | --file PATH [--output PATH]] [--dry-run] | verify [SET... | --file PATH]",
	.help =
		"What is erased in the database still stands in the backups made before. backup scan asks each store\n"
		"of the configuration (section backups) what it has; each set that was complete before an erasure\n"
		"holds its rows until it expires or is made clean, and a request is completed only then.\n"
		"\n"
		"A SET is named as list shows it, STORE/NAME; a store's name means all its sets. States:\n"
		"  clean     it contains every erasure\n"
		"  holds     it holds erased rows\n"
		"  isolated  it does, and nobody but its owner can read it\n"
		"  overdue   it should be gone by now\n"
		"  cleared   it held some, and no longer does\n"
		"\n"
		"Of a physical backup, show tells as residue of how many runs dead rows may lie in its files though\n"
		"no restore shows them: it was begun before a VACUUM had taken them out, or none is known.\n"
		"\n"
		"A set counts as gone only when a whole listing does not have it any more; a listing that failed, is\n"
		"empty or incomplete clears nothing.\n"
		"\n"
		"rewrite makes archives of pg_dump clean, in each of their formats, without a server to restore them\n"
		"into: rows that the rules take today are dropped or altered, every other one stays byte for byte. It\n"
		"takes the sets that are named; without a name those whose store says rewrite = true and that still\n"
		"hold something; with --file any archive. Legal holds, keys and what follows are respected as in the\n"
		"database, which must be reachable. The new archive is proved before it takes the old one's place,\n"
		"atomically; what can't be judged is refused, named, and left as it is. A rule must have been\n"
		"confirmed by a run first.\n"
		"\n"
		"Rows that were erased by request are found by what was remembered of them: key and start. The ledger\n"
		"in a dump of the whole database says which erasures it contains: keys may be used again after those.\n"
		"A set no longer holds what a run has erased where the rules, or what was remembered, show that\n"
		"nothing of it is left in it. Else (a hold, a row that can't be told from others) it goes on counting\n"
		"as holding it, and show says why.\n"
		"\n"
		"Exit code: 0; 2 a set is overdue, a store could not be listed, or an archive was refused (it stands\n"
		"as it was) or keeps rows that were erased; 1 refused.\n"
		"\n"
		"Example:\n"
		"  pgretain backup scan\n"
		"  pgretain backup list\n"
		"  pgretain backup show nightly/shop-2026-11-24.dump\n"
		"  pgretain backup rewrite --dry-run\n"
		"  pgretain backup rewrite nightly/shop-2026-11-24.dump\n"
		"  pgretain backup rewrite --file /var/backups/shop/monday.dump\n",
	.verbs = verbs,
	.flags = CMD_STOPS,
};
