import { AppError } from '../../lib/errors.ts'

export const jobNotFound = (id: string) =>
  new AppError(404, 'JOB_NOT_FOUND', `No job that you may see has the id ${id}`)

export const jobAlreadyOpen = (id: string) => new AppError(409, 'JOB_ALREADY_OPEN', `The job ${id} is open already`)

export const jobNotOpen = (id: string) =>
  new AppError(409, 'JOB_NOT_OPEN', `The job ${id} is a draft: publish it before you close it`)

export const jobClosed = (id: string) =>
  new AppError(409, 'JOB_CLOSED', `The job ${id} is closed for good: make a new one`)

export const jobNotDeleted = (id: string) => new AppError(409, 'JOB_NOT_DELETED', `The job ${id} is not deleted`)

export const slugTaken = (slug: string) => new AppError(409, 'SLUG_TAKEN', `Another job has the slug ${slug}`)

export const slugReserved = (slug: string) =>
  new AppError(422, 'SLUG_RESERVED', `The slug ${slug} is reserved: take another`)

export const jobUnderContract = (id: string) =>
  new AppError(409, 'JOB_UNDER_CONTRACT', `The job ${id} has a contract, so it stays`)

export const budgetFixed = (id: string) =>
  new AppError(409, 'BUDGET_FIXED', `The job ${id} is open: workers apply for the budget that it has`)
