// A schema without what makes loading slow: foreign keys and indexes are taken away, and made again when all rows are there, which
// checks every row. What is looked at one row at a time by the triggers of the ledger is left to `npm run ledger:verify`.
import pg from 'pg'

type Definition = { table: string; name: string; definition: string }

/** The triggers that count and check as money moves: the seed writes the balances itself. */
const triggers: [table: string, trigger: string][] = [
  ['ledger_entries', 'ledger_entries_keep_balances'],
  ['ledger_entries', 'ledger_entries_balanced'],
  ['ledger_transfers', 'ledger_transfers_balanced'],
  ['ledger_transfers', 'ledger_transfers_ends_the_same'],
  ['ledger_transfers', 'ledger_transfers_contract_holds_it'],
]

/** In the transaction of the caller, so that a load that fails leaves the schema as it was. `dressUp` puts all of it back. */
export async function undress(client: pg.Client) {
  const keys = await definitionsOf(`
    SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2`)
  const indexes = await definitionsOf(`
    SELECT indrelid::regclass::text AS table, indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1, 2`)
  for (const { table, name } of keys)
    await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${pg.escapeIdentifier(name)}`)
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`)
  for (const [table, name] of triggers) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ${name}`)

  return { dressUp }

  async function dressUp(): Promise<void> {
    for (const [table, name] of triggers) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER ${name}`)
    for (const { definition } of indexes) await client.query(definition)
    for (const { table, name, definition } of keys)
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${pg.escapeIdentifier(name)} ${definition}`)
  }

  async function definitionsOf(text: string): Promise<Definition[]> {
    return (await client.query<Definition>(text)).rows
  }
}
