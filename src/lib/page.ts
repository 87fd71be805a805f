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

/** `secret` signs, `lifetime` is in milliseconds. */
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

  function sign(payload: string, list: string): Buffer {
    return createHmac('sha256', secret).update(`cursor\n${list}\n${payload}`).digest().subarray(0, 16)
  }

  function write(key: Key, list: string): string {
    const payload = Buffer.from(JSON.stringify([now() + lifetime, ...key])).toString('base64url')
    return `${payload}.${sign(payload, list).toString('base64url')}`
  }

  /** The key that a cursor holds. `list` names the list with its filters and order. Throws CURSOR_INVALID or CURSOR_EXPIRED (400). */
  function read(cursor: string | undefined, list: string): Key | undefined {
    if (cursor === undefined) return undefined
    const [payload = '', signature = ''] = cursor.split('.')
    const expected = sign(payload, list)
    const given = Buffer.from(signature, 'base64url')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw cursorInvalid()
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
