import { AppError } from '../../lib/errors.ts'

export const alreadyReviewed = (contractId: string) =>
  new AppError(
    409,
    'ALREADY_REVIEWED',
    `You have reviewed the contract ${contractId} already: one review each, and it never changes`,
  )

export const notReviewable = (status: string, allowed: readonly string[]) =>
  new AppError(
    409,
    'CONTRACT_NOT_REVIEWABLE',
    `The contract is ${status}: it can be reviewed once it is ${allowed.join(' or ')}`,
  )

/** What the other side wrote can be read by now: nobody answers it by a review. */
export const reviewsClosed = (days: number) =>
  new AppError(409, 'REVIEWS_CLOSED', `The contract was over more than ${days} days ago: it is too late for a review`)

export const userNotFound = (id: string) => new AppError(404, 'USER_NOT_FOUND', `No user has the id ${id}`)
