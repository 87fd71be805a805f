import type { Control } from '../control.ts'
import { statusSeen } from './observability-looks.ts'
import { reliabilityLoad } from './reliability-load.ts'
import { reliabilityLosses } from './reliability-losses.ts'
import { reliabilityModes } from './reliability-modes.ts'
import { reliabilityOutside } from './reliability-outside.ts'
import { reliabilityProcesses } from './reliability-processes.ts'
import { reliabilityRedis } from './reliability-redis.ts'

export const reliability: Control[] = [
  ...reliabilityProcesses,
  statusSeen,
  ...reliabilityLosses,
  ...reliabilityRedis,
  ...reliabilityLoad,
  ...reliabilityModes,
  ...reliabilityOutside,
]
