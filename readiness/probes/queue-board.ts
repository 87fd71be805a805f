// QUE-07: the queues in a browser.
import { Queue, Worker } from 'bullmq'
import type { Context } from '../context/context.ts'
import type { Person } from '../context/http.ts'
import { type Evidence, red } from '../control.ts'

const page = '/admin/queues'
const list = `${page}/api/queues`

/** There is no worker in this stack: what is put into a queue waits there. */
export async function queuesAreShown(context: Context): Promise<Evidence> {
  const { api, redis, until } = context
  const roles = ['support', 'admin', 'client', 'worker'] as const
  const [support, admin, ...others] = await Promise.all(roles.map((role) => api.as(role)))
  if (!support || !admin) throw new Error('Nobody may look')
  const script = await scriptOfThePage(context, admin)
  for (const path of [page, script, list]) {
    if ((await support.call('GET', path)).status !== 200) red('no-board', path)
    for (const [call, refusal] of [[api.anonymous, 401] as const, ...others.map((one) => [one.call, 403] as const)]) {
      const { status } = await call('GET', path)
      if (status !== refusal) red('anyone-may-look', `${path}: ${status}`)
    }
  }
  const connection = { url: redis.url }
  const queue = new Queue('mail', { prefix: 'seaworthy', connection })
  try {
    const failed = await queue.add('fails', {})
    const worker = new Worker('mail', () => Promise.reject(new Error('no such address')), {
      prefix: 'seaworthy',
      connection: { ...connection, maxRetriesPerRequest: null },
    })
    await until('did-not-fail', () => failed.isFailed())
    await worker.close()
    const { id } = await queue.add('waits', { shown: 'to operators' })
    const shows = async (status: string, words: string) => {
      const { text } = await admin.call('GET', `${list}?activeQueue=mail&status=${status}&page=1`)
      return text.includes(words)
    }
    await until('job-not-shown', () => shows('waiting', 'to operators'))
    await until('job-not-shown', () => shows('failed', 'no such address'))
    const changes = ['mail/pause', 'mail/empty', 'mail/obliterate', `mail/${id}/clean`, 'mail/retry/failed']
    for (const path of [...changes, `mail/${failed.id}/retry`]) {
      const { status } = await admin.call('PUT', `${list}/${path}`)
      if (status < 400) red('changes-a-queue', `${path}: ${status}`)
    }
    const counts = await queue.getJobCounts('waiting', 'failed')
    if ((await queue.isPaused()) || counts.waiting !== 1 || counts.failed !== 1)
      red('changes-a-queue', JSON.stringify(counts))
    return { script, shown: ['one that waits', 'one that failed, with its error'], buttons: 'none works', ...counts }
  } finally {
    await queue.close()
  }
}

/** Opens it as a browser does, signed in by cookie: the page, and the script that it is made of and its policy lets run. */
async function scriptOfThePage({ api }: Context, { email, password }: Person): Promise<string> {
  const signedIn = await api.anonymous('POST', '/v1/auth/login', { body: { email, password, mode: 'cookie' } })
  if (signedIn.status !== 200) red('cannot-sign-in', signedIn.text.slice(0, 200))
  const cookie = signedIn.fields('set-cookie').map((field) => field.split(';', 1)[0])
  const headers = { cookie: cookie.join('; ') }
  const { status, text, field } = await api.anonymous('GET', page, { headers })
  if (status !== 200 || !text.includes('Seaworthy queues')) red('no-board', `${status} ${text.slice(0, 200)}`)
  const policy = field('content-security-policy') ?? ''
  if (!/script-src[^;]* 'self'/.test(policy)) red('page-stays-blank', policy)
  const [, base = ''] = /<base href="([^"]+)"/.exec(text) ?? []
  const [, path = ''] = /<script[^>]* src="([^"]+)"/.exec(text) ?? []
  // A browser goes by the base only where the policy lets it.
  const script = new URL(path, new URL(/base-uri 'self'/.test(policy) ? base : page, 'http://board')).pathname
  const answer = await api.anonymous('GET', script, { headers })
  if (answer.status !== 200 || !answer.field('content-type')?.includes('javascript'))
    red('page-stays-blank', `${script}: ${answer.status}`)
  return script
}
