/**
 * The key that makes new things: the first that has been there for `settle` milliseconds, or else the last. Until then only the
 * older one is known to every process, so what the new one made would be refused by some.
 */
export function settled<K extends { createdAt: number }>(keys: readonly K[], settle: number, now = Date.now()): K {
  const found = keys.find(({ createdAt }) => createdAt + settle <= now) ?? keys.at(-1)
  if (!found) throw new Error('There is no key')
  return found
}
