/* When a backup is expected to go. */
#ifndef PGRETAIN_BACKUP_FORECAST_H
#define PGRETAIN_BACKUP_FORECAST_H

#include "backup/set.h"

/* Sets until and until_why of every set, from the store's `keep` and the others of its group:
 *	kept			no end
 *	a date of the tool	that date
 *	dumps and the like	stop + keep
 *	pgbackrest, barman	time retention keeps the newest full backup that is at least `keep` old: a full goes
 *				when the next one has reached that age; without a newer full there is no end
 *	diff, incr		with the first set that they need
 *	wal			with the last of the backups whose start it is needed for */
void forecast(const struct backup_store *store, int64_t now, struct listing *l);

/* instant + period, calendar arithmetic in UTC (31 Jan + 1 month = 28 Feb). */
int64_t forecast_add(int64_t instant, const struct period *p);

#endif
