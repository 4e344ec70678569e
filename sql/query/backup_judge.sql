-- Compares what is listed with what was erased; $1: margin between clocks in ms.
SELECT pgretain.backup_judge($1::bigint * interval '1 millisecond')
