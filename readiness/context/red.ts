import type { Need } from './stack.ts'

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

/** What a probe throws when it could not look, because a part that it stands on can't be had: nothing is verified, and nothing fails. */
export class Lacking extends Error {
  override readonly name = 'Lacking'
  readonly need: Need
  constructor(need: Need, detail: string) {
    super(detail)
    this.need = need
  }
}

/** Says what could not be had here, although the machine seemed to have what it takes. */
export function lacking(need: Need, detail: string): never {
  throw new Lacking(need, detail)
}
