import pg from 'pg'
import { AppError } from '../lib/errors.ts'

// SQLSTATE classes and codes that speak of the server, not of the statement: connection, sign-in, database, resources, operator,
// system.
const away = /^(08|28|3D|53|57P|58)/

/** Whether it comes from the way to the server, not from the statement: its connection may be of no more use. */
export const isAway = (error: unknown) => !(error instanceof pg.DatabaseError) || away.test(error.code ?? '')

/** The same error, or a 503 in its place when the database is away, full, shutting down, read-only or too busy. The caller may try again. */
export function databaseFailure(error: unknown): unknown {
  // The request was given up, and says so itself.
  if (error instanceof AppError) return error
  if (error instanceof Error && isAway(error)) return unavailable(error)
  if (isSqlState(error, '57014', '55P03')) return busy(error as Error)
  if (isSqlState(error, '25006')) return readOnly(error as Error)
  // DETAIL shows whole rows, with the addresses and hashes in them, and errors are logged.
  if (error instanceof pg.DatabaseError) error.detail = undefined
  return error
}

/** Whether a transaction failed only because of what ran beside it: serialization failure or deadlock. */
export const isTiming = (error: unknown) => isBeneath(error, '40001', '40P01')

/** Whether it met a server that takes no writes: one that became a standby, or was made read-only. */
export const isReadOnly = (error: unknown) => isBeneath(error, '25006')

/** Whether a unique constraint refused it: someone else has that value. */
export const isTaken = (error: unknown) => isBeneath(error, '23505')

/** Whether the constraint of this name refused it. */
export function isRefusedBy(error: unknown, constraint: string): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof pg.DatabaseError && cause.constraint === constraint) return true
  }
  return false
}

/** Whether it waited longer than `lock_timeout` for what another transaction holds. */
export const isLockTimeout = (error: unknown) => error instanceof AppError && isSqlState(error.cause, '55P03')

function isBeneath(error: unknown, ...codes: string[]): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isSqlState(cause, ...codes)) return true
  }
  return false
}

const isSqlState = (error: unknown, ...codes: string[]) =>
  error instanceof pg.DatabaseError && codes.includes(error.code ?? '')

// A statement or a lock took longer than its limit.
const busy = (cause: Error) =>
  new AppError(503, 'DATABASE_BUSY', 'The database is too busy for the moment. Try again', {
    headers: { 'retry-after': '1' },
    cause,
  })

const unavailable = (cause: Error) =>
  new AppError(503, 'DATABASE_UNAVAILABLE', 'The database is out of reach for the moment. Try again', {
    headers: { 'retry-after': '1' },
    cause,
  })

const readOnly = (cause: Error) =>
  new AppError(503, 'DATABASE_READ_ONLY', 'The database takes no changes for the moment. Try again later', {
    headers: { 'retry-after': '5' },
    cause,
  })
