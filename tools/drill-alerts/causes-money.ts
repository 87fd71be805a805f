// What goes wrong with the payment provider.
import type { Person } from '../journey.ts'
import { type Broken, type Cause, keepOn, post } from './cause.ts'

const pay = async ({ url, contract, client }: Broken) => {
  const as = (person: Person) => ({ authorization: `Bearer ${person.token}` })
  const body = { paymentMethod: 'pm_card_visa' }
  const answer = await post(`${url}/v1/contracts/${contract.id}/funding`, body, as(client))
  await answer.arrayBuffer()
}
const many = 100_000

export const causesOfMoney: Cause[] = [
  {
    by: 'the bank declines every card',
    wave: 1,
    alerts: ['PaymentsBurn1h', 'PaymentsBurn6h'],
    later: ['PaymentsBurn1d', 'PaymentsBurn3d'],
    async begin(broken) {
      broken.payments.fault({ do: 'decline', on: 'charge', times: many })
      const stop = keepOn(() => pay(broken), 500)
      return async () => {
        await stop()
        broken.payments.heal()
      }
    },
  },
  {
    by: 'a payment has had no end for two hours',
    wave: 1,
    alerts: ['ReconciliationDifference'],
    async begin({ sql, person }) {
      // Its next try is far away: nobody ends it meanwhile.
      await sql(
        `INSERT INTO payments (kind, user_id, amount, currency, method, created_at, next_try_at)
         VALUES ('payout', $1, 100, 'EUR', 'acct_drill', now() - interval '2 hours', now() + interval '1 day')`,
        [person.id],
      )
      return () => sql(`DELETE FROM payments WHERE method = 'acct_drill'`)
    },
  },
  {
    by: 'the payment provider answers 500',
    wave: 2,
    alerts: ['PaymentProviderFails'],
    async begin(broken) {
      broken.payments.fault({ do: 'fail', times: many })
      const stop = keepOn(() => pay(broken), 500)
      return async () => {
        await stop()
        broken.payments.heal()
      }
    },
  },
  {
    by: 'webhooks come that the provider did not sign',
    wave: 2,
    alerts: ['WebhookOdd'],
    begin: async ({ url }) =>
      keepOn(async () => {
        const headers = { 'stripe-signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}` }
        await (await post(`${url}/v1/webhooks/payments`, { id: 'evt_drill' }, headers)).arrayBuffer()
      }, 2000),
  },
]
