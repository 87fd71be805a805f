// What is scanned: the service on this machine over real parts, or one that already runs here; the edge in front of it; two people.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { migrate } from '../../src/db/migrations.ts'
import { createCaller, join as joinAs } from '../journey.ts'
import { type Nginx, openNginx } from '../nginx.ts'
import { openScratchServer } from '../scratch-databases.ts'
import { openStack, usualSettings } from '../stack.ts'
import type { Ground, Site } from './scanner.ts'

type Options = {
  quick: boolean
  target: string | undefined
  say: (line: string) => void
  /** The project, or a copy of it, whose files are looked at. */
  root?: string
}

const home = resolve(import.meta.dirname, '../..')

/** The document promises answers within these limits, and people on a busy machine wait longer. */
const settings = {
  DRAIN_MS: '0',
  EVENT_LOOP_DELAY_MS: '10000',
  REDIS_TIMEOUT_MS: '2000',
}

export async function openGround({
  quick,
  target,
  say,
  root = home,
}: Options): Promise<Ground & { close(): Promise<void> }> {
  const parts = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-scan-'))
  parts.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  let opened: Promise<Site> | undefined
  let edge: Promise<Nginx> | undefined

  return { root, folder, quick, say, site, edge: openEdge, close }

  /** What is being started can be ended only when it is there. */
  async function close(): Promise<void> {
    await Promise.allSettled([opened, edge])
    await parts.disposeAsync()
  }

  function site(): Promise<Site> {
    opened ??= (async () => peopleOf(target ?? (await startService())))()
    return opened
  }

  function openEdge(): Promise<Nginx> {
    edge ??= (async () => {
      const { host } = new URL((await site()).url)
      return parts.adopt(await openNginx({ upstreams: [host], tree: root }), (nginx) => nginx.close())
    })()
    return edge
  }

  async function startService(): Promise<string> {
    say('the service starts')
    const server = await openScratchServer({ dataDir: join(home, '.local/scan/postgres'), prefix: 'scan' })
    parts.defer(() => server.close())
    const { appUrl, ownerUrl } = await server.create()
    await migrate({ url: ownerUrl, direction: 'up' })
    const stack = parts.adopt(await openStack({ appUrl, env: { ...usualSettings(), ...settings } }), (it) => it.close())
    return stack.url
  }
}

/** Two who are signed in, and an open job that a word finds: where nothing is found, an injection changes nothing. */
async function peopleOf(url: string): Promise<Site> {
  const call = createCaller(url, 10_000)
  const [client, worker] = await Promise.all([joinAs(call, 'client'), joinAs(call, 'worker')])
  const word = 'lighthouse'
  const budget = { amount: 10_000, currency: 'EUR' }
  const body = { title: `Paint the ${word}`, description: 'White and red.', category: 'other', budget }
  const job = await call('POST', '/v1/jobs', { as: client, body })
  await call('POST', `/v1/jobs/${job.id}/publication`, { as: client })
  return { url, clientToken: client.token, workerToken: worker.token, word }
}
