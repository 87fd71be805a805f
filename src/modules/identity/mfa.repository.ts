import type { Tx } from '../../db/client.ts'
import { and, eq, isNotNull, isNull, lt, sql } from '../../db/drizzle.ts'
import { recoveryCodes, totp } from '../../db/tables.ts'

export type TotpRow = typeof totp.$inferSelect

export async function findTotp(db: Tx, userId: string): Promise<TotpRow | undefined> {
  const [row] = await db.select().from(totp).where(eq(totp.userId, userId))
  return row
}

/** Puts a seed in the place of one that was never confirmed. False when the second factor is on. */
export async function putSeed(tx: Tx, userId: string, sealedSeed: string): Promise<boolean> {
  const rows = await tx
    .insert(totp)
    .values({ userId, sealedSeed })
    .onConflictDoUpdate({ target: totp.userId, set: { sealedSeed, lastStep: 0 }, setWhere: isNull(totp.confirmedAt) })
    .returning({ userId: totp.userId })
  return rows.length > 0
}

/** Turns it on, with the step of the code that confirmed it. False when it was on already, or the seed is another by now. */
export async function confirmTotp(tx: Tx, { userId, sealedSeed }: TotpRow, step: number): Promise<boolean> {
  const rows = await tx
    .update(totp)
    .set({ confirmedAt: sql`now()`, lastStep: step })
    .where(and(eq(totp.userId, userId), eq(totp.sealedSeed, sealedSeed), isNull(totp.confirmedAt)))
    .returning({ userId: totp.userId })
  return rows.length > 0
}

/** Takes a time step once: of two tries with one code, at once or later, the second is false. */
export async function takeStep(tx: Tx, userId: string, step: number): Promise<boolean> {
  const rows = await tx
    .update(totp)
    .set({ lastStep: step })
    .where(and(eq(totp.userId, userId), isNotNull(totp.confirmedAt), lt(totp.lastStep, step)))
    .returning({ userId: totp.userId })
  return rows.length > 0
}

/** Takes a recovery code once. */
export async function takeRecoveryCode(tx: Tx, userId: string, hash: Buffer): Promise<boolean> {
  const rows = await tx
    .update(recoveryCodes)
    .set({ usedAt: sql`now()` })
    .where(and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.hash, hash), isNull(recoveryCodes.usedAt)))
    .returning({ userId: recoveryCodes.userId })
  return rows.length > 0
}

/** Puts new codes in the place of all that there were. */
export async function putRecoveryCodes(tx: Tx, userId: string, hashes: readonly Buffer[]): Promise<void> {
  await tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId))
  await tx.insert(recoveryCodes).values(hashes.map((hash) => ({ userId, hash })))
}

/** Removes the second factor and its recovery codes. */
export async function deleteTotp(tx: Tx, userId: string): Promise<void> {
  await tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId))
  await tx.delete(totp).where(eq(totp.userId, userId))
}
