// How long a process takes until it is ready, and what it keeps in memory when nobody asks for anything.
import { setTimeout as delay } from 'node:timers/promises'
import type { Case, Found } from '../case.ts'
import { memoryOf } from '../cpu.ts'
import { medianOf } from '../rounds.ts'

/** Milliseconds after which a process that is ready has done what belongs to its start. */
const settling = 3000

export const start: Case = {
  name: 'start',
  wanted: [
    { name: 'start-to-ready', title: 'From start to ready', unit: 'ms', aim: { most: 2000 } },
    { name: 'memory-at-rest', title: 'Memory at rest (RSS)', unit: 'MB', aim: { most: 200 } },
  ],
  async run({ world, rounds }) {
    // As in the image of a deployment, what Node compiled is there: the first one leaves it.
    await (await world.openApi()).close()
    const times: number[] = []
    const sizes: number[] = []
    for (let round = 0; round < rounds; round++) {
      const api = await world.openApi()
      times.push(api.readyAfter)
      await delay(settling)
      sizes.push((memoryOf(api.pid) ?? Number.NaN) / 1_048_576)
      await api.close()
    }
    const memory = sizes.some(Number.isNaN) ? { why: 'only Linux tells it' } : foundOf(sizes)
    return { 'start-to-ready': foundOf(times), 'memory-at-rest': memory }
  },
}

const foundOf = (values: number[]): Found => ({
  value: medianOf(values),
  spread: [Math.min(...values), Math.max(...values)],
})
