// What the sandbox shows to people: plain HTML, no script, nothing from elsewhere.
import { balanceOf } from './objects.ts'
import type { State, StripeObject } from './state.ts'
import type { SandboxCall } from './wire.ts'

export const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
/** Rows of each table. */
const most = 50
const safe = (text: unknown) => String(text ?? '').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
const time = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
const paymentOf = ({ metadata }: StripeObject) => metadata.paymentId

export function renderPage(state: State, calls: readonly SandboxCall[], triesOf: (id: string) => number[]): string {
  const of = (object: string) => [...state.objects.values()].filter((one) => one.object === object).reverse()
  const money = (one: StripeObject) => [time(one.created), one.id, `${one.amount} ${one.currency}`]
  const balance = [...balanceOf(state)].map(([currency, amount]) => `${amount} ${currency}`).join(', ') || 'nothing'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Payment sandbox</title>
<style>
  :root { color-scheme: light dark; --line: light-dark(#d5dde5, #34414d); --dim: light-dark(#556472, #9fb0bf) }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1.5rem }
  .wide { overflow-x: auto }
  table { border-collapse: collapse; width: 100%; font-size: .875rem }
  th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap }
  .none { color: var(--dim) }
</style>
</head>
<body>
<h1>Payment sandbox</h1>
<p>Speaks the part of Stripe’s wire that the service uses. No money moves. It holds ${safe(balance)}, in minor units. Times are UTC.
<a href="/">Reload</a></p>
${table('Charges', ['Time', 'Id', 'Amount', 'Status', 'Refunded', 'Card', 'Payment'], of('charge'), (one) => [
  ...money(one),
  one.failure_code ? `${one.status}: ${one.failure_code}` : one.status,
  one.amount_refunded,
  one.payment_method,
  paymentOf(one),
])}
${table('Refunds', ['Time', 'Id', 'Amount', 'Status', 'Payment'], of('refund'), (one) => [...money(one), one.status, paymentOf(one)])}
${table('Transfers', ['Time', 'Id', 'Amount', 'To', 'Payment'], of('transfer'), (one) => [...money(one), one.destination, paymentOf(one)])}
${table('Events', ['Time', 'Id', 'Type', 'Answers to the webhook'], [...state.events.values()].reverse(), (event) => [
  time(event.created),
  event.id,
  event.type,
  triesOf(event.id)
    .map((status) => status || 'none')
    .join(', '),
])}
${table('Calls', ['Time', 'Call', 'Status', 'Idempotency-Key'], [...calls].reverse(), (call) => [
  call.at.slice(0, 19).replace('T', ' '),
  `${call.method} ${call.path}`,
  `${call.status || 'none'}${call.replayed ? ', repeated' : ''}${call.fault ? `, ${call.fault}` : ''}`,
  call.key,
])}
</body>
</html>
`
}

function table<T>(title: string, heads: string[], rows: T[], cells: (row: T) => unknown[]): string {
  const head = heads.map((name) => `<th scope="col">${name}</th>`).join('')
  const line = (row: T) =>
    `<tr>${cells(row)
      .map((cell) => `<td>${safe(cell)}</td>`)
      .join('')}</tr>`
  const body = rows.slice(0, most).map(line).join('\n')
  const more = rows.length > most ? `, the last ${most} of ${rows.length}` : ''
  return rows.length === 0
    ? `<h2>${title}</h2>\n<p class="none">None yet.</p>`
    : `<h2>${title}${more}</h2>\n<div class="wide" tabindex="0" role="region" aria-label="${title}"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`
}
