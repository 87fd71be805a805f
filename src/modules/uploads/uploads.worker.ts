import type { Handler } from '../../lib/queues.ts'
import type { UploadsService } from './uploads.service.ts'

export function uploadHandlers({ uploads }: { uploads: UploadsService }): Handler[] {
  return [{ queue: 'events', kind: 'upload.removed', handle: (event, removed) => uploads.discard(event, removed) }]
}
