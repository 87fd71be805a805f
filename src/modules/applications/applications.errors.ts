import { AppError } from '../../lib/errors.ts'

export const applicationNotFound = (id: string) =>
  new AppError(404, 'APPLICATION_NOT_FOUND', `No application that you may see has the id ${id}`)

export const alreadyApplied = (jobId: string) =>
  new AppError(409, 'ALREADY_APPLIED', `You have applied for the job ${jobId} already: one application each`)

export const applicationSettled = (id: string, status: string) =>
  new AppError(
    409,
    'APPLICATION_SETTLED',
    `The application ${id} is ${status}: only a submitted one can be accepted or withdrawn`,
  )
