// `npm run demo [-- URL [MAIL_URL]]`: plays the whole journey against a running service, a line for each step, and waits for what
// has to arrive: notifications, the mail (by the API of Mailpit, or of the catcher of npm start), the release of the money where that is
// soon. Non-zero when a step fails.
import process from 'node:process'
import { agree, type Caller, createCaller, join } from './journey.ts'
import { payOut, released, review, until, work } from './journey-money.ts'

const [url = 'http://127.0.0.1:8080', mailUrl = 'http://127.0.0.1:8025'] = process.argv.slice(2)

const say = (line: string) => console.log(`  ok  ${line}`)

async function findNotification(call: Caller, as: Awaited<ReturnType<typeof join>>, wanted = 'application.accepted') {
  const { data } = await call('GET', '/v1/me/notifications', { as })
  return (data as { kind: string; text: string }[]).find(({ kind }) => kind === wanted)
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
  const contract = await agree(call, client, worker, say)
  for (const [who, person] of [
    ['worker', worker],
    ['client', client],
  ] as const) {
    const { text } = await until(`The ${who}’s notification`, () => findNotification(call, person))
    say(`the ${who} was told: ${text}`)
  }
  const { Subject } = await until('The mail', () => findMail(worker.email))
  say(`the worker has mail: ${Subject}`)
  const approved = await work(call, contract, { client, worker }, say)
  const over = await released(call, approved, worker)
  if (over) {
    const { text } = await until('The notification of the release', () =>
      findNotification(call, worker, 'contract.released'),
    )
    say(`it is: ${text}`)
    await payOut(call, worker, say)
    await review(call, over, { client, worker }, say)
    console.log('All steps passed.')
  } else
    console.log('All steps passed. Here the release waits longer than this journey, and payout and reviews with it.')
} catch (error) {
  const { message, cause } = error as Error
  console.error(`FAIL  ${message}${cause ? ` (${(cause as Error).message})` : ''}`)
  process.exitCode = 1
}
