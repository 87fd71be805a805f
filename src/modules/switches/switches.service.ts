import type { Database } from '../../db/client.ts'
import type { Actor } from '../../lib/actor.ts'
import { repeat } from '../../lib/repeat.ts'
import type { Audit } from '../audit/audit.service.ts'
import { switchNotFound } from './switches.errors.ts'
import { holdSwitch, listSwitches, type SwitchRow, turnSwitch } from './switches.repository.ts'
import type { Switch, Switches, TurnOn } from './switches.schemas.ts'

type SwitchName = Switch['name']
const names: readonly SwitchName[] = ['read-only', 'cache-off']

export type SwitchesService = ReturnType<typeof createSwitchesService>

/** Each process has its own snapshot of the switches, a second old at most, which is read without asking anyone. */
export function createSwitchesService({ db, audit }: { db: Database; audit: Audit }) {
  let snapshot: ReadonlySet<string> = new Set()
  let turns = 0

  return { names, isOn: (name: string) => snapshot.has(name), list, turnOn, turnOff, refresh, keepFresh }

  async function list(): Promise<Switches> {
    return { data: (await listSwitches(db)).map(toSwitch) }
  }

  /** Turning on what is on with the same reason changes nothing. */
  function turnOn(actor: Actor, name: string, { reason }: TurnOn): Promise<Switch> {
    return turn(actor, name, 'switch.turned-on', reason)
  }

  function turnOff(actor: Actor, name: string): Promise<Switch> {
    return turn(actor, name, 'switch.turned-off', null)
  }

  async function turn(actor: Actor, name: string, action: `switch.${string}`, reason: string | null): Promise<Switch> {
    const turned = await db.transaction(async (tx) => {
      const row = await holdSwitch(tx, name)
      if (!row) throw switchNotFound(name)
      if (row.reason === reason) return row
      const turned = await turnSwitch(tx, row.name, actor.id, reason)
      await audit(tx, actor, action, row.id, { before: partsOf(row), after: { switch: name, ...partsOf(turned) } })
      return turned
    })
    turns++
    snapshot = new Set([...snapshot].filter((on) => on !== name).concat(turned.isOn ? name : []))
    return toSwitch(turned)
  }

  /** Rejects when the switches can't be read: they are then as they were last seen. */
  async function refresh(): Promise<void> {
    const before = turns
    const rows = await listSwitches(db)
    // What was read before someone turned a switch here is already old.
    if (turns === before) snapshot = new Set(rows.filter(({ isOn }) => isOn).map(({ name }) => name))
  }

  /** Refreshes once a second until it is closed; resolves after the first time. */
  function keepFresh() {
    return repeat(refresh, { every: 1000 })
  }
}

const partsOf = ({ isOn, reason }: SwitchRow) => ({ isOn, reason })

const toSwitch = ({ id: _, ...row }: SwitchRow): Switch => row
