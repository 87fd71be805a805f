-- What a database holds, as lines NAME|VALUE that two databases with the same rows have in common: for psql, in one transaction.
-- Rows are compared by a sum of hashes, whatever their order: it finds what was lost or changed, and is no proof against a forger.
\pset format unaligned
\pset tuples_only on
SET LOCAL search_path = pg_catalog;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex';
SELECT 'migration|' || max(name) FROM public.schema_migrations;
SELECT format($$ SELECT %L || count(*) || ' rows ' || coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint), 0) FROM %s AS t $$,
    'table ' || oid::regclass || '|', oid::regclass)
  FROM pg_class WHERE relkind = 'r' AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_|^information_schema$')
  ORDER BY oid::regclass::text \gexec
-- Other things than rows: what is there to be lost, by kind.
SELECT kind || 's|' || count(*) FROM (
  SELECT 'index' AS kind FROM pg_index WHERE indrelid >= 16384 AND indisvalid
  UNION ALL SELECT 'constraint' FROM pg_constraint WHERE oid >= 16384
  UNION ALL SELECT 'trigger' FROM pg_trigger WHERE oid >= 16384 AND NOT tgisinternal
  UNION ALL SELECT 'function' FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT 'sequence' FROM pg_class WHERE oid >= 16384 AND relkind = 'S'
) AS things GROUP BY kind ORDER BY kind;
-- The books: entries of each currency sum to nothing, or to what a flawed ledger had when the backup was made.
SELECT 'ledger ' || currency || '|' || count(*) || ' entries, sum ' || sum(amount) FROM public.ledger_entries GROUP BY currency ORDER BY currency;
SELECT 'balances ' || kind || ' ' || currency || '|' || sum(posted) || ' posted, ' || sum(reserved) || ' reserved'
  FROM public.ledger_accounts GROUP BY kind, currency ORDER BY kind, currency;
