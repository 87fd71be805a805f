import { AppError } from '../../lib/errors.ts'

export const paymentNotFound = (id: string) =>
  new AppError(404, 'PAYMENT_NOT_FOUND', `No payment that you may see has the id ${id}`)

/** `reason` is the provider's own word, such as card_declined. */
export const paymentRefused = (reason: string) =>
  new AppError(402, 'PAYMENT_REFUSED', `The payment provider refused it: ${reason}`)

export const onlyWorkerCancels = () =>
  new AppError(
    409,
    'CONTRACT_FUNDED',
    'A contract that is funded is cancelled by its worker alone: its client may dispute it',
  )

export const shareNotFitting = (amount: number) =>
  new AppError(
    400,
    'SHARE_NOT_FITTING',
    `workerAmount goes with a split alone, and is more than 0 and less than the price, ${amount}`,
  )

export const paymentNotPending = (id: string, status: string) =>
  new AppError(409, 'PAYMENT_ENDED', `The payment ${id} has ${status} already`)

export const refundNotRefused = (id: string) =>
  new AppError(409, 'REFUND_NOT_REFUSED', `The payment ${id} is no refund that was refused`)
