import type { Handler } from '../../lib/queues.ts'
import type { ExportsService } from './exports.service.ts'

export function exportHandlers({ exports }: { exports: ExportsService }): Handler[] {
  return [
    {
      queue: 'events',
      kind: 'data-export.requested',
      handle: (event, wanted) => exports.make(event, wanted),
      giveUp: (wanted) => exports.giveUp(wanted),
    },
  ]
}
