// OBS-18: each alert says how bad it is and whose it is, and reaches those people by the ways that this is worth.
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context/context.ts'
import { type Evidence, red } from '../control.ts'
import { type Alertmanager, openRoutes, startAlertmanager } from './alertmanager.ts'
import { readGroups } from './prometheus.ts'

type Labels = Record<string, string>
type Row = [labels: Labels, receivers: string[], reason: string]

/** Who hears of what, in the order in which they are told. */
const table: Row[] = [
  [{ severity: 'page', team: 'platform' }, ['page'], 'page-goes-elsewhere'],
  [{ severity: 'page', team: 'platform', slo: 'latency' }, ['page'], 'page-goes-elsewhere'],
  [{ severity: 'page', team: 'payments' }, ['payments', 'page'], 'page-of-a-team-goes-elsewhere'],
  [{ severity: 'page', team: 'security' }, ['security', 'page'], 'page-of-a-team-goes-elsewhere'],
  [{ severity: 'ticket', team: 'platform' }, ['ticket'], 'ticket-goes-elsewhere'],
  [{ severity: 'ticket', team: 'payments' }, ['payments', 'ticket'], 'ticket-goes-elsewhere'],
  [{ severity: 'ticket', team: 'security' }, ['security', 'ticket'], 'ticket-goes-elsewhere'],
  [{ severity: 'none', team: 'platform' }, ['watchdog'], 'watchdog-goes-elsewhere'],
  [{ alertname: 'Nameless' }, ['unrouted'], 'unknown-is-lost'],
]

export async function alertsReachPeople(context: Context): Promise<Evidence> {
  const rules = alertsAreComplete(context.tree)
  const routes = await openRoutes(context)
  await routes.check()
  for (const [labels, expected, reason] of table) {
    const receivers = await routes.receiversOf(labels)
    if (receivers.join() !== expected.join()) red(reason, `${JSON.stringify(labels)} goes to ${receivers}`)
  }
  const alertmanager = await startAlertmanager(context)
  try {
    return { alerts: rules, routes: table.length, ...(await areDelivered(context, alertmanager)) }
  } finally {
    alertmanager.close()
  }
}

/** The routes stand on these labels, and whoever is woken on the page. Answers how many alerts there are. */
function alertsAreComplete(tree: string): number {
  const files = globSync('monitoring/alerts/*.yml', { cwd: tree, exclude: ['**/*.test.yml'] })
  const rules = files.flatMap((file) => readGroups(join(tree, file)).flatMap((group) => group.rules))
  if (rules.length < 30) red('no-alerts', `${rules.length} in ${files.length} files`)
  for (const { alert = 'an alert without name', labels = {}, annotations = {} } of rules) {
    if (!['page', 'ticket', 'none'].includes(labels.severity ?? '')) red('alert-without-severity', alert)
    if (!['platform', 'payments', 'security'].includes(labels.team ?? '')) red('alert-without-team', alert)
    if (!annotations.summary) red('alert-without-summary', alert)
    const [, page] = /\/([\w-]+\.md)$/.exec(annotations.runbook_url ?? '') ?? []
    if (!page || !existsSync(join(tree, 'docs/runbooks/alerts', page))) red('alert-without-runbook', alert)
  }
  return rules.length
}

const page = { severity: 'page', team: 'platform' }
const ticket = { severity: 'ticket', team: 'platform' }

async function areDelivered(context: Context, { send, alerts, deliveries }: Alertmanager) {
  const { mail, until } = context
  const mails = (to: string, word: string) =>
    mail.messages().filter(({ To, Subject }) => To.some(({ Address }) => Address === to) && Subject.includes(word))
  const pool = { alertname: 'PoolExhausted', ...page, instance: 'api-1' }
  await send(pool)
  await send({ alertname: 'PaymentProviderFails', severity: 'page', team: 'payments' })
  await send({ alertname: 'RefreshTokenReused', severity: 'ticket', team: 'security' })
  await send({ alertname: 'Watchdog', severity: 'none', team: 'platform' })
  await until('no-pager', () => deliveries('/pager', 'PoolExhausted').length > 0)
  await until('no-chat', () => deliveries('/chat', 'PoolExhausted').length > 0)
  await until('no-mail', () => mails('on-call@example.com', 'PoolExhausted').length > 0)
  await until('no-runbook-for-the-pager', () => deliveries('/pager', 'PoolExhausted.md').length > 0, { within: 500 })
  await until('team-not-told', () => deliveries('/chat-of-payments', 'PaymentProviderFails').length > 0)
  await until('team-not-told', () => mails('security@example.com', 'RefreshTokenReused').length > 0)
  await until('no-watchdog', () =>
    deliveries('/watchdog').some(({ authorization }) => authorization?.startsWith('Bearer')),
  )

  // It is not over, whoever has acknowledged it.
  await until('not-said-again', () => deliveries('/pager', 'PoolExhausted').length > 1, { within: 6000 })
  await until('watchdog-said-once', () => deliveries('/watchdog').length > 2, { within: 6000 })
  await send(pool, new Date())
  await until('end-not-told', () =>
    deliveries('/pager', 'PoolExhausted').some(({ body }) => body.includes('"resolve"')),
  )
  await holdsBack()
  if (deliveries('/pager', 'RefreshTokenReused').length > 0) red('ticket-wakes-people')
  return { pages: deliveries('/pager').length, chats: deliveries('/chat').length, mails: mail.messages().length }

  /** What a process measured before it went leads nowhere; what another one measures does. */
  async function holdsBack(): Promise<void> {
    const gone = { job: 'api', instance: 'api-2' }
    await send({ alertname: 'ServiceDown', ...page, ...gone })
    await until('no-pager', () => deliveries('/pager', 'ServiceDown').length > 0)
    await send({ alertname: 'MemoryHigh', ...ticket, ...gone })
    await send({ alertname: 'MemoryHigh', ...ticket, job: 'api', instance: 'api-3' })
    await until('inhibits-too-much', () => deliveries('/chat', 'MemoryHigh').length > 0)
    const held = (await alerts()).find(({ labels }) => labels.alertname === 'MemoryHigh' && labels.instance === 'api-2')
    if (!held?.status.inhibitedBy.length) red('not-inhibited', JSON.stringify(held?.status))
  }
}
