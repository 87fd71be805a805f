// Argon2id (RFC 9106) by native code in libuv's threads: the event loop stays free. Parameters are OWASP's minimum.
import { hash, verify } from '@node-rs/argon2'

const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const hashPassword = (password: string) => hash(password, parameters)

// What an unknown account is compared with, so that it takes as long as a known one.
const nobody = hashPassword('the password of nobody')

/** Whether the password belongs to the hash. Without a hash it takes the same time and is false. */
export async function passwordFits(password: string, passwordHash: string | undefined): Promise<boolean> {
  const fits = await verify(passwordHash ?? (await nobody), password)
  return fits && passwordHash !== undefined
}
