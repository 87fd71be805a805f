import { AppError } from '../../lib/errors.ts'

export const notSealedYet = () =>
  new AppError(404, 'AUDIT_NOT_SEALED', 'No part of the audit trail is sealed yet: a worker seals it once a second')
