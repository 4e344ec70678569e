-- Rows of a rule that never come due as they are.
SELECT count(*) FILTER (WHERE :anomalous) AS anomalous,
	count(*) FILTER (WHERE :indeterminate) AS indeterminate,
	count(*) FILTER (WHERE :future) AS future
FROM :from WHERE :where AND :unusual
