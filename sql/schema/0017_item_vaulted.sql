-- Rows of the person that other runs, those of the nights before, have put into the vault.

ALTER TABLE pgretain.request_item ADD COLUMN vaulted bigint NOT NULL DEFAULT 0 CHECK (vaulted >= 0);
COMMENT ON COLUMN pgretain.request_item.vaulted IS 'part of quarantined: put into the vault by other runs than the request''s';
