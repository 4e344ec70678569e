-- Keeps a rule's text and gives its digest.
SELECT pgretain.rule_text_put($1::text)
