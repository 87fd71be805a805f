type Extra = { headers?: Record<string, string>; errors?: FieldError[]; cause?: unknown }

/** What is wrong with one field of the input; `path` is a JSON Pointer (RFC 6901) that starts with the part of the request. */
export type FieldError = { path: string; message: string }

/** An answer that refuses. `detail` reaches the caller; `cause` reaches the log only. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>
  readonly errors: FieldError[] | undefined

  constructor(status: number, code: string, detail: string, { headers = {}, errors, cause }: Extra = {}) {
    super(detail, { cause })
    this.status = status
    this.code = code
    this.headers = headers
    this.errors = errors
  }
}
