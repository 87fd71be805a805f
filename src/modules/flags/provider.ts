// The provider of OpenFeature: who has which variant, by what is known of the flags in this process. Nobody is asked.
import { createHash } from 'node:crypto'
import {
  ErrorCode,
  type EvaluationContext,
  type JsonValue,
  type Provider,
  type ResolutionDetails,
  StandardResolutionReasons as reasons,
} from '@openfeature/server-sdk'
import type { ChangeFlag } from './flags.schemas.ts'

/** A flag as it stands; `otherwise` is what all have while it is off. */
export type Setting = ChangeFlag & { otherwise: string }
/** Of whoever it is asked for: `targetingKey` is the user's id, by which the choice is remembered; `tenant` the client whose it is. */
export type Person = { targetingKey?: string; role?: string; tenant?: string }
export type Choice = { variant: string; reason: 'DEFAULT' | 'DISABLED' | 'SPLIT' | 'TARGETING_MATCH' }

/** `settingOf` answers undefined for a flag that there is not. A flag that is on or off is asked for as a boolean. */
export function createProvider(settingOf: (name: string) => Setting | undefined): Provider {
  return {
    metadata: { name: 'seaworthy-postgres' },
    runsOn: 'server',
    resolveBooleanEvaluation: async (name, otherwise, context) => resolve(name, otherwise, context, (v) => v === 'on'),
    resolveStringEvaluation: async (name, otherwise, context) => resolve(name, otherwise, context, String),
    resolveNumberEvaluation: async (_name, otherwise) => mismatch(otherwise),
    resolveObjectEvaluation: async <T extends JsonValue>(_name: string, otherwise: T) => mismatch(otherwise),
  }

  function resolve<T>(name: string, otherwise: T, context: EvaluationContext, as: (variant: string) => T) {
    const setting = settingOf(name)
    if (!setting) return { value: otherwise, reason: reasons.ERROR, errorCode: ErrorCode.FLAG_NOT_FOUND }
    const { variant, reason } = choose(name, setting, context as Person)
    return { value: as(variant), variant, reason }
  }
}

const mismatch = <T>(value: T): ResolutionDetails<T> => ({
  value,
  reason: reasons.ERROR,
  errorCode: ErrorCode.TYPE_MISMATCH,
})

/** The kill switch, then the rules, then the share. */
export function choose(name: string, setting: Setting, person: Person): Choice {
  if (!setting.isOn) return { variant: setting.otherwise, reason: reasons.DISABLED }
  const rule = setting.rules.find(({ roles, tenants }) => fits(roles, person.role) && fits(tenants, person.tenant))
  if (rule) return { variant: rule.variant, reason: reasons.TARGETING_MATCH }
  if (!person.targetingKey) return { variant: setting.otherwise, reason: reasons.DEFAULT }
  const place = placeOf(name, person.targetingKey)
  let end = 0
  for (const { variant, percent } of setting.split) {
    end += percent
    if (place < end) return { variant, reason: reasons.SPLIT }
  }
  return { variant: setting.otherwise, reason: reasons.DEFAULT }
}

const fits = (wanted: readonly string[] | undefined, has: string | undefined) =>
  wanted === undefined || (has !== undefined && wanted.includes(has))

/** From 0 to below 100: the same for one person in every process, and another for each flag, or the same people would be first in all. */
function placeOf(name: string, key: string): number {
  const digest = createHash('sha256').update(`${name}\n${key}`).digest()
  return (digest.readUInt32BE(0) / 2 ** 32) * 100
}
