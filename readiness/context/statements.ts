// Counts the statements that a client sends to PostgreSQL, from the bytes that pass (protocol 3, section 54.7 of its documentation):
// each simple Query and each Execute. The first message of a connection has no type, and TLS is off.
const counted = new Set(['Q', 'E'].map((type) => type.charCodeAt(0)))

/** Answers what takes the bytes of one connection, however they are cut. */
export function statementCounter(onStatement: () => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  let begun = false

  return (bytes) => {
    rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes
    for (;;) {
      const head = begun ? 1 : 0
      const length = rest.length < head + 4 ? Number.POSITIVE_INFINITY : head + rest.readInt32BE(head)
      if (rest.length < length) return
      if (begun && counted.has(rest[0] as number)) onStatement()
      begun = true
      rest = rest.subarray(length)
    }
  }
}
