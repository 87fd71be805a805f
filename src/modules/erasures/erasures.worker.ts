import type { Handler } from '../../lib/queues.ts'
import type { ErasuresService } from './erasures.service.ts'

type Parts = { erasures: ErasuresService; forget: (word: string) => Promise<void> }

export function erasureHandlers({ erasures, forget }: Parts): Handler[] {
  return [
    {
      queue: 'events',
      kind: 'user.erased',
      handle: (event, erased) => erasures.erasedFromQueues(event, erased, forget),
    },
  ]
}
