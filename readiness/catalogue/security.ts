import type { Control } from '../control.ts'
import { securityAccess } from './security-access.ts'
import { securityFields } from './security-fields.ts'
import { securityInput } from './security-input.ts'
import { securityLimits } from './security-limits.ts'
import { securitySecrets } from './security-secrets.ts'

export const security: Control[] = [
  ...securityAccess,
  ...securityLimits,
  ...securityFields,
  ...securityInput,
  ...securitySecrets,
]
