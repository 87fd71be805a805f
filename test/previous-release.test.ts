import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openMailCatcher } from '../tools/mail-catcher.ts'
import { openPaymentSandbox } from '../tools/payment-sandbox.ts'
import { missingHistory, playPrevious, soonReleased, unpackPrevious } from '../tools/previous-release.ts'
import { openRedis } from '../tools/redis-server.ts'
import { createTestDatabase } from './database.ts'
import { environment } from './environment.ts'
import { start } from './process.ts'

const missing = await missingHistory()

test.skipIf(missing)(
  'the last release plays its whole journey on the schema of today',
  async () => {
    const outer = await mkdtemp(join(tmpdir(), 'seaworthy-previous-'))
    onTestFinished(() => rm(outer, { recursive: true }))
    const folder = join(outer, 'tree')
    await unpackPrevious(folder)
    const { appUrl } = await createTestDatabase()
    const own = environment(appUrl)
    const [redis, mail, payments] = await Promise.all([
      openRedis(),
      openMailCatcher(),
      openPaymentSandbox({ webhook: { secret: own.PAYMENTS_WEBHOOK_SECRETS } }),
    ])
    for (const part of [redis, mail, payments]) onTestFinished(() => part.close())
    const env = {
      ...own,
      ...soonReleased,
      REDIS_URL: redis.url,
      SMTP_URL: mail.smtpUrl,
      PAYMENTS_URL: payments.url,
      REDIS_TIMEOUT_MS: '2000',
    }
    const played = await playPrevious(folder, {
      start: (args) => start(args, { env }),
      mailUrl: mail.webUrl,
      tellProvider: (url) => payments.sendWebhooks({ url: `${url}/v1/webhooks/payments` }),
    })
    expect(played).toMatchObject({ ready: 200, code: 0, failures: [] })
    expect(played.said).toMatch(/had it paid out[\s\S]*both can be read[\s\S]*All steps passed\.$/)
  },
  180_000,
)
