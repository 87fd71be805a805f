// The rows of people, jobs and applications.
import type { Rows } from './copy.ts'
import { currencyOf } from './deals.ts'
import { closed, draft, type Market, sentAt } from './market.ts'
import { clientNumber, idOf, jobIdOf, personOf, workerNumber } from './names.ts'
import { categoryOf, descriptionOf, letterOf, shareOf, skillsOf, slugOf, titleOf } from './words.ts'

const day = 86_400_000
const statuses = ['draft', 'open', 'closed']

export function peopleRows({ people, until }: Market, passwordHash: string): Rows {
  return {
    table: 'users',
    columns: 'id, email, name, role, password_hash, email_verified_at, created_at, updated_at',
    rows: rows(),
  }

  function* rows() {
    for (let number = 0; number < people; number++) {
      const { id, email, name, role } = personOf(number)
      const joined = new Date(until - 731 * day)
      yield [id, email, name, role, passwordHash, joined, joined, joined]
    }
  }
}

/** Every third person was here in the last days. */
export function sessionRows({ people, until }: Market): Rows {
  return { table: 'sessions', columns: 'id, user_id, user_agent, address_hash, created_at, last_used_at', rows: rows() }

  function* rows() {
    for (let number = 0; number < people; number += 3) {
      const used = new Date(until - Math.floor(10 * day * shareOf(number, 50)))
      yield [idOf('session', number), idOf('person', number), 'A browser', 'seeded', used, used]
    }
  }
}

export function jobRows(market: Market): Rows {
  const columns =
    'id, client_id, slug, title, description, category, skills, budget_amount, budget_currency, status, created_at, updated_at, published_at, closed_at, deleted_at'
  return { table: 'jobs', columns, rows: rows() }

  function* rows() {
    for (let job = 0; job < market.jobs; job++) {
      const status = Number(market.status[job])
      const client = clientNumber(Number(market.client[job]))
      const published = new Date(Number(market.published[job]))
      const closedAt = status === closed ? new Date(Number(market.closedAt[job])) : null
      const deletedAt = market.deletedAt[job] ? new Date(Number(market.deletedAt[job])) : null
      yield [
        ...[
          jobIdOf(job),
          idOf('person', client),
          slugOf(job),
          titleOf(job),
          descriptionOf(job),
          categoryOf(job),
          skillsOf(job),
        ],
        ...[
          Number(market.budget[job]),
          currencyOf(client),
          statuses[status],
          published,
          deletedAt ?? closedAt ?? published,
        ],
        ...[status === draft ? null : published, closedAt, deletedAt],
      ]
    }
  }
}

export function applicationRows(market: Market): Rows {
  const columns = 'id, job_id, worker_id, cover_letter, status, created_at, updated_at'
  return { table: 'applications', columns, rows: rows() }

  function* rows() {
    for (let job = 0; job < market.jobs; job++) {
      const [from, to, chosen] = [
        Number(market.first[job]),
        Number(market.first[job + 1]),
        Number(market.accepted[job]),
      ]
      for (let at = from; at < to; at++) {
        const sent = new Date(sentAt(market, job, at))
        const others = shareOf(at, 51) < 0.05 ? 'withdrawn' : chosen < 0 ? 'submitted' : 'rejected'
        const worker = idOf('person', workerNumber(Number(market.applicant[at])))
        yield [
          idOf('application', at),
          jobIdOf(job),
          worker,
          letterOf(at),
          at - from === chosen ? 'accepted' : others,
          sent,
          sent,
        ]
      }
    }
  }
}
