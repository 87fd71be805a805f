import type { Handler } from '../../lib/queues.ts'
import type { LettersService } from './letters.service.ts'

export function letterHandlers({ letters }: { letters: LettersService }): Handler[] {
  return [{ queue: 'mail', kind: 'letter.requested', handle: (event, payload) => letters.send(event, payload) }]
}
