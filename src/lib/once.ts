/** One call that carries an Idempotency-Key: who sends it, to which operation, and what (keyed hash of the body). */
export type Once = {
  readonly caller: string
  readonly route: string
  readonly key: string
  readonly bodyHash: Buffer
  readonly requestId: string
  /** The status of success, stored with the answer; a service whose work may end now or later says which it is, a replay too. */
  status: number
  /** Set by runOnce: `ran` when the answer is stored, `replayed` when it is the stored answer of an earlier call. */
  ran: boolean
  replayed: boolean
}
