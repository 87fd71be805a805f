// `npm run demo [-- URL [MAIL_URL]]`: plays the whole journey against a running service, a line for each step, and waits for what
// has to arrive: the notification and the mail (by the API of Mailpit, or of the catcher of npm start). Non-zero when a step fails.
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { agree, type Caller, createCaller, join } from './journey.ts'

const [url = 'http://127.0.0.1:8080', mailUrl = 'http://127.0.0.1:8025'] = process.argv.slice(2)
const patience = 60_000

const say = (line: string) => console.log(`  ok  ${line}`)

/** Asks again until there is an answer, or the time is over. */
async function waitFor<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + patience
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new Error(`${what} did not arrive within ${patience / 1000} s`)
    await delay(200)
  }
}

async function findNotification(call: Caller, as: Awaited<ReturnType<typeof join>>) {
  const { data } = await call('GET', '/v1/me/notifications', { as })
  return (data as { kind: string; text: string }[]).find(({ kind }) => kind === 'application.accepted')
}

async function findMail(to: string) {
  const answer = await fetch(`${mailUrl}/api/v1/messages`, { signal: AbortSignal.timeout(5000) })
  const { messages } = (await answer.json()) as { messages: { To: { Address: string }[]; Subject: string }[] }
  // Joining brings one too.
  const isOfJob = ({ Subject }: { Subject: string }) => Subject !== 'Confirm your address'
  return messages.find((mail) => isOfJob(mail) && mail.To.some(({ Address }) => Address === to))
}

try {
  console.log(`The journey at ${url}`)
  const call = createCaller(url.replace(/\/$/, ''), 10_000, (seconds) =>
    console.log(`  ..  a limit is reached: going on in ${seconds} s`),
  )
  const client = await join(call, 'client')
  say('a client joined')
  const worker = await join(call, 'worker')
  say('a worker joined')
  await agree(call, client, worker, say)
  for (const [who, person] of [
    ['worker', worker],
    ['client', client],
  ] as const) {
    const { text } = await waitFor(`The ${who}’s notification`, () => findNotification(call, person))
    say(`the ${who} was told: ${text}`)
  }
  const { Subject } = await waitFor('The mail', () => findMail(worker.email))
  say(`the worker has mail: ${Subject}`)
  console.log('All steps passed.')
} catch (error) {
  const { message, cause } = error as Error
  console.error(`FAIL  ${message}${cause ? ` (${(cause as Error).message})` : ''}`)
  process.exitCode = 1
}
