-- Rows of a live table by which tombstones are looked up: what went into the vault may have been released.
SELECT :start AS mark :parts FROM :from
