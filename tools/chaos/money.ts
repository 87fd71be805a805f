// Money moves meanwhile, by the steps of `npm run chaos:money`.
import { setScene } from '../chaos-money/people.ts'
import { type Played, playSteps } from '../chaos-money/play.ts'
import { randomOf } from '../random.ts'
import type { World } from './world.ts'

/** Contracts, and steps that are laid out over them: more than a run makes. */
const [contracts, operations] = [60, 2000]
const lanes = 4

export async function startMoney({ world, seed }: { world: World; seed: number }) {
  const random = randomOf(seed)
  const price = () => 2 + Math.floor(random() * 50_000)
  const scene = await setScene({ url: world.stack.url, ownerUrl: world.ownerUrl, count: contracts, price })
  let stopped = false
  const playing = playSteps({
    ...{ url: world.stack.url, scene, operations, seed, lanes, say: () => {} },
    isOver: () => stopped,
  })

  return {
    /** Answers what was played. */
    stop(): Promise<Played> {
      stopped = true
      return playing
    },
  }
}
