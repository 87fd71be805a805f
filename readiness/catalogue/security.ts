import type { Control } from '../control.ts'
import { containersConfined, storesClosed } from './operations-production.ts'
import { securityAccess } from './security-access.ts'
import { securityAudit } from './security-audit.ts'
import { securityContact } from './security-contact.ts'
import { securityEdge } from './security-edge.ts'
import { securityFields } from './security-fields.ts'
import { securityInput } from './security-input.ts'
import { securityLimits } from './security-limits.ts'
import { securityLinks } from './security-links.ts'
import { securityPasswords } from './security-passwords.ts'
import { securityPeople } from './security-people.ts'
import { securityPrivacy } from './security-privacy.ts'
import { securitySecondFactor } from './security-second-factor.ts'
import { securitySecrets } from './security-secrets.ts'
import { securitySessions } from './security-sessions.ts'
import { securityTls } from './security-tls.ts'
import { securityTokens } from './security-tokens.ts'
import { securityUploads } from './security-uploads.ts'
import { securityWebhooks } from './security-webhooks.ts'

export const security: Control[] = [
  ...securityAccess,
  ...securitySessions,
  ...securityLimits,
  ...securityPasswords,
  ...securityPrivacy,
  ...securityLinks,
  ...securitySecondFactor,
  ...securityPeople,
  ...securityAudit,
  ...securityFields,
  ...securityEdge,
  containersConfined,
  storesClosed,
  ...securityContact,
  ...securityInput,
  ...securitySecrets,
  ...securityTls,
  ...securityTokens,
  ...securityUploads,
  ...securityWebhooks,
]
