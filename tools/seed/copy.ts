// Rows into a table by COPY in its text format, at the speed at which PostgreSQL takes them.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from } from 'pg-copy-streams'

/** A Date is an instant; null and undefined are NULL. */
type Cell = string | number | boolean | Date | null | undefined

/** What one table gets: its columns, and a row for each, in the order of the columns. */
export type Rows = { table: string; columns: string; rows: Iterable<Cell[]> }

/** Characters that go to the server at once. */
const portion = 65_536

/** Answers how many rows there were. */
export async function copyRows(client: pg.Client, { table, columns, rows }: Rows): Promise<number> {
  let count = 0
  const target = client.query(from(`COPY ${table} (${columns}) FROM STDIN`))
  await pipeline(Readable.from(portions(), { objectMode: true }), target)
  return count

  function* portions() {
    let text = ''
    for (const row of rows) {
      text += `${row.map(inText).join('\t')}\n`
      count++
      if (text.length < portion) continue
      yield Buffer.from(text)
      text = ''
    }
    yield Buffer.from(text)
  }
}

function inText(cell: Cell): string {
  if (typeof cell === 'string') return cell.replace(/[\\\t\n\r]/g, (found) => `\\${found}`)
  if (cell === null || cell === undefined) return '\\N'
  return cell instanceof Date ? cell.toISOString() : String(cell)
}
