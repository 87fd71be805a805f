// What the tables of operations say of each.
import type { Role } from '../context/http.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
/** `public`: anyone, credentials are not looked at. `optional`: anyone, but bad credentials are refused. `user`: any role. */
type Who = 'public' | 'optional' | 'user' | readonly Role[]
export type Caller = Role | 'stranger'
export type Operation = {
  /** The operation id of the document. */
  id: string
  method: Method
  /** With `:id`, `:slug` or `:name` for the part that varies. */
  path: string
  who: Who
  /** Takes an Idempotency-Key, and must have one. */
  idempotent?: true
  /** Takes an If-Match, and must have one. */
  conditional?: true
  /** Ends the session that calls it. */
  ends?: true
  /** What its body shows is nobody's, so that a stranger who may call it is refused by 401. */
  proves?: true
  /** A new valid body. */
  body?: () => Record<string, unknown>
  /** What it takes is a file: a new one, as it is sent. */
  file?: () => { raw: string; headers: Record<string, string> }
}
