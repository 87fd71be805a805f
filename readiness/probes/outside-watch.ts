// OBS-19: the public URL as somebody outside sees it, who gets an answer, or one that is of no use, or none.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { openPublicUrl } from '../../tools/drill-alerts/outside.ts'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { startWatcher } from './outside-watcher.ts'

const [page, success] = ['/v1/jobs?limit=1', 'probe_success']
/** Milliseconds: longer than people wait, and shorter than Prometheus does. */
const late = 7000

export async function publicUrlIsWatched(context: Context): Promise<Evidence> {
  const { api, apiAt, link, server, until } = context
  // Nothing that it has read before is served again.
  const forgetful = await context.startApi({ CACHE: 'off' })
  const others = await openOthers()
  let behind = server.url
  const folder = context.folder()
  const edge = await openPublicUrl(folder, () => behind)
  try {
    const watcher = await startWatcher(context, { folder, url: edge.url, authorities: edge.authorities })
    const seen = (begun: number, name: string) =>
      until('not-watched', async () => {
        const value = await watcher.since(begun, name)
        return value !== undefined && { value }
      })
    const sees = async (expected: 0 | 1, reason: string) => {
      const begun = Date.now()
      const [{ value }, status] = [await seen(begun, success), await seen(begun, 'probe_http_status_code')]
      if (value !== expected) red(reason, `${success} is ${value}, and the status was ${status.value}`)
      return status.value
    }
    const quiet = (reason: string) =>
      until(reason, async () => !(await watcher.alert('PublicUrlUnreachable')), { within: 20_000 })

    const answered = [await sees(1, 'false-alarm')]
    await quiet('false-alarm')

    // People are served from the cache: that is no outage. Then nobody is.
    await link.cut()
    await until('does-not-degrade', async () => (await api.anonymous('GET', page)).field('degraded-mode'))
    answered.push(await sees(1, 'false-alarm'))
    behind = forgetful.url
    const ask = async (path: string) => (await apiAt(behind).anonymous('GET', path)).status
    const [ofPage, ofLive, ofReady] = [await ask(page), await ask('/health/live'), await ask('/health/ready')]
    if (ofPage !== 503 || ofLive !== 200) throw new Error(`This is no outage: ${ofPage} ${ofLive}`)
    answered.push(await sees(0, 'outage-not-seen'))
    const fired = await until(
      'no-alert',
      async () => {
        const alert = await watcher.alert('PublicUrlUnreachable')
        return alert?.state === 'firing' && alert
      },
      { within: 30_000 },
    )
    if (!fired.labels.instance?.startsWith(edge.url)) red('alert-names-another', JSON.stringify(fired.labels))
    await link.mend()
    behind = server.url
    await until('does-not-return', async () => !(await api.anonymous('GET', page)).field('degraded-mode'))
    answered.push(await sees(1, 'end-not-seen'))
    await quiet('end-not-seen')

    behind = others.url
    others.be('a page that says that we are back soon')
    answered.push(await sees(0, 'another-page-is-good'))
    others.be('late')
    if (!/^probe_success 0$/m.test(await watcher.askOnce())) red('slow-not-seen')

    behind = server.url
    const days = await certificateIsSeen()
    server.child.kill('SIGKILL')
    await server.ended
    answered.push(await sees(0, 'outage-not-seen'))
    edge.close()
    answered.push(await sees(0, 'outage-not-seen'))
    watcher.end()
    await until('silence-not-seen', () => watcher.alert('MetricsAbsent', { missing: 'the probe from outside' }))
    return {
      answered,
      alert: `PublicUrlUnreachable ${fired.state}, and over`,
      meanwhile: `live ${ofLive}, ready ${ofReady}`,
      certificateDays: days,
    }

    /** Its end is measured, and asked for. */
    async function certificateIsSeen(): Promise<number> {
      const day = 86_400_000
      const daysLeft = async () =>
        Math.round(((await seen(Date.now(), 'probe_ssl_earliest_cert_expiry')).value * 1000 - Date.now()) / day)
      edge.use('ending')
      await until('certificate-not-seen', async () => (await daysLeft()) === 5)
      await until('certificate-not-seen', () => watcher.alert('CertificateEnds'))
      edge.use('good')
      return daysLeft()
    }
  } finally {
    edge.close()
    others.close()
  }
}

/** Whoever else may answer at the public URL. */
async function openOthers() {
  let what: 'late' | (string & {}) = ''
  const server = createServer(async (_request, answer) => {
    if (what !== 'late') return void answer.end(what)
    await delay(late)
    answer.end('{"data":[],"page":{"next":null}}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    be: (next: typeof what) => {
      what = next
    },
    close: () => server.close().closeAllConnections(),
  }
}
