import pg from 'pg'
import { AppError } from '../lib/errors.ts'

// SQLSTATE classes and codes that speak of the server, not of the statement: connection, resources, operator, system.
const away = /^(08|53|57P|58)/

/** Whether it comes from the way to the server, not from the statement: its connection may be of no more use. */
export const isAway = (error: unknown) => !(error instanceof pg.DatabaseError) || away.test(error.code ?? '')

/** The same error, or a 503 in its place when the database is away, full, shutting down or too busy. The caller may try again. */
export function databaseFailure(error: unknown): unknown {
  if (error instanceof Error && isAway(error)) return unavailable(error)
  if (isSqlState(error, '57014', '55P03')) return busy(error as Error)
  // DETAIL shows whole rows, with the addresses and hashes in them, and errors are logged.
  if (error instanceof pg.DatabaseError) error.detail = undefined
  return error
}

/** Whether a transaction failed only because of what ran beside it: serialization failure or deadlock. */
export function isTiming(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (isSqlState(cause, '40001', '40P01')) return true
  }
  return false
}

/** Whether it waited longer than `lock_timeout` for what another transaction holds. */
export const isLockTimeout = (error: unknown) => error instanceof AppError && isSqlState(error.cause, '55P03')

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
