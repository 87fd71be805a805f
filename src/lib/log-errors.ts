// What a line says of an error: enough to find it, and nothing that a caller sent. Drivers put rows, parameters, commands and
// addresses of recipients into their errors, so what may be told is listed here, and texts are cleaned.

const told = [
  'code',
  'status',
  'severity',
  'constraint',
  'table',
  'column',
  'schema',
  'syscall',
  'errno',
  'responseCode',
]

type Told = { type: string; message: string; stack: string } & Record<string, unknown>

/** Serialises an error with its causes, as pino does, but only what is listed. */
export function tellError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? withoutValues(error) : { type: typeof error }
  const all = causesOf(error)
  const { name } = error.constructor
  const about: Told = {
    type: name === 'Error' ? error.name : name,
    message: messageOf(error),
    stack: all.map(({ stack = '' }) => withoutValues(stack)).join('\ncaused by: '),
  }
  for (const key of told) {
    const value: unknown = Reflect.get(error, key) ?? Reflect.get(all.at(-1) ?? error, key)
    if (typeof value === 'string' || typeof value === 'number') about[key] = value
  }
  return about
}

/** The message of an error and of its causes. */
const messageOf = (error: Error) =>
  causesOf(error)
    .map(({ message }) => withoutValues(message))
    .join(': ')

function causesOf(error: Error): Error[] {
  const all: Error[] = []
  for (let at: unknown = error; at instanceof Error && !all.includes(at) && all.length < 10; at = at.cause) all.push(at)
  return all
}

/** E-mail addresses and logins of URLs, tokens, values that PostgreSQL quotes, and text that is not JSON. */
function withoutValues(text: string): string {
  return text
    .replace(/[^\s"'<>(),;:=@/\\]+@[^\s"'<>(),;:@/\\]+/g, '[address]')
    .replace(/\beyJ[\w-]*\.[\w-]+\.[\w-]+/g, '[token]')
    .replace(/\b(bearer|basic) +\S+/gi, '$1 [token]')
    .replace(/(invalid input[^:\n]*|out of range[^:\n]*|malformed[^:\n]*): "[^\n]*"/g, '$1: "[value]"')
    .replace(/(Unexpected [^\n]*?), [^\n]*( is not valid JSON)/g, '$1$2')
}
