-- Who else has to erase: notices to recipients of the data, written with the result of a request and delivered by a
-- command of the operator's. By what a recipient finds the person is sealed under the key file until it is delivered.

CREATE TABLE pgretain.notice (
	id		uuid		PRIMARY KEY,
	request		uuid		NOT NULL REFERENCES pgretain.request,
	recipient	text		NOT NULL,
	known_by	text		NOT NULL,
	state		text		NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed', 'told', 'void')),
	rules		text[]		NOT NULL,
	rows		bigint		NOT NULL CHECK (rows > 0),
	complete	boolean		NOT NULL,
	sealed		bytea,
	created_at	timestamptz	NOT NULL DEFAULT clock_timestamp(),
	next_at		timestamptz	NOT NULL DEFAULT clock_timestamp(),
	attempts	int		NOT NULL DEFAULT 0,
	tried_at	timestamptz,
	exit_status	int,
	reason		text,
	answer		bytea		CHECK (octet_length(answer) = 32),
	delivered_at	timestamptz,
	evidence	text,
	CHECK ((state IN ('waiting', 'failed')) = (sealed IS NOT NULL))
);
CREATE INDEX notice_waiting ON pgretain.notice (recipient, next_at) WHERE state = 'waiting';
CREATE INDEX notice_request ON pgretain.notice (request);
COMMENT ON TABLE pgretain.notice IS 'what recipients of the data must be told of an erasure, and what became of it';
COMMENT ON COLUMN pgretain.notice.id IS 'the notice: the same in every attempt, so that a recipient knows it again';
COMMENT ON COLUMN pgretain.notice.request IS 'the request';
COMMENT ON COLUMN pgretain.notice.recipient IS 'name in the configuration';
COMMENT ON COLUMN pgretain.notice.known_by IS 'by what the recipient knows the person: key, or name of the identifier';
COMMENT ON COLUMN pgretain.notice.state IS
	'waiting, delivered, failed (no attempt is left), told (in another way), void (the person has no such identifier)';
COMMENT ON COLUMN pgretain.notice.rules IS 'rules by which rows that the recipient has received were erased';
COMMENT ON COLUMN pgretain.notice.rows IS 'how many until then: more of them are another notice';
COMMENT ON COLUMN pgretain.notice.complete IS 'nothing of these rules is kept any more';
COMMENT ON COLUMN pgretain.notice.sealed IS 'how the recipient finds the person, AES-256-GCM; NULL: needed no more';
COMMENT ON COLUMN pgretain.notice.created_at IS 'when the erasure was settled';
COMMENT ON COLUMN pgretain.notice.next_at IS 'when it is tried next; while it is tried: when it counts as lost';
COMMENT ON COLUMN pgretain.notice.attempts IS 'how often it was tried';
COMMENT ON COLUMN pgretain.notice.tried_at IS 'when last';
COMMENT ON COLUMN pgretain.notice.exit_status IS 'of the command; 128 + n: signal n; NULL: it came to no end of its own';
COMMENT ON COLUMN pgretain.notice.reason IS 'why not, if it came to none';
COMMENT ON COLUMN pgretain.notice.answer IS 'keyed digest (HMAC-SHA256) of what the command printed';
COMMENT ON COLUMN pgretain.notice.delivered_at IS 'when it was delivered, or told';
COMMENT ON COLUMN pgretain.notice.evidence IS 'told: reference of the evidence';
COMMENT ON INDEX pgretain.notice_waiting IS 'what is to be delivered';
COMMENT ON INDEX pgretain.notice_request IS 'the notices of a request';
