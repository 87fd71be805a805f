// How far a standby is behind, told by places in the write-ahead log (LSN). Its own clock can't tell: on a primary that writes nothing
// the last replayed transaction grows old by itself, and a standby that hears nothing any more has replayed all it knows.

export type Replay = ReturnType<typeof createReplay>
type Mark = { lsn: bigint; at: number }

/** Times are milliseconds of `performance.now`. */
export function createReplay() {
  // Of the primary, oldest first: what the standby has not reached yet, and the last that it has.
  let marks: Mark[] = []
  let whole: number | undefined

  return { primaryIsAt, standbyIsAt, standbyIsNone, age, lacked }

  /** `at` is before it was asked: everything committed by then is at or before `lsn`. */
  function primaryIsAt(lsn: string, at: number): void {
    marks.push({ lsn: placeOf(lsn), at })
    if (marks.length > 100) marks.shift()
  }

  function standbyIsAt(lsn: string): void {
    const replayed = placeOf(lsn)
    const reached = marks.findLastIndex((mark) => mark.lsn <= replayed)
    if (reached < 0) return
    whole = marks[reached]?.at
    marks = marks.slice(reached)
  }

  /** It does not follow a primary: nothing is known of it any more. */
  function standbyIsNone(): void {
    whole = undefined
  }

  /** What was committed so many milliseconds ago, or before, is there. */
  function age(): number {
    return whole === undefined ? Number.POSITIVE_INFINITY : performance.now() - whole
  }

  /** How old it was when the primary answered the last time: what it lacks for ever if that one is lost. */
  function lacked(): number {
    return whole === undefined ? Number.POSITIVE_INFINITY : (marks.at(-1)?.at ?? whole) - whole
  }
}

/** Two hexadecimal halves of 32 bits (PostgreSQL, pg_lsn). */
function placeOf(lsn: string): bigint {
  const [high = '', low = ''] = lsn.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}
