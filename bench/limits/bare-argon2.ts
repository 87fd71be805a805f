// Argon2id and nothing else: verifies one hash, so many times, so many at once.
import { verify } from '@node-rs/argon2'
import { answerParent } from '../child.ts'

export type Given = { passwordHash: string; password: string; count: number; atOnce: number }

/** Answers the seconds that it took. */
answerParent(async ({ passwordHash, password, count, atOnce }: Given): Promise<number> => {
  const begun = performance.now()
  let left = count
  const lane = async () => {
    while (left-- > 0)
      if (!(await verify(passwordHash, password))) throw new Error('The password is not that of the hash')
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return (performance.now() - begun) / 1000
})
