// Every control that has a probe. What controls.tsv lists and is not here shows in the report as missing.
import type { Control } from '../control.ts'
import { api } from './api.ts'
import { data } from './data.ts'
import { observability } from './observability.ts'
import { operations } from './operations.ts'
import { containersLimited } from './operations-production.ts'
import { performance } from './performance.ts'
import { queue } from './queue.ts'
import { queueLimits } from './queue-limits.ts'
import { readiness } from './readiness.ts'
import { recovery } from './recovery.ts'
import { reliability } from './reliability.ts'
import { scale } from './scale.ts'
import { scaleOut } from './scale-out.ts'
import { scaleReads } from './scale-reads.ts'
import { scaleStreams } from './scale-streams.ts'
import { security } from './security.ts'

export const catalogue: readonly Control[] = [
  ...security,
  ...api,
  ...reliability,
  ...data,
  ...queue,
  ...queueLimits,
  ...performance,
  ...scale,
  scaleOut,
  ...scaleReads,
  ...scaleStreams,
  containersLimited,
  ...observability,
  ...operations,
  ...recovery,
  ...readiness,
]
