// Which jobs, applications and people there are, decided once and kept in arrays of numbers: a million jobs take 70 MB.
import { randomOf } from '../random.ts'

const day = 86_400_000
/** How far back it goes, and for how long a job is open at most: less than JOB_OPEN_DAYS, so that no worker has anything to close. */
const [history, openFor] = [730 * day, 50 * day]

const open = 1
export const [draft, closed] = [0, 2]

export type Market = ReturnType<typeof createMarket>

/** `until` is the moment at which it stands, in ms. A few clients post much, a few jobs get many applications, trade grows. */
export function createMarket(jobs: number, until: number) {
  const people = Math.max(50, Math.round(jobs / 5))
  const clients = Math.floor((people - 3) / 5)
  const workers = Math.floor((people - 3) / 5) * 4
  const random = randomOf(20_240_101)
  const client = new Int32Array(jobs)
  const published = new Float64Array(jobs)
  const status = new Uint8Array(jobs)
  /** When it was closed, by its client or by a contract; 0 for one that is not. */
  const closedAt = new Float64Array(jobs)
  const deletedAt = new Float64Array(jobs)
  const budget = new Int32Array(jobs)
  /** Where the applications of a job begin; those of the last one end at the last member. */
  const first = new Int32Array(jobs + 1)
  /** Which of a job's applications got the contract; -1 for none. */
  const accepted = new Int32Array(jobs).fill(-1)

  for (let job = 0; job < jobs; job++) {
    client[job] = Math.floor(clients * random() ** 2.5)
    published[job] = Math.round(until - day / 24 - history * (1 - job / jobs) ** 1.5)
    budget[job] = 100 * Math.round(50 + 20_000 * random() ** 3)
    const age = until - Number(published[job])
    status[job] = random() < 0.03 ? draft : age < openFor && random() < 0.75 ? open : closed
    if (status[job] === closed) closedAt[job] = Number(published[job]) + Math.round(random() * Math.min(age, openFor))
    first[job + 1] = status[job] === draft ? 0 : applicationsOf(random(), random(), workers)
  }
  spread(first, 3 * jobs, Math.floor(workers / 2), (job) => status[job] !== draft)
  const applicant = new Int32Array(first[jobs] as number)
  for (let job = 0; job < jobs; job++) {
    const [from, to] = [first[job] as number, first[job + 1] as number]
    const seen = new Set<number>()
    for (let at = from; at < to; at++) {
      let worker = Math.floor(workers * random() ** 2)
      while (seen.has(worker)) worker = (worker + 1) % workers
      seen.add(worker)
      applicant[at] = worker
    }
    if (status[job] === closed && to > from && random() < 0.35) accepted[job] = Math.floor(random() * (to - from))
    else if (random() < 0.01)
      deletedAt[job] = until - Math.round(random() * Math.min(20 * day, until - Number(published[job])))
  }
  return {
    until,
    jobs,
    people,
    clients,
    workers,
    client,
    published,
    status,
    closedAt,
    deletedAt,
    budget,
    first,
    applicant,
    accepted,
  }
}

/** Most jobs get one to five, one of three hundred gets a crowd. */
const applicationsOf = (crowd: number, share: number, workers: number) =>
  Math.min(
    Math.floor(workers / 2),
    crowd < 0.003 ? 50 + Math.floor(share * 150) : Math.floor(-2.9 * Math.log(1 - share)),
  )

/** Turns counts (each behind its job) into sums, after a little more or less for each makes them `total`. */
function spread(counts: Int32Array, total: number, most: number, takes: (job: number) => boolean): void {
  let missing = total - counts.reduce((sum, count) => sum + count, 0)
  for (let pass = 0; missing !== 0 && pass < 1000; pass++)
    for (let job = 0; job < counts.length - 1 && missing !== 0; job++) {
      const [step, count] = [Math.sign(missing), counts[job + 1] as number]
      if (!takes(job) || (step < 0 ? count === 0 : count >= most)) continue
      counts[job + 1] = count + step
      missing -= step
    }
  for (let job = 1; job < counts.length; job++) counts[job] = Number(counts[job]) + Number(counts[job - 1])
}

/** When an application was sent: one after the other, as long as its job was open. */
export function sentAt({ first, published, closedAt, until }: Market, job: number, application: number): number {
  const [from, count] = [Number(first[job]), Number(first[job + 1]) - Number(first[job])]
  const begun = Number(published[job])
  return Math.floor(begun + (((closedAt[job] || until) - begun) * (application - from + 1)) / (count + 1))
}
