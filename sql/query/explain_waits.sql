-- Which requests keep a row of a rule though its time is over as of :as_of, and until when: those for a copy (code '')
-- and those with an approved ground. :people = rule and code of the ground (NULL: a copy), type and key of the person.
SELECT DISTINCT w.request, w.code, w.until::text
FROM :from
CROSS JOIN LATERAL (:people) AS p(rule, code, subject_type, subject_key)
CROSS JOIN LATERAL (
	SELECT q.id, '', coalesce(q.extended_until, q.respond_by)
	FROM pgretain.request AS q JOIN pgretain.request_subject AS s ON s.request = q.id AND s.settled
	WHERE p.rule IS NULL AND (s.subject_type, s.subject_key) = (p.subject_type, p.subject_key)
		AND q.kind = 'access' AND q.verified_at IS NOT NULL AND q.answered_at IS NULL AND q.finished_at IS NULL
		AND :as_of < coalesce(q.extended_until, q.respond_by)
	UNION ALL
	SELECT g.request, g.code, g.review_at
	FROM pgretain.request_ground AS g JOIN pgretain.request AS q ON q.id = g.request
	JOIN pgretain.request_subject AS s ON s.request = q.id AND s.settled
	WHERE g.rule = p.rule AND g.code = p.code AND (s.subject_type, s.subject_key) = (p.subject_type, p.subject_key)
		AND (g.review_at IS NULL OR g.review_at > :as_of)
		AND q.state NOT IN ('duplicate', 'denied_identity', 'expired', 'withdrawn', 'refused')
) AS w(request, code, until)
WHERE :key
ORDER BY 3, 2, 1
