// Counts the statements that a client sends to PostgreSQL, from the bytes that pass (protocol 3, section 54.7 of its documentation):
// each simple Query and each Execute.
const counted = new Set(['Q', 'E'].map((type) => type.charCodeAt(0)))
/** SSLRequest and GSSENCRequest: what a client may say before it begins. Nothing here grants them. */
const wishes = new Set([80_877_103, 80_877_104])

/** Answers what takes the bytes of one connection, however they are cut. What is not of the protocol throws. */
export function statementCounter(onStatement: () => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  // The first message has no type.
  let begun = false

  return (bytes) => {
    rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes
    for (let size = sizeOf(rest, begun); rest.length >= size; size = sizeOf(rest, begun)) {
      if (begun && counted.has(rest[0] as number)) onStatement()
      begun ||= !wishes.has(rest.readInt32BE(4))
      rest = rest.subarray(size)
    }
  }
}

/** Bytes of the message that begins there; infinite while nobody can say. */
function sizeOf(bytes: Buffer, typed: boolean): number {
  const head = typed ? 1 : 0
  if (bytes.length < head + 4) return Number.POSITIVE_INFINITY
  const length = bytes.readInt32BE(head)
  if (length < (typed ? 4 : 8)) throw new Error(`This is no message of PostgreSQL: its length is ${length}`)
  return head + length
}
