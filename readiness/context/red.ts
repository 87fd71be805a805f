/** What a probe throws when its control does not hold. `reason` is a code in kebab-case, `detail` is for people. */
export class Red extends Error {
  override readonly name = 'Red'
  readonly reason: string
  constructor(reason: string, detail = '') {
    super(detail ? `${reason}: ${detail}` : reason)
    this.reason = reason
  }
}

/** Says that the control does not hold. */
export function red(reason: string, detail?: string): never {
  throw new Red(reason, detail)
}
