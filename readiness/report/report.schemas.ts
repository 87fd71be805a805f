// report.json: everything that a run found out. The page, the badge and the rest are made of this file alone.
import { type Static, type TSchema, Type } from 'typebox'

const Strict = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false })
const Words = <T extends string[]>(words: readonly [...T]) => Type.Enum(words, { type: 'string' })
const Text = Type.String({ maxLength: 10_000 })
const Instant = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d[.]\\d{3}Z$' })
const Day = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\d$' })
const Seconds = Type.Number({ minimum: 0 })
const Id = Type.String({ pattern: '^[A-Z]{3}-[0-9]{2}$' })
const Severity = Words(['low', 'medium', 'high', 'critical'])

export const verdicts = ['proven', 'survived', 'wrong-reason', 'not-applied', 'undo-failed', 'none'] as const
export type SabotageVerdict = (typeof verdicts)[number]
export const statuses = ['verified', 'claimed', 'failing', 'waived', 'not-verified', 'missing'] as const
export type Status = (typeof statuses)[number]

export const Waiver = Strict({
  control: Id,
  /** `local`, the host of a target, or `any`. */
  environment: Type.String({ pattern: '^[a-z0-9.:-]{1,100}$' }),
  reason: Type.String({ minLength: 10, maxLength: 1000 }),
  compensatingControl: Type.String({ minLength: 10, maxLength: 1000 }),
  owner: Type.String({ minLength: 2, maxLength: 100 }),
  approver: Type.String({ minLength: 2, maxLength: 100 }),
  created: Day,
  expires: Day,
})
export type Waiver = Static<typeof Waiver>

export const Risk = Strict({
  id: Type.String({ pattern: '^RISK-[0-9]{2}$' }),
  title: Type.String({ minLength: 5, maxLength: 300 }),
  severity: Severity,
  owner: Type.String({ minLength: 2, maxLength: 100 }),
  mitigation: Type.String({ minLength: 10, maxLength: 1000 }),
  review: Day,
})
export type Risk = Static<typeof Risk>

/** `none` with a reason: the sabotage was not run. */
export const SabotageResult = Strict({
  name: Text,
  kind: Words(['source', 'config', 'state']),
  /** The reason for which the probe must turn red. */
  expected: Text,
  verdict: Words(verdicts),
  /** Why the probe turned red, or why there is no verdict. */
  reason: Text,
  seconds: Seconds,
})
export type SabotageResult = Static<typeof SabotageResult>

export const ControlResult = Strict({
  id: Id,
  level: Words(['must', 'should']),
  area: Type.String({ pattern: '^[a-z]+$' }),
  holds: Text,
  because: Text,
  code: Type.Array(Text),
  runbook: Text,
  plane: Words(['live', 'file']),
  tier: Words(['fast', 'slow', 'docker']),
  status: Words(statuses),
  /** Why it has this status: the reason code of a red probe, what this machine lacks, or what was not run. */
  reason: Text,
  /** What the list asks for and no code does yet. */
  lacks: Text,
  evidence: Type.Record(Type.String(), Type.Unknown()),
  probe: Strict({
    verdict: Words(['green', 'red', 'not-run']),
    seconds: Seconds,
    at: Type.Union([Instant, Type.Null()]),
  }),
  sabotages: Type.Array(SabotageResult),
  /** Days until its waiver ends, for a control that has one. */
  waiverDaysLeft: Type.Union([Type.Integer(), Type.Null()]),
  /** What an earlier commit's run said of a control that this run did not look at. It counts for nothing. */
  stale: Type.Union([Strict({ commit: Text, status: Words(statuses), at: Instant }), Type.Null()]),
})
export type ControlResult = Static<typeof ControlResult>

export const Report = Strict({
  schema: Type.Literal(1),
  run: Strict({
    commit: Text,
    /** Whether the tree differed from the commit. Such a result is not merged, and can't be signed. */
    dirty: Type.Boolean(),
    versions: Type.Record(Type.String(), Text),
    start: Instant,
    end: Instant,
    seconds: Seconds,
    /** `local`, or the address that was looked at. */
    target: Text,
    machine: Strict({ platform: Text, cores: Type.Integer(), memoryGiB: Type.Integer(), lacks: Type.Array(Text) }),
    /** What was asked for, as the command line says it. */
    arguments: Type.Array(Text),
  }),
  /** `musts`: every must of the list holds, or is waived. `all`: every should as well. */
  reached: Words(['none', 'musts', 'all']),
  controls: Type.Array(ControlResult),
  waivers: Type.Array(Waiver),
  risks: Type.Array(Risk),
  /** What changed since the report that this one replaced. */
  difference: Type.Union([
    Strict({
      commit: Text,
      end: Instant,
      changed: Type.Array(Strict({ id: Id, from: Words(statuses), to: Words(statuses) })),
    }),
    Type.Null(),
  ]),
})
export type Report = Static<typeof Report>

export const roles = ['security', 'infrastructure', 'engineering', 'qa', 'product', 'management'] as const
export const SignOff = Strict({
  name: Type.String({ minLength: 2, maxLength: 100 }),
  role: Words(roles),
  date: Instant,
  commit: Type.String({ pattern: '^[0-9a-f]{40}$' }),
  /** SHA-256 of the report.json that was signed, in hex. */
  digest: Type.String({ pattern: '^[0-9a-f]{64}$' }),
})
export type SignOff = Static<typeof SignOff>
/** A sign-off held against a report: it counts when it is of this commit and of this very report. */
export type CheckedSignOff = SignOff & { valid: boolean; why: string }
