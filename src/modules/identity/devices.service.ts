// Whether somebody signs in from where they did before: the owner is told of all else, for it may be a thief.
import type { Tx } from '../../db/client.ts'
import type { Seen } from '../../lib/actor.ts'
import { listDevices } from './devices.repository.ts'
import type { UserRow } from './identity.repository.ts'
import { requestLetter } from './letters.service.ts'

/** Milliseconds after registration in which a first sign-in is nothing to tell of. */
const fresh = 24 * 60 * 60 * 1000

/**
 * Asks for a letter to the owner when no earlier session that is still on record came from this address, or none from this kind of
 * client. Called before the session is there, in its transaction.
 */
export async function tellOfNewDevice(tx: Tx, user: UserRow, seen: Seen): Promise<void> {
  const { addressHash = '', formerAddressHash = '', userAgent = '' } = seen
  const devices = await listDevices(tx, user.id)
  if (devices.length === 0 && Date.now() - Date.parse(user.createdAt) < fresh) return
  const isKnown =
    devices.some((device) => [addressHash, formerAddressHash].includes(device.addressHash)) &&
    devices.some((device) => kindOf(device.userAgent) === kindOf(userAgent))
  if (!isKnown) await requestLetter(tx, { letter: 'new-device', userId: user.id }, seen)
}

/** Without versions: a browser that was updated is no other device. */
const kindOf = (userAgent: string) => userAgent.replace(/[\d._]+/g, '')
