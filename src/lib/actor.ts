export const roles = ['client', 'worker', 'support', 'admin'] as const
export type Role = (typeof roles)[number]

/** What a user's limits are multiplied by: see LIMIT_PARTNER_FACTOR. */
export const tiers = ['standard', 'partner'] as const
export type Tier = (typeof tiers)[number]

/** What can be seen of any request, of a stranger's too; nothing in it names a person. */
export type Seen = {
  requestId?: string
  addressHash?: string
  /** What the address was called before its key changed the last time (plugins/address.ts): to recognise it, never to be kept. */
  formerAddressHash?: string
  userAgent?: string
  path?: string
}

/** Who makes the request, as the access token says, in which session, and what was seen of it. */
export type Actor = Seen & {
  id: string
  role: Role
  tier?: Tier
  sessionId?: string
  /** They wrote something a moment ago, so that what they read has to be the newest (plugins/own-writes.ts). */
  wroteLately?: boolean
}

/**
 * Who may call a route. `public`: anyone, credentials are not looked at. `optional`: anyone, but credentials that are shown must
 * be good. `user`: whoever is signed in. Or the roles that may.
 */
export type Access = 'public' | 'optional' | 'user' | readonly Role[]

export const isStaff = (actor: Actor | undefined) => actor?.role === 'admin' || actor?.role === 'support'
