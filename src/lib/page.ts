// Opaque cursors for keyset pages: the key of the last row, signed, with an end, and bound to the list that it came from.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from './errors.ts'

export type Page<T> = { data: T[]; page: { next: string | null } }
export type Cursors = ReturnType<typeof createCursors>

type Key = (string | number)[]

const cursorInvalid = () =>
  new AppError(
    400,
    'CURSOR_INVALID',
    'The cursor is not one of ours, or belongs to a list with other filters: start from the first page',
  )
const cursorExpired = () => new AppError(400, 'CURSOR_EXPIRED', 'The cursor is too old: start from the first page')

/**
 * `secret` signs, `lifetime` is in milliseconds. A cursor ends up to a tenth of that later: made again meanwhile it is the same, so that
 * a page that has not changed keeps its bytes, and their entity tag.
 */
export function createCursors({
  secret,
  lifetime,
  now = Date.now,
}: {
  secret: string
  lifetime: number
  now?: () => number
}) {
  return { read, pageOf }

  function seal(payload: string, list: string): string {
    const signature = createHmac('sha256', secret).update(`cursor\n${list}\n${payload}`).digest().subarray(0, 16)
    return `${payload}.${signature.toString('base64url')}`
  }

  function write(key: Key, list: string): string {
    const step = lifetime / 10
    const end = Math.ceil((now() + lifetime) / step) * step
    return seal(Buffer.from(JSON.stringify([end, ...key])).toString('base64url'), list)
  }

  /** The key that a cursor holds. `list` names the list with its filters and order. Throws CURSOR_INVALID or CURSOR_EXPIRED (400). */
  function read(cursor: string | undefined, list: string): Key | undefined {
    if (cursor === undefined) return undefined
    const [payload = ''] = cursor.split('.')
    if (!same(Buffer.from(cursor), Buffer.from(seal(payload, list)))) throw cursorInvalid()
    const [end, ...key] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [number, ...Key]
    if (now() > end) throw cursorExpired()
    return key
  }

  /** Makes a page of rows of which one more than `limit` was asked for, so that the last page is known without a count. */
  function pageOf<T>(rows: T[], limit: number, list: string, keyOf: (row: T) => Key): Page<T> {
    const data = rows.slice(0, limit)
    const last = data.at(-1)
    return { data, page: { next: rows.length > limit && last ? write(keyOf(last), list) : null } }
  }
}

const same = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)
