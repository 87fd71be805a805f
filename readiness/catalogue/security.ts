import type { Control } from '../control.ts'
import { securityAccess } from './security-access.ts'
import { securityInput } from './security-input.ts'
import { securitySecrets } from './security-secrets.ts'

export const security: Control[] = [...securityAccess, ...securityInput, ...securitySecrets]
