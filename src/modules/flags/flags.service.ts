import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { OpenFeature } from '@openfeature/server-sdk'
import type { Database } from '../../db/client.ts'
import type { Actor, Role } from '../../lib/actor.ts'
import type { Metrics } from '../../lib/metrics.ts'
import { repeat } from '../../lib/repeat.ts'
import type { Audit } from '../audit/audit.service.ts'
import { declared, type FlagName, names, type Toggle, type Variant, variantsOf } from './declared.ts'
import { flagNotFound, flagPersonNotFound, splitIncomplete, variantUnknown } from './flags.errors.ts'
import { type FlagRow, findRole, holdFlag, listFlags, putFlag } from './flags.repository.ts'
import type { Assignment, Assignments, ChangeFlag, Flag, Flags } from './flags.schemas.ts'
import { createProvider, type Setting } from './provider.ts'

export type FlagsService = ReturnType<typeof createFlagsService>
/** Whom it is asked for. `tenant` is the client whose it is, where it is somebody's else than their own. */
type Whom = { id: string; role: Role; tenant?: string }

/** Each process has its own copy of the flags, a second old at most, which is read without asking anyone. */
export function createFlagsService({ db, audit, metrics }: { db: Database; audit: Audit; metrics: Metrics }) {
  let known = new Map<string, FlagRow>()
  let changes = 0
  const asked = metrics.counter({
    name: 'seaworthy_flag_evaluations_total',
    help: 'How often each variant of a flag was given to somebody',
    labelNames: ['flag', 'variant'],
  })
  // OpenFeature keeps providers by domain for the whole process: one for each service that is created.
  const domain = `seaworthy-${randomUUID()}`
  OpenFeature.setProvider(domain, createProvider(settingOf))
  const client = OpenFeature.getClient(domain)
  client.addHooks({
    after: (_context, { flagKey, variant }) => asked.inc({ flag: flagKey, variant: variant ?? 'none' }),
  })

  return { isOn, variantOf, list, change, assignments, assignmentsOf, refresh, keepFresh }

  /** Whether somebody has what is behind a flag. */
  function isOn(name: Toggle, whom: Whom): Promise<boolean> {
    return client.getBooleanValue(name, false, contextOf(whom))
  }

  /** Which variant of an experiment somebody has: the same one as long as nobody changes the percentages. */
  async function variantOf<N extends FlagName>(name: N, whom: Whom): Promise<Variant<N>> {
    return (await client.getStringValue(name, declared[name].otherwise, contextOf(whom))) as Variant<N>
  }

  async function list(): Promise<Flags> {
    const rows = new Map((await listFlags(db)).map((row) => [row.name, row]))
    return { data: names.map((name) => flagOf(name, rows.get(name))) }
  }

  /** Changing nothing changes nothing. */
  async function change(actor: Actor, name: string, wanted: ChangeFlag): Promise<Flag> {
    if (!isKnown(name)) throw flagNotFound(name)
    const setting = { ...wanted, split: splitOf(name, wanted.split) }
    for (const { variant } of wanted.rules)
      if (!variantsOf(name).includes(variant)) throw variantUnknown(variant, variantsOf(name))
    const row = await db.transaction(async (tx) => {
      const held = await holdFlag(tx, name)
      const before = partsOf(flagOf(name, held))
      if (isDeepStrictEqual(before, setting)) return held
      const put = await putFlag(tx, name, actor.id, setting)
      await audit(tx, actor, 'flag.changed', put.id, { before, after: { flag: name, ...partsOf(put) } })
      return put
    })
    changes++
    if (row) known = new Map(known).set(name, row)
    return flagOf(name, row)
  }

  /** What somebody has of each flag, for their app. */
  async function assignments(whom: Whom): Promise<Assignments> {
    return { data: await Promise.all(names.map((name) => assign(name, whom))) }
  }

  /** The same of somebody else, for operators. */
  async function assignmentsOf(userId: string): Promise<Assignments> {
    const role = await findRole(db, userId)
    if (!role) throw flagPersonNotFound()
    return assignments({ id: userId, role })
  }

  async function assign(name: FlagName, whom: Whom): Promise<Assignment> {
    const details = await client.getStringDetails(name, declared[name].otherwise, contextOf(whom))
    return { name, variant: details.value, reason: details.reason as Assignment['reason'] }
  }

  /** Rejects when the flags can't be read: they are then as they were last seen. */
  async function refresh(): Promise<void> {
    const before = changes
    const rows = await listFlags(db)
    // What was read before someone changed a flag here is already old.
    if (changes === before) known = new Map(rows.map((row) => [row.name, row]))
  }

  /** Refreshes once a second until it is closed; resolves after the first time. */
  function keepFresh() {
    return repeat(refresh, { every: 1000 })
  }

  function settingOf(name: string): Setting | undefined {
    return isKnown(name) ? flagOf(name, known.get(name)) : undefined
  }
}

const isKnown = (name: string): name is FlagName => Object.hasOwn(declared, name)
const contextOf = ({ id, role, tenant = id }: Whom) => ({ targetingKey: id, role, tenant })
const partsOf = ({ isOn, split, rules }: ChangeFlag): ChangeFlag => ({ isOn, split, rules })

/** As it stands in the table, or in the code. A variant that the code has lost is nobody's any more. */
function flagOf(name: FlagName, row?: FlagRow): Flag {
  const { description, otherwise, split } = declared[name]
  const shares = Object.entries(split).map(([variant, percent]) => ({ variant, percent }))
  const { isOn = true, rules = [], changedBy = null, changedAt = null } = row ?? {}
  return { name, description, otherwise, isOn, split: row?.split ?? shares, rules, changedBy, changedAt }
}

/** In the order of the code, so that a share that grows keeps whom it had. */
function splitOf(name: FlagName, split: ChangeFlag['split']): ChangeFlag['split'] {
  const variants = variantsOf(name)
  const unknown = split.find(({ variant }) => !variants.includes(variant))
  if (unknown) throw variantUnknown(unknown.variant, variants)
  const all = variants.flatMap((variant) => split.filter((share) => share.variant === variant))
  const sum = all.reduce((total, { percent }) => total + percent, 0)
  if (all.length !== variants.length || sum !== 100) throw splitIncomplete(variants)
  return all
}
